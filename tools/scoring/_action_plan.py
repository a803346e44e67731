"""Which action for which audience, under a holdout and a capacity, and which tests are missing."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from statistics import NormalDist
from typing import TYPE_CHECKING

from pydantic import Field

from tools.contract import Frozen
from tools.methods.maximum_likelihood import quantile
from tools.methods.sample_size import for_proportions
from tools.scoring._action_effects import Effect, Known

if TYPE_CHECKING:
    from tools.scoring.recommend_next_action import Action, Audience, RecommendNextAction

FALSE_ALARM, POWER = 0.05, 0.8
PAYING_MARGIN = 2.0  # a test should find an effect of twice what pays for the action
LEAST_LIFT = 0.1  # of the baseline: a smaller effect is not worth a test of an action that costs nothing
DEFAULT_BASELINE = 0.05
LEAST_RATE = 1e-3  # a rate nearer to nought or one sizes no test that could be run


class Recommendation(Frozen):
    """What to do for one audience. Values per person reached, less cost, in minor units."""

    segment: str = Field(description="the audience")
    action: str | None = Field(description="what to do; none when nothing is shown to pay")
    reached: int = Field(description="people who get it")
    held_out: int = Field(description="people left without it, to go on measuring")
    value_per_person: float | None = Field(description="expected value less cost per person reached, minor units")
    low: float | None = Field(description="lower end of its interval")
    high: float | None = Field(description="upper end of its interval")
    chance: float | None = Field(description="chance that it pays")
    measured_on: str | None = Field(description="the segment whose test stands behind it: its own, or everyone")


class TestProposal(Frozen):
    """A test of an action of which no effect is known."""

    __test__ = False

    action: str = Field(description="the action")
    baseline: float = Field(description="rate without it that the test is sized for")
    effect: float = Field(description="difference of rates that the test should find")
    people_per_arm: int = Field(description="people in each arm, read once, at a twentieth of false alarms and four fifths of hits")
    affordable: bool = Field(description="whether the audiences hold two arms of this size")
    assumed_baseline: bool = Field(description="whether the baseline was assumed")


@dataclass(frozen=True, slots=True)
class Plan:
    """Recommendations in the order of the audiences, and the total with its error, over people reached."""

    recommendations: tuple[Recommendation, ...]
    proposals: tuple[TestProposal, ...]
    total: float
    error: float


@dataclass(frozen=True, slots=True)
class _Choice:
    audience: Audience
    effect: Effect
    action: Action
    value: float
    error: float
    chance: float


def plan_actions(request: RecommendNextAction, known: Known) -> Plan:
    """The action with the most value among those likely enough to pay, dearest people first while there is capacity."""
    chosen = {audience.segment: _best(request, known, audience) for audience in request.audiences}
    left = request.capacity if request.capacity is not None else sum(audience.people for audience in request.audiences)
    reached: dict[str, int] = {}
    for choice in sorted((one for one in chosen.values() if one), key=lambda one: (-one.value, one.audience.segment)):
        wanted = choice.audience.people - ceil(choice.audience.people * request.holdout_share)
        reached[choice.audience.segment] = min(wanted, left)
        left -= reached[choice.audience.segment]
    reach, rows, total = quantile(request.level), list[Recommendation](), 0.0
    shares: dict[tuple[str, str], float] = {}
    for audience in request.audiences:
        one = chosen[audience.segment]
        people = reached.get(audience.segment, 0)
        if one is None or people == 0:
            rows.append(
                Recommendation(
                    segment=audience.segment,
                    action=None,
                    reached=0,
                    held_out=audience.people,
                    value_per_person=None,
                    low=None,
                    high=None,
                    chance=None,
                    measured_on=None,
                )
            )
            continue
        rows.append(
            Recommendation(
                segment=audience.segment,
                action=one.action.name,
                reached=people,
                held_out=audience.people - people,
                value_per_person=one.value,
                low=one.value - reach * one.error,
                high=one.value + reach * one.error,
                chance=one.chance,
                measured_on=one.effect.segment,
            )
        )
        total += people * one.value
        # audiences that rest on the same measured effect are wrong together
        source = (one.action.name, one.effect.segment)
        shares[source] = shares.get(source, 0.0) + people * one.error
    error = sum(one**2 for one in shares.values()) ** 0.5
    people = sum(audience.people for audience in request.audiences)
    proposals = tuple(_proposal(action, known, people) for action in request.actions if not known.has(action.name))
    return Plan(tuple(rows), proposals, total, error)


def _best(request: RecommendNextAction, known: Known, audience: Audience) -> _Choice | None:
    found = []
    for action in request.actions:
        effect = known.of(action.name, audience.segment)
        worth = 1.0 if effect and effect.is_money else action.value_per_outcome
        if effect is None or worth is None or worth == 0:
            continue
        value, error = effect.value * worth - action.cost, effect.error * worth
        chance = NormalDist().cdf(value / error)
        if value > 0 and chance >= request.confidence:
            found.append(_Choice(audience, effect, action, value, error, chance))
    return max(found, key=lambda one: (one.value, one.action.name), default=None)


def _proposal(action: Action, known: Known, people: int) -> TestProposal:
    """Sized to find twice the effect that pays for the action, and at least a tenth of the baseline."""
    others = [
        effect.baseline for effect in known.effects.values() if not effect.is_money and LEAST_RATE <= effect.baseline <= 1 - LEAST_RATE
    ]
    baseline = action.baseline if action.baseline is not None else min(others, default=DEFAULT_BASELINE)
    pays = action.cost / action.value_per_outcome if action.value_per_outcome else 0.0
    effect = min(max(PAYING_MARGIN * pays, LEAST_LIFT * baseline), 0.9 * (1 - baseline))
    size = ceil(for_proportions(baseline, baseline + effect, FALSE_ALARM, POWER))
    return TestProposal(
        action=action.name,
        baseline=baseline,
        effect=effect,
        people_per_arm=size,
        affordable=2 * size <= people,
        assumed_baseline=action.baseline is None,
    )
