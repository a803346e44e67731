"""Two periods side by side: the parts add up to the digit, and ordinary variation is not told as news."""

from __future__ import annotations

from datetime import date, timedelta
from math import log
from typing import Any

import numpy as np
import pytest

from tests.tools.memory_facts import memory_facts
from tools.attribution._change_split import EFFECTS
from tools.attribution._compared_periods import period_before, year_before
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.periods import Period
from tools.registry import load

AS_OF = date(2026, 11, 3)
MEASURES = ("impressions", "clicks", "spend", "conversions")
OCTOBER = {"first_day": date(2026, 10, 1), "last_day": date(2026, 10, 31)}


def ads(rows: list[tuple[date, str, dict[str, float]]]) -> dict[str, list[Any]]:
    """Rows of ad figures; a measure that is left out was not reported."""
    return {
        "day": [day for day, _, _ in rows],
        "channel": [channel for _, channel, _ in rows],
        "campaign": ["c"] * len(rows),
        "currency": ["ZAR"] * len(rows),
        **{measure: [values.get(measure) for _, _, values in rows] for measure in MEASURES},
    }


def simulated(
    days: int = 580, seed: int = 1, fall: float = 1.0, last: date = date(2026, 10, 31)
) -> list[tuple[date, str, dict[str, float]]]:
    """Two simulated channels of steady weeks; `fall` multiplies Meta's conversions per click in the last 31 days."""
    random, rows = np.random.default_rng(seed), []
    for back in range(days - 1, -1, -1):
        day = last - timedelta(days=back)
        for channel, clicks, rate in (("google_ads", 80, 0.1), ("meta", 120, 0.08)):
            seen = int(random.poisson(clicks))
            chance = rate * (fall if channel == "meta" and back < 31 else 1.0)
            values = {"impressions": seen * 20, "clicks": seen, "spend": seen * 200, "conversions": float(random.binomial(seen, chance))}
            rows.append((day, channel, values))
    return rows


def compare(rows, as_of: date = AS_OF, **request: Any):
    tool = load("compare_periods")
    return tool(tool.request(**{**OCTOBER, **request}), memory_facts({"ad_metrics": ads(rows)}, as_of=as_of))


def value(result, key: str) -> float:
    return result.figure(key).value


def test_a_hand_worked_change():
    """September: 30 days of R10, 100 impressions, 5 clicks, a claim; October: 31 of R20, 150 impressions, 6 clicks, a claim."""
    days = [date(2026, 9, 1) + timedelta(days=number) for number in range(61)]
    month = {
        9: {"impressions": 100, "clicks": 5, "spend": 1000, "conversions": 1},
        10: {"impressions": 150, "clicks": 6, "spend": 2000, "conversions": 1},
    }
    result = compare([(day, "meta", month[day.month]) for day in days])
    mean = 1 / log(31 / 30)
    exact = {
        "days": mean * log(31 / 30),
        "spend": mean * log(2),
        "price": mean * log(0.75),
        "click": mean * log(0.8),
        "rate": mean * log(5 / 6),
    }
    assert sum(exact.values()) == pytest.approx(1.0)
    made = {name: value(result, f"meta.{name}_effect") for name in exact}
    assert sum(made.values()) == value(result, "meta.conversions_difference") == 1
    assert all(abs(made[name] - exact[name]) < 1 for name in exact)
    assert value(result, "total.previous_cpa") == 1000
    assert value(result, "total.cpa") == 2000
    assert (result.period, result.compared_with, result.year_before) == ("2026-10-01/2026-10-31", "2026-09-01/2026-09-30", None)


def test_every_row_and_column_adds_up_to_the_digit():
    random = np.random.default_rng(3)
    rows = [
        (day, channel, {**values, "conversions": values["conversions"] * float(random.uniform(0.3, 1.9))})
        for day, channel, values in simulated(days=120)
    ]
    result = compare(rows)
    keys = {figure.key: figure.value for figure in result.figures}
    for entity in ("total", "google_ads", "meta"):
        parts = sum(keys.get(f"{entity}.{name}_effect", 0) for name in EFFECTS)
        assert parts == keys[f"{entity}.conversions_difference"] == keys[f"{entity}.conversions"] - keys[f"{entity}.previous_conversions"]
    for name in ("conversions", "previous_conversions", "conversions_difference", *(f"{effect}_effect" for effect in EFFECTS)):
        assert keys.get(f"total.{name}", 0) == sum(keys.get(f"{channel}.{name}", 0) for channel in ("google_ads", "meta"))
    table = result.table.rows
    assert all(row[1] + sum(row[2:-4]) == row[-4] for row in table)


def test_steady_weeks_are_no_news_and_a_fall_at_the_same_spend_is():
    steady, fallen = compare(simulated()), compare(simulated(fall=0.6))
    assert {one.verdict for one in steady.verdicts} == {"within"}
    assert steady.decision.action == "hold"
    verdicts = {one.entity: one.verdict for one in fallen.verdicts}
    assert verdicts["meta"] == "fewer"
    assert verdicts["google_ads"] == "within"
    assert fallen.decision.action == "look_into"
    band = fallen.figure("meta.expected_conversions").interval
    assert value(fallen, "meta.conversions") < band.low


def test_a_doubled_budget_is_not_told_as_a_success_of_its_own():
    """Twice the clicks for twice the spend: beyond what the record's steady spend can judge, or ordinary, but never news."""
    rows = [
        (day, channel, {name: amount * (2 if day >= OCTOBER["first_day"] else 1) for name, amount in values.items()})
        for day, channel, values in simulated()
    ]
    result = compare(rows)
    assert value(result, "total.spend_effect") > 0.9 * value(result, "total.conversions_difference")
    assert abs(value(result, "total.rate_effect")) < 0.1 * value(result, "total.conversions_difference")


def test_false_alarms_over_channels_stay_below_the_level():
    alarms = sum(any(one.verdict in ("more", "fewer") for one in compare(simulated(seed=seed, days=400)).verdicts) for seed in range(60))
    assert alarms / 60 <= 0.2, "the total at one in twenty, and both channels together at one in twenty"


def test_a_short_record_judges_counting_alone():
    result = compare(simulated(days=62))
    assert {one.method for one in result.verdicts} == {"counting"}
    assert "short_record" in {caveat.code for caveat in result.caveats if caveat.insist}
    fallen = compare(simulated(days=62, fall=0.3))
    assert {one.entity: one.verdict for one in fallen.verdicts}["meta"] == "unclear"
    assert fallen.decision.action == "wait"


def test_a_period_that_is_not_over_is_set_beside_as_many_days():
    rows = [row for row in simulated() if row[0] <= date(2026, 10, 12)]
    result = compare(rows, as_of=date(2026, 10, 13))
    assert (result.period, result.compared_with) == ("2026-10-01/2026-10-12", "2026-09-01/2026-09-12")
    assert not result.finished
    assert "unfinished_period" in {caveat.code for caveat in result.caveats if caveat.insist}


def test_without_the_period_before_on_record_no_change_is_told():
    with pytest.raises(NotEnoughData, match="not wholly on record"):
        compare(simulated(days=40))


@pytest.mark.parametrize(
    "request_",
    [
        {"first_day": date(2026, 10, 31), "last_day": date(2026, 10, 1)},
        {"first_day": date(2026, 12, 1), "last_day": date(2026, 12, 31)},
        {"first_day": date(2025, 1, 1), "last_day": date(2026, 10, 31)},
        {"currency": "EUR"},
    ],
)
def test_days_that_make_no_period_are_refused(request_):
    with pytest.raises(ToolInputError):
        compare(simulated(days=70), **request_)


def test_a_channel_without_impressions_and_one_that_starts():
    rows = [row for row in simulated(days=100) if row[1] == "google_ads"]
    rows = [(day, channel, {key: amount for key, amount in values.items() if key != "impressions"}) for day, channel, values in rows]
    rows += [(day, "email", {"spend": 500, "clicks": 30, "conversions": 2}) for day in {day for day, _, _ in rows} if day.month == 10]
    result = compare(rows)
    assert value(result, "email.conversions_difference") == 62
    assert value(result, "email.spend_effect") == 62, "a channel that starts brings all its conversions with its spend"
    assert not any(figure.key == "google_ads.click_effect" for figure in result.figures)


def test_a_channel_that_reports_no_conversions_leaves_no_total():
    rows = simulated(days=100)
    rows += [(day, "tv", {"spend": 9000}) for day in {day for day, _, _ in rows}]
    result = compare(rows)
    keys = {figure.key for figure in result.figures}
    assert "total.conversions" not in keys
    assert "meta.conversions" in keys
    assert "conversions_not_everywhere" in {caveat.code for caveat in result.caveats}


@pytest.mark.parametrize(
    ("first", "last", "before", "year"),
    [
        ("2026-10-01", "2026-10-31", "2026-09-01/2026-09-30", "2025-10-01/2025-10-31"),
        ("2026-03-01", "2026-03-31", "2026-02-01/2026-02-28", "2025-03-01/2025-03-31"),
        ("2028-02-01", "2028-02-29", "2028-01-01/2028-01-31", "2027-02-01/2027-02-28"),
        ("2026-10-19", "2026-10-25", "2026-10-12/2026-10-18", "2025-10-20/2025-10-26"),
        ("2026-10-01", "2026-10-10", "2026-09-21/2026-09-30", "2025-10-01/2025-10-10"),
    ],
)
def test_what_a_period_is_set_beside(first, last, before, year):
    period = Period(date.fromisoformat(first), date.fromisoformat(last))
    assert (period_before(period).iso, year_before(period).iso) == (before, year)
