"""What a competitor analysis is written from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from llm.offline.reading import Answer, Passage, Slot
from llm.offline.view import DeskView

SAYS = re.compile(r"says \"[^\"\[\]\n]{3,180}\"")
CHOOSE = re.compile(r"^#+ .*\bchoose by\b.*\n+(?P<text>[^\n#][^#]*)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class View(DeskView):
    """The desk, read for a competitor analysis."""

    @cached_property
    def compared(self) -> Answer | None:
        """Prices seen beside ours."""
        return self.desk.good("compare_competitors")

    @cached_property
    def own(self) -> Answer | None:
        """Our price list."""
        return self.desk.good("list_prices")

    @cached_property
    def left(self) -> Answer | None:
        """Why subscriptions ended."""
        return self.desk.good("summarize_cancellations")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Competitors whose prices were seen, those that ask least first."""
        if self.compared is None:
            return ()
        found = [figure.of for figure in self.compared.figures if figure.metric == "last_seen" and figure.of]
        return tuple(sorted(found, key=lambda name: (self.amount(self.figure("price_index", name)) or 1e9, name)))

    def figure(self, metric: str, name: str) -> Slot | None:
        """A figure of one competitor."""
        return self.compared.one(metric, name) if self.compared else None

    def below(self, name: str) -> bool | None:
        """Whether a competitor's index is below our prices; None when nothing is compared."""
        index = self.amount(self.figure("price_index", name))
        return None if index is None else index < 100

    @cached_property
    def moves(self) -> tuple[tuple[Slot, Slot], ...]:
        """Single prices that moved: the change and the price, the largest first."""
        if self.compared is None:
            return ()
        pairs = []
        for change in self.compared.figures:
            if change.metric == "price_change" and change.of and ": " in change.of:
                price = self.compared.one("price", change.of)
                if price is not None:
                    pairs.append((change, price))
        return tuple(pairs)

    @staticmethod
    def parts(change: Slot) -> tuple[str, str]:
        """Competitor and product of a price that moved."""
        who, _, product = (change.of or "").partition(": ")
        return who, product.replace("_", " ")

    def about(self, name: str) -> tuple[str, Passage] | None:
        """The part of a passage that is about a competitor."""
        short = re.sub(r"\s*\(simulated\)", "", name)
        for passage in self.desk.passages:
            match = re.search(rf"^#+ {re.escape(short)}\b[^\n]*\n+(?P<text>[^#]+)", passage.text, re.MULTILINE)
            if match:
                return match["text"].strip(), passage
        return None

    def says(self, name: str) -> str | None:
        """What its page says of itself, quoted and cited."""
        found = self.about(name)
        match = SAYS.search(found[0]) if found else None
        return f"[[{found[1].id}: {match[0]}]]" if found and match else None

    @cached_property
    def chosen_by(self) -> str | None:
        """What the client's notes give as the ground of choice, quoted and cited."""
        for passage in self.desk.passages:
            if match := CHOOSE.search(passage.text):
                said = re.split(r"(?<=[.])\s", match["text"].strip())[0].strip()
                if len(said) < 220 and "[" not in said:
                    return f"[[{passage.id}: {said}]]"
        return None
