"""What an outreach sequence is written from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from llm.offline.reading import Answer, Slot
from llm.offline.recipes import QUIET
from llm.offline.view import DeskView


@dataclass(frozen=True)
class View(DeskView):
    """The desk, read for a sequence."""

    @cached_property
    def people(self) -> Answer | None:
        """Who may be written to."""
        return self.desk.good("select_recipients")

    @cached_property
    def prices(self) -> Answer | None:
        """The price list."""
        return self.desk.good("list_prices")

    @cached_property
    def design(self) -> Answer | None:
        """The test that was sized."""
        return self.desk.good("design_experiment")

    @cached_property
    def offers(self) -> tuple[tuple[str, Slot], ...]:
        """Products with their price, as the price list names them."""
        if self.prices is None:
            return ()
        return tuple((slot.of.replace("_", " "), slot) for slot in self.prices.figures if slot.metric == "price" and slot.of)

    @cached_property
    def quiet(self) -> bool:
        """Whether the brief is about people who stopped coming."""
        return QUIET.search(self.desk.brief) is not None

    def known(self, name: str) -> Slot | None:
        """The share of people whose field is on record; None when it was not counted."""
        return self.people.get(f"{name}.share") if self.people else None
