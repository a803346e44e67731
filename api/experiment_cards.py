"""An experiment, its log and its looks as programs read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from store.experiment_looks import Look
from store.experiments import Change, Experiment, ExperimentStatus


class ExperimentCard(BaseModel):
    """One experiment without its log."""

    id: str
    client: str = Field(description="slug of the client")
    name: str
    status: ExperimentStatus
    valid: bool = Field(description="false once a change of method, or of what decides after a look, has invalidated it")
    revision: int = Field(description="0 as a draft, 1 from the start, one more with each amendment")
    looks: int = Field(description="how often somebody has looked")
    hash: str | None = Field(description="SHA-256 of `registered`: sorted keys, no spaces, whole numbers without a point")
    registered_at: datetime | None = Field(description="when it was started, and its plan fixed")
    invalidated_at: datetime | None
    outcome: dict[str, Any] | None = Field(description="decision, arm, reason, and the evidence it rests on")
    created_at: datetime
    ended_at: datetime | None
    links: dict[str, str]

    @classmethod
    def of(cls, kept: Experiment, slug: str) -> ExperimentCard:
        """The card of a kept experiment."""
        return cls(**_fields(kept, slug))


class ChangeCard(BaseModel):
    """One move or amendment."""

    number: int
    kind: str
    at: datetime
    by: str
    reason: str
    changes: list[dict[str, Any]] = Field(description="path, from, to, and whether it amends or invalidates")
    revision: int
    looks_before: int

    @classmethod
    def of(cls, change: Change) -> ChangeCard:
        """The card of a logged change."""
        names = ("number", "kind", "at", "reason", "changes", "revision")
        return cls(by=change.actor, looks_before=change.looks, **{name: getattr(change, name) for name in names})


class LookCard(BaseModel):
    """One look."""

    number: int
    at: datetime
    by: str
    tool: str
    evidence: str = Field(description="id of the record: GET /evidence/{id}")
    decision: str = Field(description="what it advised: keep_running, ship, roll_back, inconclusive, invalid; go_on, investigate, stop")
    units: int = Field(description="units in it")
    revision: int = Field(description="of the plan that it was asked by")

    @classmethod
    def of(cls, look: Look) -> LookCard:
        """The card of a logged look."""
        names = ("number", "at", "tool", "decision", "units", "revision")
        return cls(by=look.actor, evidence=look.evidence_id, **{name: getattr(look, name) for name in names})


class FullExperiment(ExperimentCard):
    """One experiment with its plan, what was registered, and its log."""

    plan: dict[str, Any] = Field(description="as it stands")
    registered: dict[str, Any] | None = Field(
        description="as it was fixed at the start: the plan, what each tool is asked with every default written out, and who is enrolled"
    )
    history: list[ChangeCard]

    @classmethod
    def whole(cls, kept: Experiment, slug: str, history: list[Change]) -> FullExperiment:
        """All of a kept experiment but its looks."""
        log = [ChangeCard.of(change) for change in history]
        return cls(**_fields(kept, slug), plan=kept.plan, registered=kept.registered, history=log)


def _fields(kept: Experiment, slug: str) -> dict[str, Any]:
    here = f"/api/v1/experiments/{kept.id}"
    links = {"self": here, "looks": f"{here}/looks", "assign": f"{here}/assign"}
    if kept.outcome and kept.outcome["evidence"]:
        links["evidence"] = f"/api/v1/evidence/{kept.outcome['evidence']}"
    names = (
        "id", "name", "status", "revision", "looks", "hash", "registered_at", "invalidated_at", "outcome", "created_at", "ended_at",
    )  # fmt: skip
    return {"client": slug, "valid": kept.invalidated_at is None, "links": links, **{name: getattr(kept, name) for name in names}}
