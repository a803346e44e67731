"""A benchmark says whose it is, where it was read and when; nothing is converted and nothing invented."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tools.contract import NotEnoughData
from tools.market._benchmarks import BENCHMARKS
from tools.registry import load


def run(**request: Any) -> Any:
    declared = load("find_benchmarks")
    return declared(declared.request.model_validate({"as_of": "2026-11-21", **request}))


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda b: f"{b.channel}-{b.placement}-{b.industry}-{b.metric}")
def test_every_entry_can_be_cited(benchmark):
    study = benchmark.study
    assert study.address.startswith("https://")
    assert date(2015, 1, 1) < study.dated < date(2026, 11, 21)
    assert (benchmark.unit == "money") == (benchmark.currency is not None)
    if benchmark.unit == "share":
        assert 0 < benchmark.value < 1
    if benchmark.low is not None:
        assert benchmark.low < benchmark.value < benchmark.high
        assert benchmark.value == pytest.approx((benchmark.low + benchmark.high) / 2)


def test_published_figures_of_google_and_meta():
    result = run()
    assert result.figure("google_ads.search.ctr").value == 0.0666
    assert result.figure("google_ads.search.cpc").value == 526
    assert result.figure("google_ads.search.conversion_rate").value == 0.0752
    assert result.figure("google_ads.search.cost_per_lead").value == 7011
    assert result.figure("meta.leads.cost_per_lead").value == 2766
    assert {figure.basis for figure in result.figures} == {"benchmark"}
    assert all(figure.source and figure.source_date and figure.entity for figure in result.figures)


def test_it_insists_that_these_are_not_the_clients_figures():
    assert "benchmark_only" in {caveat.code for caveat in run(channels=["meta"]).caveats if caveat.insist}


def test_amounts_keep_their_currency_and_say_so():
    result = run(metrics=["cpc"], currency="ZAR")
    assert {figure.currency for figure in result.figures} == {"USD"}
    assert next(caveat for caveat in result.caveats if caveat.code == "other_currency").insist
    assert "other_currency" not in {caveat.code for caveat in run(metrics=["cpc"], currency="USD").caveats}


def test_an_industry_adds_its_own_and_says_when_there_is_none():
    beauty = run(channels=["email"], industry="beauty_and_personal_care")
    assert beauty.figure("email.campaigns.beauty_and_personal_care.open_rate").value == 0.1665
    assert beauty.figure("email.campaigns.open_rate").value == 0.3765
    assert "no_industry_benchmark" in {caveat.code for caveat in run(industry="undertakers").caveats}


def test_old_figures_are_flagged_or_left_out():
    assert "old_benchmark" in {caveat.code for caveat in run(channels=["email"]).caveats if caveat.insist}
    assert "old_benchmark" not in {caveat.code for caveat in run(channels=["tiktok"]).caveats}
    with pytest.raises(NotEnoughData):
        run(channels=["email"], oldest_years=1)
    assert run(channels=["email", "tiktok"], oldest_years=1).missing_channels == ("email",)


def test_nothing_from_after_the_day_asked_for():
    assert {f.entity for f in run(as_of="2025-06-01").figures} == {"google_ads", "email"}


def test_a_channel_without_a_figure_cannot_be_asked_for_by_mistake():
    with pytest.raises(ValidationError):
        run(channels=["billboards"])
    with pytest.raises(NotEnoughData):
        run(channels=["tiktok"], metrics=["open_rate"])
