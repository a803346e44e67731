"""What a case study is written from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from llm.offline.reading import Answer, Slot
from llm.offline.sentences import listed
from llm.offline.view import DeskView

NAMING = re.compile(r"[^.\n#]*\b(?:permission|consent)\b[^.\n]*\.", re.IGNORECASE)


@dataclass(frozen=True)
class View(DeskView):
    """The desk, read for a case study."""

    @cached_property
    def found(self) -> Answer | None:
        """Candidates."""
        return self.desk.good("find_case_studies")

    @cached_property
    def compared(self) -> Answer | None:
        """The candidate against comparable customers."""
        return self.desk.good("compare_matched")

    @cached_property
    def case(self) -> Answer | None:
        """The comparison, when it can carry a case."""
        return self.compared if self.compared and self.compared.action == "tell" else None

    def figure(self, key: str) -> Slot | None:
        """A figure of the comparison."""
        return self.compared.get(key) if self.compared else None

    @cached_property
    def customer(self) -> str | None:
        """The customer, as its records name it."""
        before = self.figure("before")
        return before.of if before else None

    @cached_property
    def noun(self) -> str:
        """What was counted."""
        before = self.figure("before")
        return before.what.removesuffix(" before") if before else "results"

    @cached_property
    def parts(self) -> tuple[tuple[str, Slot], ...]:
        """Parts of the change, the largest first."""
        if self.compared is None:
            return ()
        found = [figure for figure in self.compared.figures if figure.metric == "part_change" and figure.of]
        found.sort(key=lambda figure: -(self.amount(figure) or 0))
        return tuple((figure.what.rpartition(", ")[2], figure) for figure in found)

    @property
    def split(self) -> str:
        """The parts in words."""
        return listed(f"{part} {slot.formatted('signed')}" for part, slot in self.parts)

    @cached_property
    def rule(self) -> str | None:
        """What the client's documents say of naming a customer, quoted and cited."""
        for passage in self.desk.passages:
            for match in NAMING.finditer(passage.text):
                said = match[0].strip(" -*")
                if 20 < len(said) < 220 and "[" not in said:
                    return f"[[{passage.id}: {said}]]"
        return None

    @cached_property
    def why_not(self) -> str:
        """Why there is no case, in a clause."""
        for tool in ("find_case_studies", "compare_matched"):
            if refused := self.refused(tool):
                return refused[0].lower() + refused[1:]
        if self.found is None:
            return "no business among the customers is on record"
        return "no customer stands out against comparable ones beyond chance"
