"""What a tool may ask of a client's data. `store/facts.py` answers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from tools.artefacts import Artefact


class Facts(Protocol):
    """One client's tables at one set of versions. A tool asks for expressions; the engine aggregates where the data lies."""

    @property
    def as_of(self) -> date:
        """The day the answer is for, in the client's zone."""

    @property
    def currency(self) -> str:
        """ISO 4217 code that the client reports in."""

    @property
    def zone(self) -> str:
        """IANA zone that the client's days are counted in."""

    def names(self) -> tuple[str, ...]:
        """Tables that hold rows, sorted."""

    def table(self, name: str) -> ibis.Table:
        """The table as an Ibis expression; the version read is noted. Raises NotEnoughData when it is absent or empty."""

    def fetch(self, expression: ibis.Table, *, exact: bool = False) -> pa.Table:
        """Run an expression on the engine, in a deterministic order if the expression gives one.

        `exact` promises that it only counts, compares and adds whole numbers or decimals, and orders its rows: these come out the same
        to the bit on any number of threads, so the engine may use them all.
        """

    def model(self, name: str, version: int | None = None) -> Artefact | None:
        """The client's model of this name that serves, or that version of it; none when there is none. How many there are is noted."""

    def model_versions(self, name: str) -> int:
        """How many versions of this model there are; they count from one."""

    def offer(self, artefact: Artefact) -> None:
        """Hand over a model, to be kept as its version when this call ends well. Without a client nothing is kept."""
