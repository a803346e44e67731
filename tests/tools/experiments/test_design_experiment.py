"""A plan says what it takes, whether the traffic affords it, and what to do when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData, ToolInputError
from tools.experiments._baseline import wilson
from tools.registry import load

AS_OF = date(2026, 11, 21)


def run(tables: dict[str, Any] | None = None, **request: Any) -> Any:
    declared = load("design_experiment")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables or {}, as_of=AS_OF))


def codes(result: Any) -> set[str]:
    return {caveat.code for caveat in result.caveats if caveat.insist}


def funnel(people: int = 4000, seed: int = 5) -> dict[str, Any]:
    """Simulated sign-ups over 100 days: 60% see the calendar, 20% start a booking, 6% book within two weeks."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {"event_id": [], "contact_id": [], "name": [], "at": []}
    start = datetime(2026, 8, 10, tzinfo=UTC)

    def add(person: int, name: str, at: datetime) -> None:
        for column, value in zip(rows, (f"e{len(rows['event_id'])}", f"p{person}", name, at), strict=True):
            rows[column].append(value)

    for person in range(people):
        entered = start + timedelta(days=float(random.uniform(0, 102)))
        add(person, "signup", entered)
        for name, share in (("calendar_view", 0.6), ("booking_start", 0.2), ("booking", 0.06)):
            if random.random() < share:
                add(person, name, entered + timedelta(days=float(random.uniform(0, 13))))
        if random.random() < 0.3:
            add(person, "booking", entered + timedelta(days=40))  # too late to count
    return {"events": rows}


def test_size_and_days_of_a_plain_conversion_test():
    result = run(baseline_rate=0.1, units_per_week=2000, absolute_effect=0.02, method="arcsine", read_out="fixed")
    assert result.sample_size_per_arm == 3835
    assert result.figure("sample_size_total").value == 7670
    assert result.figure("weeks").value == ceil(7670 / 2000)
    assert result.days == 28
    assert result.affordable
    assert result.decision.action == "run"
    assert result.figure("effect_to_find").value == pytest.approx(0.2)
    assert result.figure("difference_to_find").unit == "points"
    assert result.figure("sample_size_per_arm").basis == "model"
    assert result.figure("baseline_rate").basis == "stated"


def test_the_smallest_effect_shown_is_the_one_that_just_fits():
    result = run(baseline_rate=0.04, units_per_week=6000, relative_effect=0.2)
    smallest = result.figure("minimum_detectable_effect").value
    again = run(baseline_rate=0.04, units_per_week=6000, relative_effect=round(smallest + 1e-6, 6))
    assert again.figure("weeks").value == 8
    assert run(baseline_rate=0.04, units_per_week=6000, relative_effect=smallest * 0.97).affordable is False


def test_a_test_is_planned_for_the_daily_reading_that_the_analysis_defaults_to():
    two, three = (run(baseline_rate=0.04, units_per_week=6000, relative_effect=0.2, arms=arms) for arms in (2, 3))
    once = run(baseline_rate=0.04, units_per_week=6000, relative_effect=0.2, read_out="fixed")
    assert (
        load("design_experiment").request.model_fields["read_out"].default
        == load("analyze_experiment").request.model_fields["method"].default
    )
    assert three.sample_size_per_arm > two.sample_size_per_arm
    assert two.figure("inflation").value == pytest.approx(1.7236, abs=1e-3)
    assert two.figure("fixed.sample_size_per_arm").value == once.sample_size_per_arm
    assert two.sample_size_per_arm == pytest.approx(once.sample_size_per_arm * 1.7236, rel=1e-3)
    assert two.days > two.figure("fixed.days").value
    assert once.figure("anytime.sample_size_per_arm").value == pytest.approx(two.sample_size_per_arm, abs=2)
    assert any("{{inflation}}" in finding for finding in two.findings), "how much more it takes is said"


def test_traffic_that_cannot_afford_the_test_gets_a_way_out():
    result = run(baseline_rate=0.02, units_per_week=500, relative_effect=0.1)
    assert result.affordable is False
    assert result.decision.action == "not_affordable"
    assert "not_affordable" in codes(result)
    needed = result.figure("baseline_rate_needed").value
    assert run(baseline_rate=needed, units_per_week=500, relative_effect=0.1).affordable
    assert not run(baseline_rate=needed * 0.97, units_per_week=500, relative_effect=0.1).affordable
    assert abs(result.figure("minimum_detectable_effect").value) > 0.1


def test_without_traffic_no_duration_is_made_up():
    result = run(baseline_rate=0.1, relative_effect=0.1)
    assert result.days is None
    assert result.affordable is None
    assert result.decision.action == "state_traffic"
    assert "traffic_unknown" in codes(result)


def test_without_an_effect_it_says_what_can_be_found():
    result = run(baseline_rate=0.1, units_per_week=1000)
    assert result.sample_size_per_arm is None
    assert result.decision.action == "pick_effect"


def test_means_and_counts():
    plan = {"baseline_mean": 40_000, "deviation": 30_000, "currency": "ZAR", "units_per_week": 300, "read_out": "fixed"}
    mean = run(metric="mean", relative_effect=0.1, **plan)
    assert mean.figure("baseline_mean").unit == "money"
    assert mean.figure("difference_to_find").value == 4000
    assert mean.sample_size_per_arm == 884
    count = run(metric="count", baseline_mean=2, dispersion=2, units_per_week=500, relative_effect=0.1)
    plain = run(metric="count", baseline_mean=2, units_per_week=500, relative_effect=0.1)
    assert count.sample_size_per_arm == pytest.approx(2 * plain.sample_size_per_arm, abs=1)


def test_the_baseline_is_read_from_mature_entries_only():
    result = run(funnel(), entry_event="signup", goal_event="booking", outcome_days=14, relative_effect=0.3, max_weeks=26)
    rate = result.figure("baseline_rate")
    assert rate.basis == "observed"
    assert rate.interval.low < 0.06 < rate.interval.high, "the share that books within the window, not the late third"
    assert result.figure("units_per_week").value == pytest.approx(4000 / 102 * 7, rel=0.06)
    assert rate.period.endswith("2026-11-05") or rate.period.endswith("2026-11-06")
    spread = result.figure("sample_size_per_arm").interval
    assert spread.low < result.sample_size_per_arm < spread.high


def test_steps_up_the_funnel_are_named_when_they_would_fit():
    result = run(funnel(), entry_event="signup", goal_event="booking", outcome_days=14, relative_effect=0.2, max_weeks=8)
    assert result.decision.action == "not_affordable"
    assert "calendar view" in result.decision.reason
    assert "booking start" not in result.decision.reason


def test_contacts_to_orders_when_no_events_are_named():
    at = datetime(2026, 9, 1, tzinfo=UTC)
    ids = [f"c{i}" for i in range(1000)]
    contacts = {"contact_id": ids, "created_at": [at + timedelta(hours=i) for i in range(1000)]}
    buyers = list(range(0, 1000, 10))
    orders = {
        "order_id": [f"o{i}" for i in buyers],
        "contact_id": [f"c{i}" for i in buyers],
        "at": [at + timedelta(hours=i, days=3) for i in buyers],
        "amount": [1000 + i for i in buyers],
        "currency": ["ZAR"] * 100,
    }
    tables = {"contacts": contacts, "orders": orders}
    assert run(tables, relative_effect=0.5).figure("baseline_rate").value == pytest.approx(0.1, abs=0.005)
    value = run(tables, metric="mean", relative_effect=0.1)
    assert value.figure("baseline_mean").value == round(np.mean(orders["amount"]))
    assert value.figure("baseline_mean").currency == "ZAR"


def buyers(people: int = 4000, seed: int = 6) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Simulated new contacts and their orders within a month: how often each bought, and for how much in all."""
    random = np.random.default_rng(seed)
    start = datetime(2026, 8, 1, tzinfo=UTC)
    created = [start + timedelta(hours=float(h)) for h in np.sort(random.uniform(0, 24 * 70, people))]
    often, spent, rows = random.poisson(0.4, people), np.zeros(people), []
    for person, times in enumerate(often):
        for number in range(times):
            amount = int(random.gamma(2, 20_000)) + 1
            spent[person] += amount
            rows.append((f"o{person}_{number}", f"c{person}", created[person] + timedelta(days=1 + number), amount))
    rows.append(("last", "other", datetime(2026, 11, 20, tzinfo=UTC), 5))
    contacts = {"contact_id": [f"c{i}" for i in range(people)], "created_at": created}
    orders = dict(zip(("order_id", "contact_id", "at", "amount"), map(list, zip(*rows, strict=True)), strict=True))
    tables = {"contacts": contacts, "orders": orders | {"currency": ["ZAR"] * len(rows)}}
    return tables, often, spent


def test_every_metric_is_planned_from_the_clients_own_variance():
    tables, often, spent = buyers()
    plan = {"relative_effect": 0.2, "lookback_days": 120, "read_out": "fixed"}
    reach = (1.959964 + 0.841621) ** 2

    def units(variance: float, difference: float) -> float:
        return 2 * reach * variance / difference**2

    count = run(tables, metric="count", **plan)
    assert count.figure("baseline_mean").value == pytest.approx(often.mean())
    assert count.sample_size_per_arm == pytest.approx(units(often.var() * 1.1, 0.2 * often.mean()), rel=0.01)
    revenue = run(tables, metric="revenue", **plan)
    assert revenue.figure("baseline_mean").value == round(spent.mean())
    assert revenue.figure("baseline_mean").currency == "ZAR"
    assert revenue.sample_size_per_arm == pytest.approx(units(spent.var(), 0.2 * spent.mean()), rel=0.01)
    ratio = run(tables, metric="ratio", **plan)
    value = spent.sum() / often.sum()
    linear = (spent - value * often) / often.mean()
    assert ratio.figure("baseline_mean").value == round(value)
    assert ratio.sample_size_per_arm == pytest.approx(units(linear.var(), 0.2 * value), rel=0.01)
    retained = run(tables, metric="retention", from_day=2, **plan)
    assert retained.figure("baseline_rate").value == pytest.approx((often >= 2).mean()), "an order on the second day or later"
    amounts = np.array(tables["orders"]["amount"])
    median = run(tables, metric="quantile", **plan)
    assert median.figure("baseline_mean").value == np.sort(amounts)[int(np.ceil(len(amounts) / 2)) - 1]
    density = 0.1 / (np.quantile(amounts, 0.55) - np.quantile(amounts, 0.45))
    assert median.sample_size_per_arm == pytest.approx(units(0.25 / density**2, 0.2 * np.median(amounts)), rel=0.15)
    mean = run(tables, metric="mean", **plan)
    assert mean.sample_size_per_arm == pytest.approx(units(amounts.var(), 0.2 * amounts.mean()), rel=0.05)
    for result in (count, revenue, ratio, retained, median, mean):
        assert result.figure("sample_size_per_arm").basis == "model"
        assert {figure.basis for figure in result.figures if figure.key in ("baseline_rate", "baseline_mean")} == {"observed"}


def test_a_price_or_incentive_test_is_planned_on_profit_and_names_its_break_even():
    plan = {"metric": "profit", "baseline_rate": 0.05, "margin": 20_000, "currency": "ZAR", "units_per_week": 40_000, "read_out": "fixed"}
    incentive = run(new_margin=16_000, relative_effect=0.1, **plan)
    assert incentive.figure("baseline_mean").value == 1000
    assert incentive.figure("break_even").value == pytest.approx(0.25), "a fifth given away has to bring a quarter more"
    wanted = incentive.figure("conversion_rate_wanted").value
    assert wanted * 16_000 == pytest.approx(1.1 * 1000)
    expected = (1.959964 + 0.841621) ** 2 * (0.05 * 0.95 * 20_000**2 + wanted * (1 - wanted) * 16_000**2) / 100**2
    assert incentive.sample_size_per_arm == pytest.approx(expected, rel=0.001)
    dearer = run(new_margin=25_000, relative_effect=0.1, **plan)
    assert dearer.figure("break_even").value == pytest.approx(-0.2), "a higher price may lose a fifth of the sales"
    assert any("{{break_even}}" in finding for finding in dearer.findings)
    poor = run(new_margin=16_000, relative_effect=0.02, **{**plan, "units_per_week": 500})
    assert poor.decision.action == "not_affordable"
    assert "larger change of the price" in poor.decision.reason
    tables, often, _ = buyers()
    read = run(tables, metric="profit", margin=20_000, new_margin=16_000, relative_effect=0.3, lookback_days=120)
    assert read.figure("baseline_rate").value == pytest.approx((often > 0).mean())
    assert read.figure("baseline_mean").currency == "ZAR"


def test_the_power_of_a_profit_test_is_as_planned():
    plan = {"metric": "profit", "baseline_rate": 0.1, "margin": 10, "new_margin": 8, "relative_effect": 0.15}
    result = run(**plan, read_out="fixed")
    n, then = result.sample_size_per_arm, result.figure("conversion_rate_wanted").value
    random = np.random.default_rng(2)
    today, new = random.binomial(n, 0.1, 20_000) / n, random.binomial(n, then, 20_000) / n
    error = np.sqrt((100 * today * (1 - today) + 64 * new * (1 - new)) / n)
    assert ((8 * new - 10 * today) / error > 1.959964).mean() == pytest.approx(0.8, abs=0.02)


def test_wilson_matches_its_reference():
    low, high = wilson(12, 99, 1.959963984540054)
    assert (low, high) == pytest.approx((0.07071551497720935, 0.20000661537720538), rel=1e-12)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "baseline_rate"),
        ({"metric": "mean", "baseline_mean": 3}, "deviation"),
        ({"metric": "count"}, "baseline_mean"),
        ({"baseline_rate": 0.8, "relative_effect": 0.5}, "relative_effect"),
        ({"metric": "profit", "baseline_rate": 0.1, "margin": 5}, "new_margin"),
        ({"metric": "profit", "baseline_rate": 0.6, "margin": 5, "new_margin": 1, "relative_effect": 0.1}, "relative_effect"),
        ({"metric": "revenue", "baseline_mean": 5, "deviation": 3}, "baseline_rate"),
        ({"metric": "quantile", "deviation": 3}, "baseline_mean"),
    ],
)
def test_what_is_missing_is_named(request_, field):
    with pytest.raises(ToolInputError) as refusal:
        run(**request_)
    assert refusal.value.field == field


def test_too_little_data_is_a_refusal_and_two_effects_do_not_validate():
    with pytest.raises(NotEnoughData):
        run(funnel(people=50), entry_event="signup", goal_event="booking", outcome_days=14)
    with pytest.raises(ValidationError):
        run(baseline_rate=0.1, relative_effect=0.1, absolute_effect=0.1)
    with pytest.raises(ValidationError):
        run(entry_event="signup")


def test_a_list_is_written_to_once_and_does_not_fill_up_again():
    """More weeks bring nobody: what the list holds decides, and the wait for outcomes is all the time it takes."""
    asked = {"baseline_rate": 0.03, "list_size": 8282, "outcome_days": 5, "unit": "contact"}
    short = run(**asked, relative_effect=0.5)
    assert (short.affordable, short.decision.action, short.days) == (False, "not_affordable", 5)
    assert "allow a longer test" not in short.decision.reason
    assert "read it once at the end" in short.decision.reason
    assert codes(short) == {"not_affordable"}
    assert short.figure("minimum_detectable_effect").value == pytest.approx(0.513, abs=0.001)
    assert run(**asked, relative_effect=0.5, max_weeks=52).figure("minimum_detectable_effect") == short.figure("minimum_detectable_effect")
    once = run(**asked, relative_effect=0.5, read_out="fixed")
    assert (once.affordable, once.decision.action, once.days) == (True, "run", 5)
    assert once.figure("sample_size_total").value <= 8282
    with pytest.raises(ValidationError, match="does not fill up again"):
        run(**asked, units_per_week=100)


def test_a_list_must_be_read_out_within_the_time_allowed():
    late = run(baseline_rate=0.1, list_size=1_000_000, outcome_days=60, max_weeks=4, relative_effect=0.2)
    assert late.affordable is False
