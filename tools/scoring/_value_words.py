"""What is said of a forecast of purchases: its limits, what to do with it, its table and its chart."""

from __future__ import annotations

from typing import Any

from tools.contract import Caveat, Column, Decision, Table
from tools.methods.charts import BLUE, ORANGE, spec
from tools.scoring._value_check import Subject
from tools.scoring._value_forecast import HorizonForecast
from tools.scoring._value_horizons import SCENARIO

ROUGH = 0.25  # a held-out forecast off by more is not one to plan spending on
TIED = 0.2  # correlation of how often and how much above which Gamma-Gamma's independence is in doubt


def caveats_of(subject: Subject, forecasts: list[HorizonForecast]) -> tuple[Caveat, ...]:
    """What would be read into the forecast that is not there."""
    caveats, check, fitted = [], subject.check, subject.fitted
    if any(one.ahead.scenario for one in forecasts):
        caveats.append(SCENARIO)
    if check is not None and check.predicted is not None and check.actual is not None and check.off > ROUGH:
        caveats.append(
            Caveat(
                code="holdout_missed",
                text="On the part held out the model expected {{holdout.predicted}} purchases where there were {{holdout.actual}}: "
                "take the forecast as rough.",
                insist=True,
                signs=("held out", "rough", "missed"),
            )
        )
    if check is not None and check.loose:
        caveats.append(
            Caveat(
                code="poor_fit",
                text="The model puts {{misplaced_share}} of customers at another number of purchases than they made: "
                "people here buy in another way than it assumes.",
                insist=True,
                signs=("another number of purchases", "poor fit", "does not fit", "another way"),
            )
        )
    if fitted.purchases.weak or (fitted.values is not None and fitted.values.weak):
        caveats.append(
            Caveat(
                code="weakly_told",
                text="The data hardly tells some parameter of the model: read the intervals, not the single figures.",
                insist=True,
                signs=("hardly tells", "weakly", "read the interval", "uncertain"),
            )
        )
    if fitted.values is not None and check is not None and check.correlation is not None and abs(check.correlation) > TIED:
        more = "more" if check.correlation > 0 else "less"
        caveats.append(
            Caveat(
                code="value_tied_to_frequency",
                text=f"Those who buy more often spend {more} each time, which the model of values leaves out: sums of value may be off.",
                insist=True,
                signs=("more often spend", "tied", "not independent"),
            )
        )
    if subject.buyers.unpriced:
        caveats.append(
            Caveat(code="unpriced", text="Some customers who bought again have no value above zero: for them the mean of all was taken.")
        )
    if fitted.values is not None and subject.request.discount_rate is None:
        caveats.append(Caveat(code="not_discounted", text="Later money counts as much as money today: no discount rate was given."))
    if fitted.values is not None and subject.request.margin is None:
        caveats.append(Caveat(code="revenue", text="Value is revenue and not profit: no margin was given."))
    if len(subject.buyers.x) and fitted.values is None:
        caveats.append(Caveat(code="no_value", text="No purchase values were given, so the forecast is of purchases and not of money."))
    caveats.append(
        Caveat(
            code="as_before",
            text="The forecast takes prices, offers and the market to stay as they were; it does not say what an action would change.",
        )
    )
    return tuple(caveats)


def decision_of(subject: Subject, forecasts: list[HorizonForecast]) -> Decision | None:
    """Whether to plan with it."""
    check = subject.check
    if check is None:
        return None
    plain = [one for one in forecasts if not one.ahead.scenario]
    if not plain:
        return Decision(action="collect_more", reason="Every horizon asked for lies too far beyond the record: plan on a shorter one.")
    if check.loose or subject.fitted.purchases.weak:
        return Decision(
            action="treat_as_rough", reason="The model does not fit this record well: use the order of customers, not the sums."
        )
    if check.predicted is not None and check.off > ROUGH:
        return Decision(
            action="treat_as_rough", reason="On the part held out the forecast was off by {{holdout.error}}: leave room for that."
        )
    if check.predicted is not None:
        return Decision(
            action="plan_with_it", reason="On the part held out the forecast was off by {{holdout.error}}, which a plan can carry."
        )
    return Decision(action="plan_with_it", reason="The model fits the record; it was not checked on a part held out.")


def table_of(subject: Subject, forecasts: list[HorizonForecast]) -> Table:
    """One row per horizon."""
    money = subject.fitted.values is not None
    rows = []
    for one in forecasts:
        row: list[Any] = [f"{one.ahead.shown} {'periods' if one.ahead.unit == 'number' else one.ahead.unit}"]
        row += [one.purchases.expected, one.purchases.outcome_low, one.purchases.outcome_high] if one.purchases else [None] * 3
        if money:
            value = one.value
            row += (
                [
                    round(value.expected * subject.scale),
                    round((value.outcome_low or 0) * subject.scale),
                    round((value.outcome_high or 0) * subject.scale),
                ]
                if value
                else [None] * 3
            )
            row.append(round(one.new_value.expected * subject.scale) if one.new_value else None)
        row += [one.new_purchases.expected, "scenario" if one.ahead.scenario else "forecast"]
        rows.append(tuple(row))
    columns = [Column(name="horizon", label="Horizon")]
    columns += [
        Column(name=f"purchases{end}", label=f"Purchases{said}", unit="count")
        for end, said in (("", ""), ("_low", ", at least"), ("_high", ", at most"))
    ]
    if money:
        name = subject.money.capitalize()
        columns += [
            Column(name=f"value{end}", label=f"{name}{said}", unit="money", currency=subject.currency)
            for end, said in (("", ""), ("_low", ", at least"), ("_high", ", at most"))
        ]
        columns.append(Column(name="new_value", label=f"{name} of a new customer", unit="money", currency=subject.currency))
    columns += [Column(name="new_purchases", label="Purchases of a new customer", unit="number"), Column(name="kind", label="Kind")]
    return Table(title="What customers are expected to do", columns=tuple(columns), rows=tuple(rows))


def chart_of(subject: Subject) -> dict[str, Any] | None:
    """Customers by number of repeat purchases, seen beside expected: whether the model is one for these people."""
    check = subject.check
    if check is None:
        return None
    rows: list[dict[str, Any]] = []
    for number, (seen, expected) in enumerate(zip(check.seen, check.expected, strict=True)):
        name = f"{number} or more" if number == len(check.seen) - 1 else str(number)
        rows += [{"repeat": name, "customers": seen, "which": "seen"}, {"repeat": name, "customers": expected, "which": "by the model"}]
    return spec(
        "Customers by purchases after the first: seen, and by the model",
        rows,
        mark="bar",
        encoding={
            "x": {"field": "repeat", "type": "nominal", "sort": None, "title": "purchases after the first"},
            "xOffset": {"field": "which", "type": "nominal"},
            "y": {"field": "customers", "type": "quantitative"},
            "color": {"field": "which", "type": "nominal", "title": None, "scale": {"range": [BLUE, ORANGE]}},
        },
    )
