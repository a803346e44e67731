"""The evidence record: one tool run (or the brief, or the assumptions), kept so that every figure can be traced and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from tools.contract import Basis, Caveat, Figure, Frozen

InputKind = Literal["slot", "quote", "fact", "assumption", "choice", "default"]


class Input(Frozen):
    """Where one number of a request came from."""

    path: str = Field(description="dotted path in the request: baseline_rate, channels.0.min_spend")
    kind: InputKind
    ref: str = Field(description="the slot (ev_… id and key), the words quoted (as in C2: R75 a bar), the fact's table or the assumption")
    basis: Basis | None = None
    source: str | None = Field(None, description="title and date of the document quoted; none for the brief")


class Evidence(Frozen):
    """One tool run. `tool` is `brief` for what the brief states and `assume` for named assumptions."""

    id: str
    alias: str | None = Field(None, description="E1, E2 … within a deliverable; B for the brief, A for the assumptions")
    tool: str
    version: int
    request: dict[str, Any]
    inputs: tuple[Input, ...] = ()
    facts: dict[str, int] = Field(default_factory=dict, description="table to the Delta version that was read")
    engine: str = Field("duckdb", description="engine that read the facts: another one computes floats to a wider tolerance")
    result: dict[str, Any] = Field(description="the ToolResult as JSON")
    duration_ms: float = 0.0
    created_at: datetime
    replayable: bool = True
    not_replayable_reason: str | None = Field(None, description="'erased 2026-11-21' once a person in it was erased")

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of the result, read once."""
        return tuple(Figure.model_validate(figure) for figure in self.result.get("figures", ()))

    @cached_property
    def by_key(self) -> dict[str, Figure]:
        """The figures by their key."""
        return {figure.key: figure for figure in self.figures}

    @cached_property
    def caveats(self) -> tuple[Caveat, ...]:
        """The caveats of the result, read once."""
        return tuple(Caveat.model_validate(caveat) for caveat in self.result.get("caveats", ()))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; given another result, it reads that one."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("figures", "by_key", "caveats"):
            copy.__dict__.pop(name, None)
        return copy


class Locale(Frozen):
    """How a client reads numbers."""

    language: Annotated[str, Field(description="BCP 47 tag: en-ZA, de-DE")] = "en-ZA"
    currency: str = "ZAR"
    zone: str = "Africa/Johannesburg"
