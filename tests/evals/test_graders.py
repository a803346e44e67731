"""Graders of single kinds, and the second counts of forecasts and competitors' prices, on records written by hand."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from evals.case import Case
from evals.grading import counting, form, kinds
from evals.grading.recount_forecast import forecast
from evals.grading.recount_rivals import rivals
from evals.seen import Seen
from grounding.evidence import Evidence, Locale

ZA = Locale(language="en-ZA", currency="ZAR", zone="Africa/Johannesburg")


def record(tool: str, request: dict[str, Any], figures: list[dict[str, Any]], **more: Any) -> Evidence:
    full = [{"entity": None, "unit": "count", "label": entry["key"], "basis": "model", **entry} for entry in figures]
    result = {"figures": full, "findings": [], "caveats": [], **more}
    return Evidence(
        id="ev_1", alias="E1", tool=tool, version=1, request=request, result=result, created_at=datetime(2026, 10, 31, tzinfo=UTC)
    )


def seen(suite: str, content: dict[str, Any] | None = None, *records: Evidence, text: str = "") -> Seen:
    case = Case(id="one", suite=suite, family=f"{suite}/one", asked=("x",))
    found = Seen(case, ZA, "published", markdown=text, content=content, evidence=records)
    return dataclasses.replace(found, aliases={one.alias: one.id for one in records if one.alias})


PLAN = {
    "calendar": [{"out_in_days": day, "channel": "Meta"} for day in (7, 9, 12, 14)],
    "lengths": [{"channel": "Meta", "limits": "..."}],
}


def briefed(*channels: str) -> Evidence:
    return record("brief", {"text": "x"}, [], channels=list(channels)).model_copy(update={"id": "ev_b", "alias": "B"})


def test_a_calendar_that_can_be_kept_is_content(monkeypatch):
    assert kinds.owed(seen("content_plan", PLAN, briefed("meta")), SimpleNamespace()) == []


@pytest.mark.parametrize(
    ("days", "said"),
    [((9, 7, 12, 14), "do not rise"), ((7, 8, 9, 10, 11), "5 pieces in one week")],
)
def test_a_calendar_that_goes_back_or_asks_too_much_is_not(days, said):
    rows = [{"out_in_days": day, "channel": "Meta"} for day in days]
    assert said in "; ".join(kinds.owed(seen("content_plan", PLAN | {"calendar": rows}), SimpleNamespace()))


def test_a_channel_of_the_brief_without_a_piece_is_missed():
    problems = kinds.owed(seen("content_plan", PLAN, briefed("meta", "google_ads")), SimpleNamespace())
    assert problems == ["google_ads has no row in calendar", "google_ads has no row in lengths"]


def change(channel: str, stop: str = "above {{E1.meta.cpa.high}}") -> dict[str, Any]:
    return {"channel": channel, "stop_when": stop}


def test_every_channel_that_runs_has_one_change_with_the_figure_that_undoes_it():
    summed = record("summarize_channels", {}, [], channels=["google_ads", "meta"])
    both = {"changes": [change("Google Ads"), change("Meta")]}
    assert kinds.owed(seen("campaign_optimization", both, summed), SimpleNamespace()) == []
    one = kinds.owed(seen("campaign_optimization", {"changes": [change("Meta", "when it gets dear")]}, summed), SimpleNamespace())
    assert one == ["google_ads runs and no change or keeping of it is said", "Meta has no figure at which its change is undone"]
    assert kinds.owed(seen("campaign_optimization", {"changes": [change("Meta")]}, summed, briefed("meta")), SimpleNamespace()) == []


RATES = {
    "plan": [{"channel": "meta", "amount": 100_000, "period": "week"}],
    "rates": [{"channel": "meta", "cost_per_click": {"likely": 500}, "conversion_rate": {"likely": 0.02}}],
    "horizon_weeks": 13,
}
CURVE = {
    "channel": "meta", "form": "michaelis_menten", "decay": 0.0, "half_saturation": 100_000, "slope": 1, "maximum": 20,
    "draws": [], "recent_spend": [100_000],
}  # fmt: skip


def expecting(request: dict[str, Any], expected: float, each: float) -> list[Any]:
    figures = [
        {"key": "meta.expected_conversions", "metric": "expected_conversions", "value": expected, "entity": "meta"},
        {"key": "total.expected_conversions", "metric": "expected_conversions", "value": expected},
        {"key": "total.cost", "metric": "cost", "value": 1_300_000.0},
        {"key": "total.cost_per_conversion", "metric": "cost_per_conversion", "value": each},
    ]
    return forecast(seen("strategy"), SimpleNamespace(), record("forecast_campaign", request, figures))


def test_a_forecast_is_counted_again_from_rates():
    assert expecting(RATES, 52.0, 25_000.0) == []
    assert [key for key, _, _ in expecting(RATES, 62.4, 25_000.0)] == [
        "meta.expected_conversions", "total.expected_conversions", "total.cost_per_conversion"
    ]  # fmt: skip


def test_a_forecast_is_counted_again_from_curves():
    request = {"plan": RATES["plan"], "curves": [CURVE], "horizon_weeks": 13}
    assert expecting(request, 130.0, 10_000.0) == []
    assert expecting(request, 156.0, 1_300_000 / 156)[0] == ("meta.expected_conversions", 156.0, 130.0)


def test_what_was_spent_before_runs_out_in_the_second_count():
    request = {"plan": [], "curves": [CURVE | {"decay": 0.5}], "horizon_weeks": 2}
    carried = 20 * (0.5 / 1.5 + 0.25 / 1.25)
    assert expecting(request, carried, 1_300_000 / carried) == []


def test_competitors_prices_are_read_again(monkeypatch):
    theirs = pa.table({
        "competitor": ["Rival A"] * 3, "product": ["cut", "cut", "nails"], "price": [300, 400, 90], "currency": ["ZAR"] * 3,
        "seen_on": [date(2026, 5, 1), date(2026, 10, 1), date(2026, 10, 1)],
    })  # fmt: skip
    own = pa.table({"product": ["cut", "nails"], "price": [500, 100], "currency": ["ZAR"] * 2, "valid_from": [date(2026, 1, 1)] * 2})
    monkeypatch.setattr("evals.grading.recount_rivals.table", lambda seen, house, name: own if name == "prices" else theirs)

    def read(index: float) -> list[Any]:
        figures = [
            {"key": "rival_a.price_index", "metric": "price_index", "value": index, "entity": "Rival A"},
            {"key": "rival_a.cut.price", "metric": "price", "value": 400, "entity": "Rival A: cut"},
        ]
        return rivals(seen("competitor_analysis"), SimpleNamespace(), record("compare_competitors", {}, figures))

    assert read((0.8 * 0.9) ** 0.5) == []
    assert [key for key, _, _ in read(0.9 * (0.8 * 0.9) ** 0.5)] == ["rival_a.price_index"]


def test_a_table_in_which_something_is_planted_is_not_counted(monkeypatch):
    monkeypatch.setattr(counting, "raw", lambda house, client, name: name)
    spoilt = dataclasses.replace(seen("strategy"), case=seen("strategy").case.model_copy(update={"trap": "orders_in_a_cell"}))
    assert counting.table(spoilt, SimpleNamespace(), "competitor_prices") is None
    assert counting.table(spoilt, SimpleNamespace(), "orders") == "orders"


def test_a_list_of_banned_words_names_them_and_uses_none():
    listed = seen("chat", text="Banned words are pamper and guru. We write plainly.")
    assert form.tone(listed, SimpleNamespace()) == []
    assert form.tone(seen("chat", text="We pamper you."), SimpleNamespace()) == ["the brand does not say 'pamper'"]
