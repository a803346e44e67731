"""Facts over real Delta tables: what is read, at which version, and from several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from grounding.evidence import Locale
from store.facts import NotReplayable, facts_from_tables, open_facts
from store.importing.tables import import_table
from tools.contract import NotEnoughData, ToolInputError

DAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Brand:
    id: str = "cl_1"
    slug: str = "salon"
    locale: Locale = field(default_factory=Locale)


BRAND = Brand()


def spend(*amounts: int, first_day: int = 1) -> pa.Table:
    days = [date(2026, 1, first_day + offset) for offset in range(len(amounts))]
    size = len(amounts)
    return pa.table({
        "day": days, "channel": ["meta"] * size, "campaign": ["spring"] * size, "spend": list(amounts), "currency": ["ZAR"] * size,
        "conversions": [Decimal("1.5")] * size,
    })  # fmt: skip


def test_a_tool_sums_money_as_whole_minor_units(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(100, 250))
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY) as facts:
        table = facts.table("ad_metrics")
        total = facts.fetch(table.aggregate(spend=table.spend.sum(), conversions=table.conversions.sum()))
        assert total.to_pylist() == [{"spend": 350, "conversions": Decimal("3.000000")}]
        assert facts.versions == {"ad_metrics": 1}
        assert (facts.currency, facts.zone, facts.as_of) == ("ZAR", "Africa/Johannesburg", DAY)


def test_names_lists_tables_that_hold_rows_and_an_absent_one_is_refused_in_words(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(100))
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY) as facts:
        assert facts.names() == ("ad_metrics",)
        with pytest.raises(NotEnoughData, match="no orders for this client"):
            facts.table("orders")
        assert facts.versions == {}


def test_a_pinned_version_still_gives_the_old_figure(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(100))
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(900, first_day=2))
    for version, total in ((1, 100), (2, 1000)):
        with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY, versions={"ad_metrics": version}) as facts:
            table = facts.table("ad_metrics")
            assert facts.fetch(table.aggregate(spend=table.spend.sum())).to_pylist() == [{"spend": total}]


def test_pinned_facts_do_not_know_what_came_later(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(100))
    prices = pa.table({"product": ["cut"], "price": [100], "currency": ["ZAR"], "valid_from": [DAY]})
    import_table(tmp_path, "ws_1", BRAND, "prices", prices)
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY, versions={"ad_metrics": 1}) as facts:
        assert facts.names() == ("ad_metrics",)
        with pytest.raises(NotEnoughData):
            facts.table("prices")


def test_one_connection_serves_many_threads(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(*range(1, 29)))
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY) as facts, ThreadPoolExecutor(8) as pool:

        def total(day: int) -> int:
            table = facts.table("ad_metrics")
            return facts.fetch(table.filter(table.day == date(2026, 1, day)).aggregate(spend=table.spend.sum())).to_pylist()[0]["spend"]

        assert list(pool.map(total, [*range(1, 29)] * 4)) == [*range(1, 29)] * 4


def test_ids_and_names_cannot_leave_the_root(tmp_path):
    for part in ("../ws", "ws/1", "", ".hidden"):
        with pytest.raises(ToolInputError):
            open_facts(tmp_path, part, BRAND, as_of=DAY)
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY) as facts, pytest.raises(ToolInputError, match="is not a table name"):
        facts.table("../cl_2/orders")


def test_a_version_that_never_was_is_not_replayable(tmp_path):
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(100))
    with (
        open_facts(tmp_path, "ws_1", BRAND, as_of=DAY, versions={"ad_metrics": 9}) as facts,
        pytest.raises(NotReplayable, match="version 9"),
    ):
        facts.table("ad_metrics")


def test_facts_in_memory_take_the_contract_types():
    facts = facts_from_tables({"ad_metrics": spend(100, 250)}, as_of=DAY, currency="USD", zone="UTC")
    schema = facts.table("ad_metrics").schema()
    assert str(schema["conversions"]) == "decimal(18, 6)"
    assert facts.names() == ("ad_metrics",)
    assert facts.currency == "USD"
    moment = datetime(2026, 1, 1, 8, tzinfo=UTC)
    events = pa.table({"event_id": ["e1"], "name": ["signup"], "at": [moment]})
    held = facts_from_tables({"events": events}, as_of=DAY)
    assert held.fetch(held.table("events").select("at")).to_pylist() == [{"at": moment}]


def test_facts_in_memory_refuse_a_table_that_breaks_its_contract():
    with pytest.raises(ToolInputError, match="needs the column currency"):
        facts_from_tables({"ad_metrics": spend(100).drop_columns(["currency"])}, as_of=DAY)


def test_what_is_exact_in_any_order_runs_on_every_processor_and_the_rest_on_one(tmp_path, monkeypatch):
    monkeypatch.setattr("store.engines.os.cpu_count", lambda: 3)
    import_table(tmp_path, "ws_1", BRAND, "ad_metrics", spend(*range(1, 29)))
    with open_facts(tmp_path, "ws_1", BRAND, as_of=DAY) as facts:
        table = facts.table("ad_metrics")
        threads = table.aggregate(spend=table.spend.sum()).mutate(threads=current_setting("threads"))
        assert facts.fetch(threads, exact=True).to_pylist() == [{"spend": 406, "threads": 3}]
        assert facts.fetch(threads).to_pylist() == [{"spend": 406, "threads": 1}]


@ibis.udf.scalar.builtin
def current_setting(name: str) -> int:
    """DuckDB's own."""
