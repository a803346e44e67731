"""What model calls used, per call and per run, and the limits a run keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from llm.errors import SpendLimit
from llm.settings import Limits


@dataclass(frozen=True, slots=True)
class Usage:
    """One call. `cost_micros`: millionths of a US dollar, None when no price is known. `input_tokens` counts cached ones too."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    cost_micros: int | None = None
    latency_ms: float = 0.0
    attempts: int = 1
    model: str = ""

    def as_json(self) -> dict[str, Any]:
        """As events and records keep it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Meter:
    """The calls of one run so far. It is a value: `add` gives the next one."""

    calls: int = 0
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    known_cost_micros: int = 0
    unpriced_calls: int = 0
    latency_ms: float = 0.0

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> Meter:
        """The meter as a run kept it; a fresh one when it kept none."""
        kept = kept or {}
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})

    @property
    def cost_micros(self) -> int | None:
        """Millionths of a US dollar; None when the price of some call is unknown."""
        return None if self.unpriced_calls else self.known_cost_micros

    def add(self, usage: Usage) -> Meter:
        """The meter after one more call."""
        return Meter(
            calls=self.calls + 1,
            attempts=self.attempts + usage.attempts,
            input_tokens=self.input_tokens + usage.input_tokens,
            output_tokens=self.output_tokens + usage.output_tokens,
            cached_tokens=self.cached_tokens + usage.cached_tokens,
            known_cost_micros=self.known_cost_micros + (usage.cost_micros or 0),
            unpriced_calls=self.unpriced_calls + (usage.cost_micros is None),
            latency_ms=round(self.latency_ms + usage.latency_ms, 1),
        )

    def check(self, limits: Limits) -> None:
        """Raise SpendLimit when one more call would go over a limit of the run."""
        if self.calls >= limits.calls:
            raise SpendLimit(f"this run may make {limits.calls} model calls and has made them (GROUNDWORK_RUN_CALLS)")
        if (used := self.input_tokens + self.output_tokens) >= limits.tokens:
            raise SpendLimit(f"this run may use {limits.tokens:,} tokens and has used {used:,} (GROUNDWORK_RUN_TOKENS)")
        if limits.spend is not None and self.known_cost_micros >= limits.spend:
            spent, most = self.known_cost_micros / 1e6, limits.spend / 1e6
            raise SpendLimit(f"this run may spend USD {most:.2f} on models and has spent USD {spent:.2f} (GROUNDWORK_RUN_SPEND_USD)")

    def as_json(self) -> dict[str, Any]:
        """As the run keeps it, with the cost as people ask for it."""
        return asdict(self) | {"cost_micros": self.cost_micros, "cost_currency": "USD"}
