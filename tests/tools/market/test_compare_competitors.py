"""Competitors' prices beside ours: like for like, the newest look, and what changed since the one before."""

from __future__ import annotations

import math
from datetime import date

import pyarrow as pa
import pytest

from store.facts import facts_from_tables
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

DAY = date(2026, 10, 31)
SEEN = [
    ("Rival A", "Cut", 9000, date(2026, 7, 1)),
    ("Rival A", "Cut", 8000, date(2026, 10, 20)),
    ("Rival A", "Colour", 22000, date(2026, 7, 1)),
    ("Rival A", "Colour", 22000, date(2026, 10, 20)),
    ("Rival A", "Cut", 1, date(2027, 1, 1)),
    ("Rival B", "Cut", 12000, date(2026, 7, 1)),
    ("Rival B", "Beard", 5000, date(2026, 7, 1)),
]


def tables(rows=SEEN, ours=(("Cut", 10000), ("Colour", 20000))):
    competitor, product, price, seen = (list(column) for column in zip(*rows, strict=True))
    found = {
        "competitor_prices": pa.table(
            {
                "competitor": competitor, "product": product, "price": price, "currency": ["ZAR"] * len(rows), "seen_on": pa.array(seen),
                "source": [f"https://{name[-1].lower()}.example/prices" for name in competitor],
            }
        )
    }  # fmt: skip
    if ours:
        names, prices = zip(*ours, strict=True)
        found["prices"] = pa.table(
            {
                "product": list(names), "price": list(prices), "currency": ["ZAR"] * len(ours),
                "valid_from": [date(2026, 1, 1)] * len(ours),
                "unit": ["visit"] * len(ours), "unit_cost": pa.array([None] * len(ours), pa.int64()),
            }
        )  # fmt: skip
    return found


def ask(found, **given):
    declared = load("compare_competitors")
    facts = facts_from_tables(found, as_of=DAY)
    return declared(declared.request(as_of=DAY, **given), facts)


def test_the_index_is_the_geometric_mean_over_products_of_both_lists():
    result = ask(tables())
    index = result.figure("rival_a.price_index")
    assert index.value == pytest.approx(math.sqrt(0.8 * 1.1), rel=1e-12)
    assert (index.interval.low, index.interval.high, index.interval.kind, index.n) == (0.8, 1.1, "range", 2)
    assert result.figure("rival_b.products").value == 1
    assert result.figure("rival_a.last_seen").value == "2026-10-20"
    assert index.source == "https://a.example/prices"


def test_a_look_after_the_day_is_not_seen_and_a_change_needs_two_looks():
    result = ask(tables())
    assert result.figure("rival_a.cut.price").value == 8000
    assert result.figure("rival_a.cut.change").value == pytest.approx(-1 / 9)
    assert result.figure("rival_a.change").value == pytest.approx(math.sqrt(8 / 9) - 1)
    assert "rival_b.change" not in {figure.key for figure in result.figures}


def test_a_rival_who_went_below_our_price_wants_an_answer_and_a_small_move_does_not():
    newly = [("Rival A", "Cut", 10500, date(2026, 7, 1)), ("Rival A", "Cut", 8000, date(2026, 10, 20))]
    assert ask(tables(newly)).decision.action == "answer"
    assert ask(tables(), threshold=0.3).decision.action == "hold"
    above = [("Rival A", "Cut", 30000, date(2026, 7, 1)), ("Rival A", "Cut", 26000, date(2026, 10, 20))]
    assert ask(tables(above)).decision.action == "watch"
    assert ask(tables(SEEN[5:])).decision.action == "look_again"


def test_a_rival_who_was_below_already_did_not_go_below_our_price():
    """By our price of that day: what we have raised since makes nobody newly cheaper."""
    further = ask(tables()).decision
    assert further.action == "watch"
    assert further.reason.startswith("A competitor that was below our price already went further down")
    found = tables()
    raised = found["prices"].slice(0, 1).to_pylist()[0] | {"price": 8900, "valid_from": date(2025, 6, 1)}
    found["prices"] = pa.concat_tables([pa.Table.from_pylist([raised], schema=found["prices"].schema), found["prices"]])
    lately = found["prices"].to_pylist()
    lately[1]["valid_from"] = date(2026, 9, 1)
    found["prices"] = pa.Table.from_pylist(lately, schema=found["prices"].schema)
    assert ask(found).decision.action == "answer", "at ninety rand it stood above our eighty-nine of that day"


def test_old_looks_and_what_is_not_known_of_them_must_be_said():
    insisted = {caveat.code for caveat in ask(tables()).caveats if caveat.insist}
    assert insisted == {"as_seen", "old_looks"}
    assert "unmatched" in {caveat.code for caveat in ask(tables()).caveats}
    assert insisted - {caveat.code for caveat in ask(tables(), stale_days=200).caveats} == {"old_looks"}


def test_without_prices_of_our_own_nothing_is_compared_with_them():
    result = ask(tables(ours=()))
    assert not any(figure.metric == "price_index" for figure in result.figures)
    assert "no_own_prices" in {caveat.code for caveat in result.caveats}
    assert result.figure("rival_a.cut.change").value == pytest.approx(-1 / 9)


def test_where_our_prices_stand_among_all():
    result = ask(tables())
    assert [result.figure(key).value for key in ("products", "dearest", "cheapest")] == [2, 0, 1]


def test_requests_that_cannot_be_answered_say_what_would_do():
    with pytest.raises(NotEnoughData) as refused:
        ask(tables(), competitors=("Rival Z",))
    assert "Rival A, Rival B" in refused.value.needed
    with pytest.raises(ToolInputError):
        ask(tables(), since=date(2026, 11, 30))
    with pytest.raises(NotEnoughData):
        ask(tables(), currency="USD")


def test_names_that_differ_in_signs_only_keep_their_own_figures():
    rows = [("Rival-A", "Cut", 9000, DAY), ("Rival A", "Cut", 11000, DAY)]
    result = ask(tables(rows))
    assert {figure.entity for figure in result.figures if figure.metric == "price_index"} == {"Rival-A", "Rival A"}
