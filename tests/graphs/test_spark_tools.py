"""Every tool that reads facts gives the same figures on PySpark as on DuckDB, over the same Delta files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.clients import AS_OF, CLIENTS
from demo.simulate import simulate
from graphs.run_tool import ToolCall, compute
from grounding.evidence import Evidence, Locale
from grounding.replay import compare
from store.clients import Client
from store.engines import EngineName
from store.importing.importing import import_file
from store.importing.tables import import_table
from tools.contract import NotEnoughData
from tools.registry import every

pytestmark = pytest.mark.spark
pytest.importorskip("pyspark")

WANTED = CLIENTS["salon"]
SALON = Client(
    "cl_1", "ws_1", "salon", WANTED.name, Locale(language=WANTED.language, currency=WANTED.currency, zone=WANTED.zone),
    {"today": AS_OF.isoformat()}, datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip

BOOKED = {"source": "events", "event": "booking"}
OCTOBER = {"first_day": "2026-10-01", "last_day": "2026-10-31"}

REQUESTS: dict[str, tuple[dict[str, Any], ...]] = {
    "describe_data": ({}, {"tables": ["free_visits", "orders"]}),
    "summarize_channels": ({}, {"days": 28, "channels": ["meta", "google_ads"]}),
    "segment_audience": (
        {"method": "kmeans", "source": "orders"}, {"method": "rfm", "source": "orders"}, {"source": "events"}, {"source": "subscriptions"},
        {"source": "payments", "method": "rfm"},
    ),
    "fit_response_curves": tuple(
        {"outcome": outcome, "draws": 20, "kept_draws": 20, **more}
        for outcome, more in (
            ("auto", {}), ("new_customers", {}), ("orders", {}), ("contacts", {}), ("attributed_customers", {}),
            ("events", {"event": "booking"}), ("platform_conversions", {}),
        )
    ),
    "allocate_budget": ({"budget": 1_500_000, "currency": "ZAR", "fee_share": 0.1, "vat_rate": 0.15},),
    "design_experiment": (
        {"entry_event": "page_view", "goal_event": "booking", "relative_effect": 0.1},
        *({"metric": metric, "relative_effect": 0.1} for metric in ("mean", "count", "revenue", "ratio", "quantile", "retention")),
    ),
    "analyze_experiment": (
        {
            "experiment": "first_booking_offer",
            "subgroups_by": ["city", "source"],
            "metrics": [
                {"name": "booking_rate", "outcome": BOOKED, "before_days": 28},
                {"name": "bookings", "kind": "count", "role": "secondary", "outcome": BOOKED | {"of": "count"}},
                {"name": "revenue", "kind": "mean", "role": "secondary", "currency": "ZAR", "winsorise": 0.99,
                 "outcome": {"source": "orders", "of": "value"}},
                {"name": "order_value", "kind": "ratio", "role": "secondary", "currency": "ZAR",
                 "outcome": {"source": "orders", "of": "value"}, "denominator": {"source": "orders", "of": "count"}},
                {"name": "kept", "kind": "retention", "role": "secondary", "outcome": BOOKED, "from_day": 7},
                {"name": "median", "kind": "quantile", "role": "secondary", "currency": "ZAR",
                 "outcome": {"source": "orders", "of": "value"}},
            ],
        },
        {
            "units_table": {"table": "free_visits"},
            "metrics": [{"name": "minutes", "kind": "mean", "column": "minutes"}],
        },
    ),
    "check_sample_ratio": (
        {"experiment": "home_headline"}, {"experiment": "home_headline", "by": "source"}, {"experiment": "home_headline", "by": "city"},
    ),
    "train_model": (
        {"kind": "churn", "table": "subscriptions", "label": "ended_at", "time_column": "started_at", "horizon_days": 180},
    ),
    "score_leads": (
        {
            "table": "contacts", "id_column": "contact_id", "capacity": 50, "limit": 5,
            "points": [{"column": "stage", "when": "equals", "value": "opportunity", "points": 20}],
        },
    ),
    "predict_churn": (
        {
            "table": "subscriptions", "id_column": "subscription_id", "limit": 5,
            "learn": {"table": "subscriptions", "label": "ended_at", "time_column": "started_at", "horizon_days": 180},
        },
    ),
    "score_health": ({"limit": 5},),
    "list_prices": ({}, {"products": ["cut_and_style"]}),
    "predict_value": ({"source": "orders", "horizons_months": [6, 12]}, {"source": "subscriptions", "horizons_months": [6]}),
    "measure_uplift": (
        {
            "assignment": "randomised",
            "rows": {
                "table": "free_visits", "arm_column": "arm", "treatment": "b", "outcome_column": "minutes", "feature_columns": ["before"],
            },
        },
    ),
    "recommend_next_action": (
        {
            "actions": [{"name": "offer", "value_per_outcome": 5000}], "audiences": [{"segment": "new people", "people": 3000}],
            "experiments": [{"action": "offer", "experiment": "first_booking_offer", "treatment": "ten_percent_off", "outcome": BOOKED}],
        },
    ),
    "find_send_time": ({},),
    "find_case_studies": ({"measure": "bookings"}, {"source": "usage"}),
    "compare_matched": ({"accounts": ["A000268"], "measure": "bookings"}, {"accounts": ["A000268"], "source": "usage", "measure": "diary"}),
    "compare_competitors": ({}, {"since": "2026-04-30", "threshold": 0.01}),
    "summarize_cancellations": ({}, {"days": 90}),
    "select_recipients": ({}, {"bought": "before", "quiet_days": 90}, {"bought": "never"}),
    "compare_periods": ({**OCTOBER}, {"first_day": "2026-10-19", "last_day": "2026-10-25", "channels": ["meta", "email"]}),
    "track_goals": (
        {**OCTOBER, "goals": [
            {"name": "bookings", "measure": "orders", "target_count": 5000},
            {"name": "new guests", "measure": "new_customers", "target_count": 900},
            {"name": "new guests from ads", "measure": "attributed_customers", "target_count": 600, "channels": ["meta", "tiktok"]},
            {"name": "sign-ups", "measure": "contacts", "target_count": 1500},
            {"name": "menu views", "measure": "events", "event": "menu_view", "target_count": 1},
            {"name": "takings", "measure": "revenue", "target_amount": 300_000_000},
            {"name": "ad spend", "measure": "spend", "target_amount": 1_800_000},
            {"name": "claims", "measure": "platform_conversions", "target_count": 700},
            {"name": "cost per booking", "measure": "cost_per_conversion", "target_amount": 3000},
        ]},
    ),
    "score_promises": (
        {"promises": [
            {"name": "bookings", "measure": "orders", "first_day": "2026-09-01", "last_day": "2026-09-30", "value": 5000, "low": 4900,
             "high": 5100, "level": 0.9, "made_on": "2026-08-31", "made_in": "report"},
        ]},
    ),
}  # fmt: skip
"""Requests that read facts, for every tool that can; together they take each source and each way of reading that there is."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated salon, a table of another shape, and tables of several files."""
    root = tmp_path_factory.mktemp("facts")
    for name, table in simulate("salon").items():
        half = table.num_rows // 2
        for part in (table.slice(0, half), table.slice(half)):
            import_table(root, "ws_1", SALON, name, part)
    visits = root.parent / "visits.csv"
    rows = (
        f"v{number},{('control', 'b')[number % 2]},{number * 7919 % 1000 / 8},2026-05-{number % 28 + 1:02d},{number * 31 % 7}"
        for number in range(3000)
    )
    visits.write_text("\n".join(["visit,arm,minutes,day,before", *rows]))
    import_file(root, "ws_1", SALON, visits, table="free_visits")
    return root


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    """One small local application for all: the engine takes the one that runs."""
    from pyspark.sql import SparkSession

    settings = {"spark.master": "local[2]", "spark.sql.shuffle.partitions": "4", "spark.ui.enabled": "false", "spark.driver.memory": "2g"}
    builder = SparkSession.builder.appName("groundwork tests")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield
    session.stop()


def run(name: str, request: dict[str, Any], root: Path, engine: EngineName) -> Evidence | NotEnoughData:
    call = ToolCall(name, request, workspace_id="ws_1", client=SALON, as_of=AS_OF)
    try:
        return compute(call, root, engine)
    except NotEnoughData as refusal:
        return refusal


def without_models(root: Path) -> Path:
    """The same tables with no model learned yet: a second training would be held against the first."""
    for kept in root.rglob("_models"):
        shutil.rmtree(kept)
    return root


def test_every_tool_that_reads_facts_is_compared() -> None:
    assert {tool.name for tool in every() if tool.reads_facts} == set(REQUESTS)


@pytest.mark.parametrize(
    ("name", "request_"),
    [pytest.param(name, request, id=f"{name}-{number}") for name, many in REQUESTS.items() for number, request in enumerate(many)],
)
def test_both_engines_give_the_same_figures(root: Path, name: str, request_: dict[str, Any]) -> None:
    duck = run(name, request_, without_models(root), "duckdb")
    spark = run(name, request_, without_models(root), "pyspark")
    if isinstance(duck, NotEnoughData) or isinstance(spark, NotEnoughData):
        assert (type(duck), str(duck)) == (type(spark), str(spark))
        pytest.fail(f"this request shows nothing: {duck}")
    assert (duck.engine, spark.engine) == ("duckdb", "pyspark")
    assert duck.facts == spark.facts
    assert duck.facts, "this request reads no facts"
    assert duck.figures
    compared = compare(duck.result, spark.result, same_engine=False)
    assert compared.equal, "\n".join(map(str, compared.differences[:20]))
