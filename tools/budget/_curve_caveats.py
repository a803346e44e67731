"""What must be said of fitted curves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tools.budget._curve import Source
from tools.budget._fit import Fitted
from tools.contract import Caveat
from tools.methods.channel_names import channel_name, joined

CLAIMS = ("platforms claim", "platform claims", "claimed by the platform", "claimed conversions")
UNTOLD = 0.05
"""Share of draws without any response from which on it cannot be told from none."""
CREDITED = ("credited", "attributed", "by the source on the contact")


def credited_caveat(source: str) -> Caveat:
    """Curves of what each channel is credited with, by the platform itself or by the contact's source."""
    if source == "attributed_customers":
        return Caveat(
            code="credited_by_source",
            insist=True,
            signs=CREDITED,
            text="These curves rest on customers credited to the one source on the contact's record; other touches get no credit.",
        )
    return Caveat(
        code="platform_claims",
        insist=True,
        signs=CLAIMS,
        text="These curves rest on the conversions that the platforms claim for themselves, which overlap and overstate; "
        "a total outcome or an experiment would be stronger.",
    )


def not_causal(outcome: str, *, insist: bool = False) -> Caveat:
    """Curves are fitted to what happened together. Insistent where a chance would else sound like a certainty."""
    return Caveat(
        code="not_causal",
        insist=insist,
        signs=("went with spend", "what spend caused", "only an experiment", "not causal", "not a cause"),
        text=f"The curves show which {outcome} went with spend; only an experiment shows what spend caused.",
    )


def caveats(fitted: Fitted, source: Source, outcome: str, other_currencies: tuple[str, ...]) -> list[Caveat]:
    """All that holds of this fit."""
    return [*_outcome(fitted, source, outcome), *_channels(fitted), *_tests(fitted), *_currencies(other_currencies)]


def _outcome(fitted: Fitted, source: Source, outcome: str) -> Iterable[Caveat]:
    yield not_causal(outcome)
    if fitted.mode == "per_channel":
        yield credited_caveat(source)
    elif source == "orders":
        yield Caveat(
            code="repeat_orders",
            insist=True,
            signs=("repeat orders", "returning customers", "existing customers"),
            text="The outcome holds repeat orders, which follow from earlier customers and not from this week's spend: "
            "new customers would tell the channels apart better.",
        )
    if fitted.mode == "joint" and not fitted.season_fitted:
        yield Caveat(code="no_season", text="No season was fitted, so a yearly swing may be taken for the effect of spend.")


def _channels(fitted: Fitted) -> Iterable[Caveat]:
    screened = fitted.screened
    if screened.steady:
        yield Caveat(
            code="spend_never_varied",
            insist=True,
            signs=("never varied", "hardly varied", "did not vary"),
            text=f"Spend on {_names(screened.steady)} never varied, so its effect cannot be measured and there is no curve for it.",
        )
    if screened.rare:
        yield Caveat(
            code="too_few_active_weeks",
            insist=True,
            signs=("too few weeks", "no curve"),
            text=f"{_names(screened.rare)} ran in too few weeks to measure, so there is no curve for it.",
        )
    if screened.unclaimed:
        yield Caveat(
            code="no_claims",
            insist=True,
            signs=("no conversions", "no curve"),
            text=f"No conversions are on record for {_names(screened.unclaimed)}, so there is no curve for it.",
        )
    if fitted.close:
        yield Caveat(
            code="collinear",
            insist=True,
            signs=("told apart", "moved together", "move together", "collinear"),
            text="Spend on these channels moved together, so their effects can hardly be told apart: "
            f"{'; '.join(_names(pair) for pair in fitted.close)}.",
        )
    if fitted.seasonal:
        yield Caveat(
            code="moves_with_season",
            insist=True,
            signs=("with the season", "seasonal"),
            text=f"Spend on {_names(fitted.seasonal)} moved almost only with the season and trend, so its effect may be the season's.",
        )
    none = (fitted.draws.plan(np.maximum(fitted.recent, 1.0)) < 1e-6).mean(axis=0)
    flat = [curve.channel for curve, share in zip(fitted.curves, none, strict=True) if share >= UNTOLD]
    if flat:
        yield Caveat(
            code="not_told_from_none",
            insist=True,
            signs=("told from none", "no effect", "no response", "cannot be told"),
            text=f"The response to spend on {_names(flat)} cannot be told from none in these weeks, which is not proof that there is none.",
        )
    beyond = [curve.channel for curve in fitted.curves if curve.half_saturation > curve.observed_max]
    if beyond:
        yield Caveat(
            code="saturation_not_seen",
            text=f"Spend on {_names(beyond)} never came near saturation, so how far it could be raised is not known.",
        )


def _tests(fitted: Fitted) -> Iterable[Caveat]:
    if fitted.holdout is None:
        yield Caveat(
            code="no_holdout",
            insist=True,
            signs=("held out", "not been tested", "untested"),
            text="No weeks could be held out, so the error of these curves has not been tested.",
        )
    elif fitted.holdout.error > fitted.holdout.naive:
        yield Caveat(
            code="worse_than_average",
            insist=True,
            signs=("plain average", "naive"),
            text="On the weeks held out the model missed by more than a plain average did ({{holdout.mape}} against "
            "{{holdout.naive_mape}}): take the curves as a direction, not as a forecast.",
        )


def _currencies(other_currencies: tuple[str, ...]) -> Iterable[Caveat]:
    if other_currencies:
        yield Caveat(
            code="other_currencies",
            insist=True,
            signs=("other currencies", *other_currencies),
            text=f"Spend in other currencies ({', '.join(other_currencies)}) is left out.",
        )


def _names(channels: Iterable[str]) -> str:
    return joined([channel_name(channel) for channel in channels])
