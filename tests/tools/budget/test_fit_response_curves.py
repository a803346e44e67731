"""fit_response_curves: recovery of known curves, refusals, caveats, and the same answer twice."""

from __future__ import annotations

import re

import numpy as np
import pytest
import vl_convert
from pydantic import ValidationError

from tests.reference_data import reference_rows
from tests.tools.budget.simulated_weeks import draw, weekly
from tools.budget._plan import response_set
from tools.budget.fit_response_curves import FitResponseCurves, fit_response_curves
from tools.contract import NotEnoughData, ToolInputError


def fit(series: dict, **more):
    return fit_response_curves(FitResponseCurves.model_validate({"series": series, "outcome_name": "sign-ups", **more}))


def codes(result) -> dict[str, bool]:
    return {caveat.code: caveat.insist for caveat in result.caveats}


@pytest.fixture(scope="module")
def joint():
    truth = draw(3, channels=3)
    return truth, fit(weekly(truth, 3))


def test_intervals_hold_the_true_contributions(joint):
    truth, result = joint
    for place, curve in enumerate(result.curves):
        figure = result.figure(f"{curve.channel}.contribution")
        recent = truth.spend[place, -8:].mean()
        assert figure.interval.low <= truth.steady(truth.spend[:, -8:].mean(axis=1))[place] <= figure.interval.high
        assert figure.interval.low <= figure.value <= figure.interval.high
        assert result.figure(f"{curve.channel}.recent_spend").value == round(recent)


def test_figures_say_what_they_are(joint):
    _, result = joint
    cost = result.figure("google_ads.cost_per_conversion")
    assert (cost.unit, cost.currency, cost.entity, cost.denominator, cost.basis) == ("money", "ZAR", "google_ads", "sign-ups", "model")
    assert cost.period == "2025-11-03/2025-12-28"
    assert cost.n == 104
    assert result.figure("google_ads.maximum").period == "2024-01-01/2025-12-28"
    recent = result.figure("google_ads.recent_spend")
    assert (recent.period, recent.label) == (cost.period, "media spend on Google Ads per week over the last eight weeks")
    assert result.figure("fit.recent_weeks").value == 8
    assert result.figure("google_ads.recent_spend").basis == "observed"
    assert result.figure("google_ads.decay").unit == "share"


def test_curves_carry_what_later_tools_need(joint):
    truth, result = joint
    curve = result.curves[0]
    assert len(curve.draws) == 100
    assert curve.observed_max == int(truth.spend[0].max())
    assert curve.recent_spend == tuple(int(value) for value in truth.spend[0, -13:])
    assert (curve.mode, curve.source, curve.basis, curve.outcome) == ("joint", "new_customers", "model", "sign-ups")
    assert curve.residual_sd == pytest.approx(truth.noise, rel=0.3)
    assert result.baseline is not None
    assert len(result.baseline.draws) == 100


def test_beats_a_plain_average_on_weeks_held_out(joint):
    _, result = joint
    assert result.figure("holdout.mape").value < result.figure("holdout.naive_mape").value
    assert result.figure("holdout.weeks").value == 8


def test_same_request_same_result_to_the_last_bit(joint):
    truth, result = joint
    assert fit(weekly(truth, 3)).model_dump_json() == result.model_dump_json()


def test_chart_is_drawn_without_anything_from_outside(joint):
    _, result = joint
    assert vl_convert.vegalite_to_svg(result.chart).startswith("<svg")
    assert "http" not in str(result.chart)


def test_published_example_through_the_door():
    """The reference: decay .399 and .189, lambda 4.15 and 3.36, effects 2987 and 1971; within 1%."""
    rows = reference_rows("mmm_example.csv")
    unit = 10**8
    series = {
        "first_week": rows[0]["date_week"],
        "currency": "USD",
        "outcome": [float(row["y"]) for row in rows],
        "channels": [{"channel": name, "spend": [round(float(row[name]) * unit) for row in rows]} for name in ("x1", "x2")],
        "controls": [{"name": name, "values": [float(row[name]) for row in rows]} for name in ("event_1", "event_2")],
    }
    result = fit(series, saturation="logistic", weak_prior=False, season_harmonics=2, draws=50)
    found = [(curve.decay, np.log(3) / curve.half_saturation * unit, curve.maximum) for curve in result.curves]
    assert found[0] == pytest.approx((0.399, 4.15, 2987), rel=0.01)
    assert found[1] == pytest.approx((0.189, 3.36, 1971), rel=0.01)


def test_per_channel_claims_when_there_is_no_outcome():
    truth = draw(11, channels=2)
    result = fit(weekly(truth, 11, claims=True))
    assert result.baseline is None
    assert {curve.mode for curve in result.curves} == {"per_channel"}
    assert codes(result)["platform_claims"] is True
    recent = truth.steady(truth.spend[:, -8:].mean(axis=1))
    for place, curve in enumerate(result.curves):
        assert result.figure(f"{curve.channel}.contribution").value == pytest.approx(recent[place], rel=0.1)


def test_too_few_weeks_are_refused_with_what_is_needed():
    with pytest.raises(NotEnoughData, match="holds 20 whole weeks, Monday to Sunday, too few") as refused:
        fit(weekly(draw(1, weeks=20), 1))
    assert refused.value.needed == "26 whole weeks"


def with_claims(series: dict) -> dict:
    return series | {"channels": [one | {"conversions": [5.0] * len(one["spend"])} for one in series["channels"]]}


def test_a_refusal_suggests_nothing_that_would_be_refused_again():
    short = with_claims(weekly(draw(1, channels=3, weeks=20), 1))
    with pytest.raises(NotEnoughData) as refused:
        fit(short)
    assert "Plan from rates" in refused.value.message
    assert not any(words in refused.value.message for words in ("at most", "own conversions"))
    wide = with_claims(weekly(draw(1, channels=6, weeks=30), 1))
    with pytest.raises(NotEnoughData) as refused:
        fit(wide)
    most = int(re.search(r"Fit at most (\d) of the channels", refused.value.message)[1])
    assert "own conversions" in refused.value.message
    names = [one["channel"] for one in wide["channels"]]
    assert len(fit(wide, channels=names[:most], draws=0).curves) == most
    with pytest.raises(NotEnoughData):
        fit(wide, channels=names[: most + 1], draws=0)
    assert fit(wide, outcome="platform_conversions", draws=0).curves


@pytest.mark.parametrize("seed", range(6))
def test_a_contribution_lies_below_its_own_ceiling(seed):
    """Both are means over the same draws; with noise this large the best fit alone would not keep to that."""
    result = fit(weekly(draw(seed, channels=3, noise=30.0, weeks=60), seed), draws=40, holdout_weeks=0)
    for curve in result.curves:
        contribution, ceiling = result.figure(f"{curve.channel}.contribution"), result.figure(f"{curve.channel}.maximum")
        assert contribution.value <= ceiling.value
        assert contribution.label.endswith("(mean of draws)")
        assert ceiling.label.endswith("(mean of draws)")


def test_many_channels_need_more_weeks():
    with pytest.raises(NotEnoughData, match="too few"):
        fit(weekly(draw(1, channels=6, weeks=30), 1))


def test_spend_that_never_varied_gets_no_curve_but_a_caveat():
    truth = draw(4, channels=2)
    truth.spend[1] = 250_000
    result = fit(weekly(truth, 4))
    assert [curve.channel for curve in result.curves] == ["google_ads"]
    assert codes(result)["spend_never_varied"] is True
    assert result.baseline.left_out == ("meta",)


def test_no_channel_that_varied_is_refused():
    truth = draw(4, channels=2)
    truth.spend[:] = 250_000
    with pytest.raises(NotEnoughData, match="Google Ads and Meta never varied"):
        fit(weekly(truth, 4))


def test_a_channel_of_few_weeks_gets_no_curve():
    truth = draw(4, channels=2)
    truth.spend[1, 5:] = 0
    assert codes(fit(weekly(truth, 4)))["too_few_active_weeks"] is True


def test_channels_that_move_together_are_named():
    truth = draw(4, channels=3)
    truth.spend[2] = np.round(truth.spend[0] * 0.8)
    result = fit(weekly(truth, 4))
    caveat = next(caveat for caveat in result.caveats if caveat.code == "collinear")
    assert caveat.insist
    assert "Google Ads and LinkedIn" in caveat.text
    # The sum of the two is known better than either: what one draw gives to one it takes from the other.
    drawn = response_set(result.curves).plan(truth.spend.mean(axis=1))
    assert np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1] < -0.3


def test_spend_that_follows_the_season_is_named():
    truth = draw(4, channels=2)
    truth.spend[1] = np.round(200_000 * (1.5 + np.sin(2 * np.pi * 7 * np.arange(104) / 365.25)))
    assert codes(fit(weekly(truth, 4)))["moves_with_season"] is True


@pytest.mark.parametrize("seed", range(40, 43))
def test_a_channel_without_effect_cannot_be_told_from_none(seed):
    truth = draw(4, channels=2)
    truth.maximum[1] = 0.0
    result = fit(weekly(truth, seed))
    meta = result.figure("meta.contribution")
    assert meta.interval.low < 1.0
    assert meta.value < 0.3 * result.figure("google_ads.contribution").value
    assert codes(result)["not_told_from_none"] is True
    assert "Meta" in next(caveat.text for caveat in result.caveats if caveat.code == "not_told_from_none")


def test_without_draws_there_are_no_intervals():
    result = fit(weekly(draw(4), 4), draws=0)
    assert result.figure("meta.contribution").interval is None
    assert result.curves[0].draws == ()


def test_only_the_channels_asked_for():
    assert [curve.channel for curve in fit(weekly(draw(4, channels=3), 4), channels=["meta"]).curves] == ["meta"]


def test_findings_hold_slots_and_channel_names_without_digits():
    series = weekly(draw(4), 4)
    series["channels"][0]["channel"] = "x1"
    result = fit(series, draws=20)
    assert any("on X one was {{x1.recent_spend}} a week" in sentence for sentence in result.findings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": [{"channel": "meta", "spend": [1, 2]}]}, "same weeks"),
        ({"channels": [{"channel": "meta", "spend": [-1]}], "outcome": [1.0]}, "greater than or equal to 0"),
        ({"channels": [{"channel": "Meta Ads", "spend": [1]}], "outcome": [1.0]}, "pattern"),
        ({"currency": "rand"}, "pattern"),
    ],
)
def test_broken_series_are_refused_by_field(change, message):
    with pytest.raises(ValidationError, match=message):
        fit(weekly(draw(4), 4) | change)


def test_neither_series_nor_client_is_an_input_error():
    with pytest.raises(ToolInputError) as refused:
        fit_response_curves(FitResponseCurves())
    assert refused.value.field == "series"


def test_series_without_outcome_or_claims_are_an_input_error():
    series = weekly(draw(4), 4)
    del series["outcome"]
    with pytest.raises(ToolInputError, match="neither an outcome nor conversions"):
        fit(series)
