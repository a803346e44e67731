"""The same expressions on PySpark give the same figures, over the same Delta files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from grounding.evidence import Locale
from store.clients import Client
from store.facts import StoredFacts, facts_from_tables, open_facts
from store.importing.tables import import_table

pytestmark = pytest.mark.spark
pytest.importorskip("pyspark")

BRAND = Client("cl_1", "ws_1", "salon", "Salon (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("facts")
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(200)]
    import_table(root, "ws_1", BRAND, "ad_metrics", pa.table({
        "day": days * 2, "channel": ["meta"] * 200 + ["google_ads"] * 200, "campaign": ["spring"] * 400,
        "spend": [number * 37 % 9973 for number in range(400)], "currency": ["ZAR"] * 400,
        "conversions": [Decimal(number) / 7 // Decimal("0.000001") * Decimal("0.000001") for number in range(400)],
    }))  # fmt: skip
    import_table(root, "ws_1", BRAND, "ad_metrics", pa.table({
        "day": [date(2026, 12, 31)], "channel": ["meta"], "campaign": ["late"], "spend": [1], "currency": ["ZAR"],
    }))  # fmt: skip
    moments = [datetime(2026, 3, 1, 21, 30, tzinfo=UTC) + timedelta(minutes=number) for number in range(300)]
    import_table(root, "ws_1", BRAND, "events", pa.table({
        "event_id": [f"e{number}" for number in range(300)], "name": ["visit", "booking", "visit"] * 100, "at": moments,
        "contact_id": [None if number % 3 else f"c{number}" for number in range(300)],
    }))  # fmt: skip
    return root


@pytest.fixture(params=["newest", "pinned"])
def both(root: Path, request: pytest.FixtureRequest) -> Iterator[tuple[StoredFacts, StoredFacts]]:
    versions = {"ad_metrics": 1, "events": 1} if request.param == "pinned" else None
    with (
        open_facts(root, "ws_1", BRAND, as_of=date(2026, 11, 21), versions=versions) as duck,
        open_facts(
            root, "ws_1", BRAND, as_of=date(2026, 11, 21), versions=versions, engine="pyspark", engine_settings={"spark.master": "local[1]"}
        ) as spark,
    ):
        yield duck, spark


def rows(facts: StoredFacts, expression: Any) -> list[dict[str, Any]]:
    return facts.fetch(expression).to_pylist()


def by_channel(facts: StoredFacts) -> ibis.Table:
    ads = facts.table("ad_metrics")
    grouped = ads.group_by("channel").aggregate(
        spend=ads.spend.sum(), conversions=ads.conversions.sum(), first=ads.day.min(), last=ads.day.max(), days=ads.day.nunique()
    )
    return grouped.order_by("channel")


def by_hour(facts: StoredFacts) -> ibis.Table:
    events = facts.table("events")
    grouped = events.group_by(hour=events.at.truncate("h"), name=events.name).aggregate(
        events=events.count(), known=events.contact_id.count(), first=events.at.min()
    )
    return grouped.order_by("hour", "name")


def in_two_hours(facts: StoredFacts) -> ibis.Table:
    events, start = facts.table("events"), datetime(2026, 3, 1, 23, tzinfo=UTC)
    late = events.filter((events.at >= start) & (events.at < start + timedelta(hours=2)))
    return late.select("event_id", "at", second=late.at.epoch_seconds()).order_by("event_id")


@pytest.mark.parametrize("expression", [by_channel, by_hour, in_two_hours])
def test_both_engines_give_the_same_rows(both: tuple[StoredFacts, StoredFacts], expression: Any) -> None:
    duck, spark = both
    assert rows(duck, expression(duck)) == rows(spark, expression(spark))
    assert duck.versions == spark.versions


def test_both_engines_list_the_same_tables(both: tuple[StoredFacts, StoredFacts]) -> None:
    duck, spark = both
    assert duck.names() == spark.names() == ("ad_metrics", "events")


def test_two_clients_on_one_application_do_not_meet(root: Path) -> None:
    other = Client("cl_2", "ws_1", "gym", "Gym (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))
    import_table(root, "ws_1", other, "ad_metrics", pa.table({
        "day": [date(2026, 1, 1)], "channel": ["email"], "campaign": ["x"], "spend": [5], "currency": ["ZAR"],
    }))  # fmt: skip
    with (
        open_facts(root, "ws_1", BRAND, as_of=date(2026, 11, 21), engine="pyspark") as first,
        open_facts(root, "ws_1", other, as_of=date(2026, 11, 21), engine="pyspark") as second,
    ):
        counts = []
        tables = [(facts, facts.table("ad_metrics")) for facts in (first, second)]
        for facts, table in tables:
            counts.append(rows(facts, table.aggregate(rows=table.count()))[0]["rows"])
        assert counts == [401, 1]


def test_facts_in_memory_work_on_spark_too() -> None:
    orders = pa.table({
        "order_id": ["o1"], "contact_id": ["c1"], "at": [datetime(2026, 3, 1, 21, 30, tzinfo=UTC)], "amount": [2**53 + 1],
        "currency": ["ZAR"],
    })  # fmt: skip
    found = []
    for engine in ("duckdb", "pyspark"):
        held = facts_from_tables({"orders": orders}, as_of=date(2026, 11, 21), engine=engine)
        table = held.table("orders")
        found.append(held.fetch(table.select("at", "amount")).to_pylist())
        held.close()
    assert found[0] == found[1]
