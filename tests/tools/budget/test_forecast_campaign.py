"""forecast_campaign: intervals that cover, ranges that do not pretend to, and what must be true."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import vl_convert
from pydantic import ValidationError

from tests.tools.budget.simulated_weeks import draw, weekly
from tools.budget._plan import WEEKS
from tools.budget._simulation import start_of
from tools.budget.fit_response_curves import FitResponseCurves, fit_response_curves
from tools.budget.forecast_campaign import CampaignForecast, ForecastCampaign, forecast_campaign
from tools.contract import ToolInputError

HORIZON = 13
RATES = [
    {
        "channel": "google_ads",
        "cost_per_click": {"low": 600, "likely": 900, "high": 1_500},
        "conversion_rate": {"low": 0.01, "likely": 0.02, "high": 0.04},
    },
    {
        "channel": "meta",
        "cost_per_click": {"low": 300, "likely": 500, "high": 800},
        "conversion_rate": {"low": 0.004, "likely": 0.01, "high": 0.02},
        "basis": "benchmark",
        "source": "A published study",
        "source_date": "2025-05-01",
    },
]
PLAN = [{"channel": "google_ads", "amount": 200_000, "period": "week"}, {"channel": "meta", "amount": 100_000, "period": "week"}]


def forecast(**more) -> CampaignForecast:
    return forecast_campaign(ForecastCampaign.model_validate(more))


def codes(result) -> dict[str, bool]:
    return {caveat.code: caveat.insist for caveat in result.caveats}


@pytest.fixture(scope="module")
def fitted():
    truth = draw(21)
    series = weekly(truth, 21)
    return fit_response_curves(FitResponseCurves.model_validate({"series": series, "outcome_name": "sign-ups", "as_of": "2026-01-01"}))


@pytest.fixture(scope="module")
def known(fitted):
    return {"curves": [one.model_dump() for one in fitted.curves], "baseline": fitted.baseline.model_dump(), "as_of": "2025-12-31"}


def test_total_is_the_sum_of_channels_and_weeks(known):
    result = forecast(plan=PLAN, **known)
    total = result.figure("total.expected_conversions").value
    assert sum(result.figure(f"{name}.expected_conversions").value for name in ("google_ads", "meta")) == pytest.approx(total)
    assert sum(week.expected for week in result.weeks) == pytest.approx(total)
    assert result.figure("total.cost").value == 300_000 * HORIZON
    assert result.figure("total.cost_per_conversion").value == round(300_000 * HORIZON / total)


def test_intervals_are_predictions_and_hold_the_expectation(known):
    result = forecast(plan=PLAN, **known)
    for key in ("total.expected_conversions", "outcome.expected"):
        figure = result.figure(key)
        assert figure.interval.kind == "prediction"
        assert figure.interval.low < figure.value < figure.interval.high
    for week in result.weeks:
        assert week.low < week.expected < week.high
    assert result.figure("google_ads.expected_conversions").interval.kind == "confidence"


def test_weeks_begin_on_the_monday_after_the_day(known):
    result = forecast(plan=PLAN, **known)
    assert result.weeks[0].starts_on.isoformat() == "2026-01-05"
    assert result.figure("total.expected_conversions").period == "2026-01-05/2026-04-05"
    assert start_of(None, None) is None


def test_carry_over_runs_on_from_the_last_weeks(known):
    """Spend that stops still brings something in the first week, and less in each that follows."""
    result = forecast(plan=[{"channel": "google_ads", "amount": 0}], **known)
    expected = [week.expected for week in result.weeks]
    assert expected[0] > 0.5
    assert all(later < sooner for sooner, later in pairwise(expected))


def test_against_the_current_plan(known):
    more = [{"channel": "google_ads", "amount": 400_000, "period": "week"}, PLAN[1]]
    result = forecast(plan=more, current=PLAN, **known)
    gain = result.figure("total.gain").value
    assert gain == pytest.approx(result.figure("total.expected_conversions").value - result.figure("current.expected_conversions").value)
    assert gain > 0
    assert result.figure("total.chance_worse").value < 0.05
    back = forecast(plan=PLAN, current=more, **known)
    assert back.figure("total.gain").value == pytest.approx(-gain)
    assert back.figure("total.chance_worse").value > 0.95


def test_a_plan_that_is_the_current_split_is_compared_with_nothing(known):
    result = forecast(plan=PLAN, current=[*PLAN, {"channel": "email", "amount": 0}], **known)
    assert not {"total.gain", "total.chance_worse", "current.expected_conversions"} & {figure.key for figure in result.figures}
    assert "The plan is the current split of this budget, so this is the forecast of both." in result.findings


def test_both_plans_are_forecast_in_the_same_futures(known):
    """Moving a cent leaves the intervals as good as equal: same draws, same noise."""
    other = [PLAN[0] | {"amount": 199_999}, PLAN[1] | {"amount": 100_001}]
    result = forecast(plan=PLAN, current=other, **known)
    plan, now = result.figure("total.expected_conversions"), result.figure("current.expected_conversions")
    assert now.interval.kind == "prediction"
    assert (now.interval.low, now.interval.high) == pytest.approx((plan.interval.low, plan.interval.high), rel=1e-4)
    assert now.label == "sign-ups expected in the horizon under the current split of this budget"
    larger = forecast(plan=PLAN, current=[PLAN[0]], **known)
    assert larger.figure("total.gain").label == "more sign-ups in the horizon than under the current plan"


def test_totals_by_the_reviews(known):
    result = forecast(plan=PLAN, **known)
    weeks = [week.expected for week in result.weeks]
    for day, label in ((30, "thirty"), (60, "sixty"), (90, "ninety")):
        figure = result.figure(f"by_day_{day}.expected")
        whole = day // 7
        assert figure.value == pytest.approx(sum(weeks[:whole]) + (day / 7 - whole) * weeks[whole])
        assert figure.interval.low < figure.value < figure.interval.high
        assert figure.label == f"sign-ups expected from the plan's channels in the first {label} days"
    assert result.figure("by_day_30.expected").period == "2026-01-05/2026-02-03"
    assert result.figure("by_day_30.date").value == "2026-02-03"
    short = {figure.key for figure in forecast(plan=PLAN, horizon_weeks=6, **known).figures}
    assert "by_day_30.expected" in short
    assert "by_day_60.expected" not in short


def test_a_chance_of_a_loss_comes_with_what_it_rests_on(known):
    """It holds only if the curves do, and no count of futures makes it certain."""
    result = forecast(plan=PLAN, value_per_conversion=10_000_000, **known)
    assert codes(result)["not_causal"] is True
    chance = result.figure("total.chance_of_loss")
    assert chance.value == pytest.approx(0.5 / (len(known["curves"][0]["draws"]) + 1))
    assert chance.label.endswith("if the curves hold")


def test_a_record_below_two_years_cannot_tell_the_season(known):
    assert "season_not_told" not in codes(forecast(plan=PLAN, **known))
    young = {**known, "curves": [one | {"n_weeks": 78} for one in known["curves"]]}
    assert codes(forecast(plan=PLAN, **young))["season_not_told"] is True


@pytest.mark.parametrize(
    ("more", "factor", "words"),
    [
        ({}, 1.0, "media, without fees and VAT"),
        ({"fees": 100_000}, None, "media with fees, without VAT"),
        ({"vat_rate": 0.15}, 1.15, "media with VAT, without fees"),
        ({"fees": 100_000, "vat_rate": 0.15}, None, "media with fees and VAT"),
    ],
)
@pytest.mark.parametrize("rated", [False, True], ids=["curves", "rates"])
def test_the_cost_says_what_is_in_it(known, more, factor, words, rated):
    base = {"rates": RATES, "currency": "ZAR"} if rated else known
    cost = forecast(plan=PLAN, **base, **more).figure("total.cost")
    assert cost.label == f"cost of the plan in the horizon: {words}"
    weekly = 300_000 + more.get("fees", 0) / WEEKS["month"]
    assert cost.value == round(weekly * (1 + more.get("vat_rate", 0)) * HORIZON)
    assert factor is None or cost.value == round(300_000 * HORIZON * factor)


def test_chances_of_missing_a_target_and_of_a_loss(known):
    total = forecast(plan=PLAN, **known).figure("total.expected_conversions").value
    easy = forecast(plan=PLAN, target_conversions=0.3 * total, value_per_conversion=1_000_000, **known)
    assert easy.figure("total.chance_below_target").value < 0.05
    assert easy.figure("total.chance_of_loss").value < 0.05
    hard = forecast(plan=PLAN, target_conversions=3 * total, value_per_conversion=100, **known)
    assert hard.figure("total.chance_below_target").value > 0.95
    assert hard.figure("total.chance_of_loss").value > 0.95
    even = forecast(plan=PLAN, target_conversions=total, value_per_conversion=round(300_000 * HORIZON / total), **known)
    assert 0.25 < even.figure("total.chance_of_loss").value < 0.75


def test_revenue_profit_and_break_even(known):
    fees = round(100_000 * WEEKS["month"])
    result = forecast(plan=PLAN, value_per_conversion=40_000, gross_margin=0.5, fees=fees, **known)
    total, cost = result.figure("total.expected_conversions").value, result.figure("total.cost").value
    assert cost == pytest.approx(400_000 * HORIZON, abs=5)
    assert result.figure("total.revenue").value == round(total * 40_000)
    assert result.figure("total.profit").value == round(total * 20_000 - cost)
    assert result.figure("total.break_even_conversions").value == pytest.approx(cost / 20_000)


def test_caveats_of_what_the_curves_do_not_know(known):
    plan = [{"channel": "google_ads", "amount": 50_000_000}, {"channel": "email", "amount": 1_000}]
    assert codes(forecast(plan=plan, **known)) == {"without_curve": True, "extrapolation": True, "not_causal": False, "as_before": False}
    bare = [one | {"draws": []} for one in known["curves"]]
    assert codes(forecast(plan=PLAN, curves=bare))["no_uncertainty"] is True


def test_a_channel_with_rates_only_stands_beside_the_totals(known):
    rates = [RATES[0] | {"channel": "tiktok"}]
    plan = [*PLAN, {"channel": "tiktok", "amount": 90_000, "period": "week"}]
    result = forecast(plan=plan, rates=rates, **known)
    beside = result.figure("tiktok.expected_conversions")
    assert (beside.interval.kind, beside.basis) == ("range", "assumed")
    assert beside.value == pytest.approx(90_000 * HORIZON / 900 * 0.02)
    assert result.figure("total.expected_conversions").value == forecast(plan=PLAN, **known).figure("total.expected_conversions").value
    assert codes(result)["planning_range"] is True


def test_same_request_same_result(known):
    assert forecast(plan=PLAN, **known).model_dump_json() == forecast(plan=PLAN, **known).model_dump_json()


def test_charts_are_drawn(known):
    for result in (forecast(plan=PLAN, **known), forecast(plan=PLAN, rates=RATES, currency="ZAR")):
        assert vl_convert.vegalite_to_svg(result.chart).startswith("<svg")
        assert "http" not in str(result.chart)


# without history


def test_rates_give_a_planning_range():
    result = forecast(plan=PLAN, rates=RATES, currency="ZAR", outcome_name="orders", as_of="2026-01-05")
    google = result.figure("google_ads.expected_conversions")
    spend = 200_000 * HORIZON
    assert google.value == pytest.approx(spend / 900 * 0.02)
    assert (google.interval.low, google.interval.high) == pytest.approx((spend / 1_500 * 0.01, spend / 600 * 0.04))
    assert google.interval.kind == "range"
    assert google.basis == "assumed"
    meta = result.figure("meta.expected_conversions")
    assert (meta.basis, meta.source, meta.source_date.isoformat()) == ("benchmark", "A published study", "2025-05-01")
    total = result.figure("total.expected_conversions")
    assert total.basis == "assumed"
    assert total.value == pytest.approx(google.value + meta.value)
    assert codes(result)["planning_range"] is True
    assert result.weeks == ()


@pytest.mark.parametrize(("given", "told"), [("observed", "model"), ("stated", "model"), ("attributed", "model"), ("assumed", "assumed")])
def test_a_look_ahead_is_never_called_observed(given, told):
    rates = [rate | {"basis": given} for rate in RATES]
    result = forecast(plan=PLAN, rates=rates, currency="ZAR")
    assert {result.figure(f"{name}.expected_conversions").basis for name in ("google_ads", "meta", "total")} == {told}


def test_what_must_be_true_to_break_even():
    result = forecast(plan=PLAN, rates=RATES, currency="ZAR", value_per_conversion=20_000, gross_margin=0.5)
    assert result.figure("google_ads.break_even_rate").value == pytest.approx(900 / 10_000)
    assert result.figure("google_ads.break_even_cost_per_click").value == 200
    assert result.figure("total.break_even_conversions").value == pytest.approx(300_000 * HORIZON / 10_000)
    assert any(sentence.startswith("What must be true for Google Ads") for sentence in result.findings)


def test_rates_give_totals_by_the_reviews():
    result = forecast(plan=PLAN, rates=RATES, currency="ZAR", as_of="2026-01-05")
    total, half = result.figure("total.expected_conversions"), result.figure("by_day_30.expected")
    assert half.value == pytest.approx(total.value * 30 / 91)
    assert half.interval.high == pytest.approx(total.interval.high * 30 / 91)


def test_no_chance_is_claimed_without_history():
    result = forecast(plan=PLAN, rates=RATES, currency="ZAR", value_per_conversion=20_000, target_conversions=100)
    assert not [figure.key for figure in result.figures if "chance" in figure.key]
    assert result.figure("total.target_multiple").unit == "multiple"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "curves"),
        ({"rates": RATES}, "currency"),
        ({"rates": RATES[:1], "currency": "ZAR"}, "rates"),
        ({"rates": RATES, "currency": "ZAR", "plan": [{"channel": "meta", "amount": 0}]}, "plan"),
        ({"rates": RATES, "currency": "ZAR", "plan": [PLAN[0], PLAN[0]]}, "plan"),
    ],
)
def test_what_is_missing_is_named(more, field):
    with pytest.raises(ToolInputError) as refused:
        forecast(**{"plan": PLAN} | more)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "rates",
    [
        RATES[0] | {"cost_per_click": {"low": 900, "likely": 600, "high": 1_500}},
        RATES[0] | {"conversion_rate": {"low": 0.1, "likely": 0.02, "high": 1.5}},
        RATES[0] | {"basis": "benchmark"},
    ],
)
def test_rates_that_cannot_be_are_refused(rates):
    with pytest.raises(ValidationError):
        forecast(plan=PLAN, rates=[rates], currency="ZAR")


@pytest.mark.parametrize("place", [0, 1])
def test_the_examples_run(place):
    example = ForecastCampaign.model_json_schema()["examples"][place]
    assert forecast(**example).figure("total.expected_conversions").value > 0


# coverage


def covered(runs: int, draws: int) -> tuple[float, float]:
    """Shares of runs in which the 90% prediction intervals, of the total outcome and of the channels, held what then came."""
    outcome, channels = [], []
    for run in range(runs):
        weeks = 104 + HORIZON
        truth = draw(500 + run, weeks=weeks)
        ahead = truth.spend[:, 96:104].mean(axis=1)
        truth.spend[:, 104:] = np.round(ahead)[:, None]
        series = weekly(truth, 500 + run)
        came = np.array(series["outcome"][104:])
        series["outcome"] = series["outcome"][:104]
        for channel in series["channels"]:
            channel["spend"] = channel["spend"][:104]
        found = fit_response_curves(FitResponseCurves.model_validate({"series": series, "draws": draws, "holdout_weeks": 0}))
        plan = [{"channel": one.channel, "amount": round(float(ahead[place])), "period": "week"} for place, one in enumerate(found.curves)]
        result = forecast(
            plan=plan, curves=[one.model_dump() for one in found.curves], baseline=found.baseline.model_dump(), simulations=2000
        )
        ends = result.figure("outcome.expected").interval
        outcome.append(ends.low <= came.sum() <= ends.high)
        ends = result.figure("total.expected_conversions").interval
        channels.append(ends.low <= came.sum() - truth.base[104:].sum() <= ends.high)
    return float(np.mean(outcome)), float(np.mean(channels))


def test_prediction_intervals_cover_fast():
    # 24 runs at 90%: three standard errors below is 72%.
    outcome, channels = covered(24, 60)
    assert outcome >= 0.72
    assert channels >= 0.72


@pytest.mark.slow
def test_prediction_intervals_cover():
    # 200 runs at 90%: three standard errors are 6.4 points; a little wide is forgiven, narrow is not.
    outcome, channels = covered(200, 100)
    assert 0.836 <= outcome <= 0.98
    assert 0.836 <= channels <= 0.98
