"""How to split a media budget over channels, compared with the current plan at the same budget."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from tools.budget._allocation_report import Telling, report
from tools.budget._curve import Channel, Currency, Level, ResponseCurve
from tools.budget._plan import WEEKS, ChannelRule, Period, PlanLine, check_curves
from tools.budget._split import Ask, Current, Split, split_budget
from tools.budget._weekly_facts import recent_length, recent_spend
from tools.contract import Request, ToolInputError, ToolResult, choice, quantity, tool
from tools.facts import Facts


def _example() -> dict[str, Any]:
    form = "michaelis_menten"
    shared = {"form": form, "n_weeks": 104, "currency": "ZAR", "outcome": "orders", "observed_min": 0}
    google = [[form, 0.3, 160_000, 1, 27], [form, 0.25, 180_000, 1, 30], [form, 0.35, 210_000, 1, 34]]
    meta = [[form, 0.2, 200_000, 1, 18], [form, 0.2, 240_000, 1, 22], [form, 0.15, 300_000, 1, 29]]
    return {
        "budget": 1_500_000,
        "period": "month",
        "currency": "ZAR",
        "fee_share": 0.1,
        "vat_rate": 0.15,
        "learning_minimum": 100_000,
        "curves": [
            {
                "channel": "google_ads", "decay": 0.3, "half_saturation": 180_000, "maximum": 30, "observed_max": 300_000,
                "draws": google, "recent_spend": [90_000, 110_000], **shared,
            },
            {
                "channel": "meta", "decay": 0.2, "half_saturation": 240_000, "maximum": 22, "observed_max": 350_000,
                "draws": meta, "recent_spend": [190_000, 210_000], **shared,
            },
        ],
    }  # fmt: skip


class AllocateBudget(Request):
    """The budget, what is known of the channels, and what the split must keep to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_example()]})

    budget: int = quantity(
        "money", "the whole budget per period, minor units; fee and VAT come out of it when they are stated", gt=0, le=10**15
    )
    period: Period = Field("month", description="what the budget is per", json_schema_extra={"x-role": "choice"})
    currency: Currency = Field(description="ISO 4217 code of the budget")
    fee_share: float | None = quantity("share", "agency fee as a share of media spend", default=None, ge=0, le=1)
    vat_rate: float | None = quantity("share", "VAT on media and fee, when the budget has to cover it", default=None, ge=0, le=1)
    curves: tuple[ResponseCurve, ...] = Field(
        (),
        description="response curves of the channels; without any the budget is split evenly or in today's proportions",
        max_length=12,
        json_schema_extra={"x-role": "result", "x-of": "fit_response_curves.curves"},
    )
    current: tuple[PlanLine, ...] | None = Field(
        None,
        description="the current plan; left out to take the last weeks' spend from the client's data, else from the curves",
        max_length=20,
    )
    recent_weeks: int = choice("weeks", "weeks that the current plan is averaged over when it is read from data", default=8, ge=1, le=26)
    channels: tuple[Channel, ...] | None = Field(
        None, description="channels that may get money, most important first; all that are known when left out", max_length=20
    )
    rules: tuple[ChannelRule, ...] = Field((), description="limits of single channels", max_length=20)
    learning_minimum: int | None = quantity(
        "money",
        "for every channel without a rule of its own: nothing, or at least this per period (minor units)",
        default=None,
        ge=0,
        le=10**15,
    )
    cap_multiple: Annotated[float, choice("multiple", "times the largest weekly spend on record", ge=0.5, le=10)] | None = Field(
        None, description="no channel above this many times its largest weekly spend on record; no cap when left out"
    )
    horizon_weeks: int = choice("weeks", "weeks ahead for the gain with carry-over on its way", default=13, ge=1, le=104)
    max_chance_worse: float = choice(
        "share", "keep the current plan when the chance that the new one is worse exceeds this", default=0.25, ge=0, le=1
    )
    value_per_conversion: int | None = quantity("money", "what one more outcome is worth, minor units", default=None, gt=0, le=10**15)
    level: Level = 0.9


class Allocation(ToolResult):
    """The plan advised, the current plan at the same budget, and how they compare."""

    plan: tuple[PlanLine, ...] = Field(description="the plan advised: media per channel and period")
    current: tuple[PlanLine, ...] = Field(description="the current plan rescaled to the same media budget; empty where there is none")


@tool(version=1, field="budget")
def allocate_budget(request: AllocateBudget, facts: Facts | None = None) -> Allocation:
    """Split a budget over channels by their response curves, never worse in expectation than the current plan at the same budget.

    Spends the budget to the minor unit (media + fee + VAT) or says which limits prevent it. A channel gets nothing or at least its learning
    minimum. Effects are those of steady spend, carry-over included. Gain, chance of being worse and marginal returns compare with the
    current plan rescaled to this budget, where the limits allow that plan. Spend beyond what was observed is flagged, and capped if asked.
    A channel without a curve keeps its current share or its fixed amount; its effect is not known. With no curves at all (a new client) the
    budget is split evenly over the channels named, or in today's proportions when all of them run today, and no effect is claimed.

    Raises ToolInputError when limits contradict each other or the budget. Method: dynamic programme and sequential quadratic programming on
    the mean over bootstrap draws.
    """
    currency, outcome = check_curves(request.curves, request.currency)
    ask = Ask(
        budget=request.budget,
        period=request.period,
        fee_share=request.fee_share or 0.0,
        vat_rate=request.vat_rate or 0.0,
        curves=request.curves,
        current=_current(request, facts),
        channels=request.channels,
        rules={rule.channel: rule for rule in request.rules},
        learning_minimum=request.learning_minimum,
        cap_multiple=request.cap_multiple,
        max_chance_worse=request.max_chance_worse,
    )
    split = split_budget(ask)
    parts = report(
        Telling(
            ask=ask,
            split=split,
            currency=currency,
            outcome=outcome,
            level=request.level,
            horizon=request.horizon_weeks,
            value=request.value_per_conversion,
            fee_stated=request.fee_share is not None,
            vat_stated=request.vat_rate is not None,
        )
    )
    return Allocation(**parts, plan=_lines(split, split.advised, ask), current=_lines(split, split.current, ask))


def _lines(split: Split, amounts: Any, ask: Ask) -> tuple[PlanLine, ...]:
    if amounts is None:
        return ()
    return tuple(
        PlanLine(channel=channel, amount=int(amount), period=ask.period) for channel, amount in zip(split.channels, amounts, strict=True)
    )


def _current(request: AllocateBudget, facts: Facts | None) -> Current:
    weeks = WEEKS[request.period]
    if request.current is not None:
        spend = {line.channel: line.weekly * weeks for line in request.current}
        if len(spend) != len(request.current):
            raise ToolInputError("A channel is given twice in the current plan.", field="current")
        return Current(spend, "stated", None, None)
    if facts is not None and "ad_metrics" in facts.names():
        weekly, period = recent_spend(facts, request.recent_weeks)
        averaged = recent_length(period)
        return Current({channel: spend * weeks for channel, spend in weekly.items()}, "observed", period, averaged)
    recent = {curve.channel: curve.recent_spend[-request.recent_weeks :] for curve in request.curves if curve.recent_spend}
    averaged = min((len(spends) for spends in recent.values()), default=0)
    return Current({name: sum(spends) / len(spends) * weeks for name, spends in recent.items()}, "observed", None, averaged or None)
