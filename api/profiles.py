"""What a client's profile may say: facts that texts cite, the day a simulated client lives in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from graphs.briefing import fact_figure
from graphs.standing import readable_goals
from tools.contract import ToolInputError, Unit


class Fact(BaseModel):
    """One stated fact. Money in minor units of the client's currency."""

    model_config = ConfigDict(extra="forbid")

    value: int | float
    unit: Unit
    label: Annotated[str, Field(min_length=1, max_length=200)]
    entity: str | None = None
    per: str | None = None


def _goals(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        return readable_goals(given)
    except ToolInputError as error:
        raise ValueError(error.message) from None


class Profile(BaseModel):
    """The parts that runs read; what else a profile holds is kept as it is."""

    model_config = ConfigDict(extra="allow")

    facts: dict[str, Fact] = {}
    goals: Annotated[list[dict[str, Any]], AfterValidator(_goals)] = []
    today: Annotated[str, AfterValidator(date.fromisoformat)] | None = None

    @model_validator(mode="after")
    def _no_policy(self) -> Profile:
        if "approval" in (self.model_extra or {}):
            raise ValueError(
                "what needs approval is the client's policy, not its profile: PUT /clients/{slug}/policy, `groundwork client policy`"
            )
        return self

    @model_validator(mode="after")
    def _facts_are_figures(self) -> Profile:
        for name, fact in self.facts.items():
            # what fails in a run has to fail here; XXX is ISO 4217's code for no currency, which the client's locale fills in
            fact_figure(name, fact.model_dump(), currency="XXX")
        return self


def readable_profile(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile as it was given if runs can read it. Raises ValueError that names what they could not."""
    try:
        Profile.model_validate(profile)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    return profile
