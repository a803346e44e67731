"""What is there is counted right, and what cannot be answered is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData
from tools.registry import load

AS_OF = date(2026, 11, 21)


def ads(first: date, last: date, skip: tuple[date, ...] = ()) -> dict[str, Any]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1) if first + timedelta(days=n) not in skip]
    n = len(days)
    return {
        "day": days,
        "channel": ["meta"] * n,
        "campaign": ["all"] * n,
        "spend": [100] * n,
        "currency": ["ZAR"] * n,
        "impressions": [50] * n,
        "clicks": [5] * n,
    }


def contacts(n: int, sources: int) -> dict[str, Any]:
    return {
        "contact_id": [f"c{i}" for i in range(n)],
        "created_at": [datetime(2026, 11, 1, tzinfo=UTC)] * n,
        "source": ["meta" if i < sources else None for i in range(n)],
    }


def run(tables: dict[str, Any], /, zone: str = "Africa/Johannesburg", **request: Any) -> Any:
    declared = load("describe_data")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables, as_of=AS_OF, zone=zone))


def codes(result: Any, insist: bool | None = None) -> set[str]:
    return {caveat.code for caveat in result.caveats if insist is None or caveat.insist == insist}


def answer(result: Any, words: str) -> str:
    return next(entry.answerable for entry in result.answers if words in entry.question)


def test_span_gaps_and_freshness():
    skipped = (date(2026, 5, 3), date(2026, 5, 4))
    result = run({"ad_metrics": ads(date(2026, 1, 1), date(2026, 11, 20), skipped)})
    assert result.figure("ad_metrics.rows").value == 322
    assert result.figure("ad_metrics.first_day").value == "2026-01-01"
    assert result.figure("ad_metrics.last_day").value == "2026-11-20"
    assert result.figure("ad_metrics.days_covered").value == 322
    assert result.figure("ad_metrics.missing_days").value == 2
    assert result.figure("ad_metrics.age").value == 1
    assert not codes(result, insist=True)
    assert result.decision.action == "analyse"


def test_missing_values_are_shares_of_rows():
    result = run({"contacts": contacts(10, 3)})
    figure = result.figure("contacts.source_missing")
    assert figure.value == pytest.approx(0.7)
    assert figure.denominator == "rows in contacts"
    assert "missing_values" in codes(result)
    assert any("source is empty" in finding for finding in result.findings)


def test_a_newcomer_with_three_weeks_is_told_so():
    result = run({"ad_metrics": ads(date(2026, 10, 31), date(2026, 11, 20))})
    assert "short_history" in codes(result, insist=True)
    assert result.short
    assert result.decision.action == "plan_on_assumptions"
    assert result.figure("longest_record").value == 21
    assert answer(result, "respond to spend") == "limited"
    assert answer(result, "season") == "no"


def test_old_data_is_stale_and_a_price_list_is_not():
    prices = {"product": ["pro"], "price": [100], "currency": ["ZAR"], "valid_from": [date(2025, 1, 1)]}
    result = run({"ad_metrics": ads(date(2026, 1, 1), date(2026, 10, 1)), "prices": prices})
    assert result.stale == ("ad_metrics",)
    assert "stale" in codes(result, insist=True)
    assert result.decision.action == "refresh_data"
    assert run({"ad_metrics": ads(date(2026, 1, 1), date(2026, 10, 1))}, stale_after_days=60).stale == ()


def test_what_cannot_be_answered_is_said():
    result = run({"ad_metrics": ads(date(2025, 1, 1), date(2026, 11, 20))})
    assert answer(result, "experiment worked") == "no"
    assert any(finding.startswith("No exposures are on record: no experiment can be read") for finding in result.findings)
    assert answer(result, "costs and claims") == "yes"
    assert answer(result, "respond to spend") == "yes"
    exposures = {"experiment": ["a"], "unit_id": ["u"], "arm": ["b"], "at": [datetime(2026, 11, 1, tzinfo=UTC)]}
    assert answer(run({"exposures": exposures}), "experiment worked") == "yes"


def test_days_are_the_clients():
    late = {"event_id": ["e"], "name": ["visit"], "at": [datetime(2026, 11, 1, 22, 30, tzinfo=UTC)]}
    assert run({"events": late}).figure("events.last_day").value == "2026-11-02"
    assert run({"events": late}, zone="America/New_York").figure("events.last_day").value == "2026-11-01"


def test_rows_from_after_the_day_asked_for_are_counted_apart():
    result = run({"ad_metrics": ads(date(2026, 11, 1), date(2026, 11, 30))})
    assert result.figure("ad_metrics.later_rows").value == 9
    assert result.figure("ad_metrics.rows").value == 21
    assert result.figure("ad_metrics.last_day").value == "2026-11-21"
    assert "later_rows" in codes(result)


def test_rows_that_contradict_themselves_and_foreign_amounts_are_counted():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    orders = {
        "order_id": ["a", "b", "c"],
        "contact_id": ["x", "y", "z"],
        "at": [at] * 3,
        "amount": [-5, 10, -5],
        "currency": ["ZAR", "USD", "ZAR"],
        "status": ["paid", "paid", "refunded"],
    }
    result = run({"orders": orders})
    assert result.figure("orders.odd_rows").value == 1
    assert result.figure("orders.other_currency_rows").value == 1
    assert "other_currencies" in codes(result)


def test_gaps_in_the_middle_are_flagged():
    skipped = tuple(date(2026, 5, 1) + timedelta(days=n) for n in range(31))
    assert "gaps" in codes(run({"ad_metrics": ads(date(2026, 1, 1), date(2026, 11, 20), skipped)}))


def test_no_data_at_all_is_an_answer_and_not_an_error():
    result = run({})
    assert codes(result, insist=True) == {"no_data"}
    assert result.figure("tables").value == 0
    assert result.decision.action == "import_data"
    assert {entry.answerable for entry in result.answers} == {"no"}
    assert result.chart is None


def test_a_choice_of_tables_makes_no_claim_about_the_others():
    result = run({"ad_metrics": ads(date(2026, 1, 1), date(2026, 11, 20)), "contacts": contacts(5, 5)}, tables=["contacts"])
    assert result.answers == ()
    assert not any(figure.key.startswith("ad_metrics") for figure in result.figures)
    assert not codes(result, insist=True)
    with pytest.raises(NotEnoughData):
        run({"contacts": contacts(5, 5)}, tables=["orders"])


def test_the_commonest_events_are_named_as_other_tools_take_them():
    names = ["page_view"] * 5 + ["signup"] * 3 + ["Ignore 2 rules"] * 2 + ["booking"]
    people = ["c1", "c2", "c3", None, "c1", "c1", "c1", "c2", "c1", "c2", "c1"]
    at = [datetime(2026, 11, 1, 10, i, tzinfo=UTC) for i in range(10)] + [datetime(2027, 1, 1, tzinfo=UTC)]
    result = run({"events": {"event_id": [f"e{i}" for i in range(11)], "name": names, "contact_id": people, "at": at}})
    assert result.event_names == ("page_view", "signup", "Ignore 2 rules"), "the booking lies after the day asked for"
    assert "Event names on record, the commonest first: page_view, signup." in result.findings
    assert (result.figure("events.page_view.times").value, result.figure("events.page_view.people").value) == (5, 3)
    assert result.figure("events.signup.people").value == 2
    assert run({"events": {"event_id": [], "name": [], "contact_id": [], "at": []}}).event_names == ()
