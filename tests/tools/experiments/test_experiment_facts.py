"""From exposures, events and orders: each unit once, when its window has closed, and the same sums as a table with a row per unit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from store.facts import facts_from_tables
from tests.tools.memory_facts import typed
from tools.contract import NotEnoughData, ToolInputError
from tools.registry import load

AS_OF = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)  # the start of the day asked for in Johannesburg


def run(tables: dict[str, Any], **request: Any) -> Any:
    declared = load("analyze_experiment")
    arrow = {name: table if isinstance(table, pa.Table) else typed(name, table) for name, table in tables.items()}
    facts = facts_from_tables(arrow, as_of=AS_OF, currency="ZAR", zone="Africa/Johannesburg")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), facts)


def exposures(rows: list[tuple[str, str, float]]) -> dict[str, Any]:
    return {
        "experiment": ["offer"] * len(rows),
        "unit_id": [unit for unit, _, _ in rows],
        "arm": [arm for _, arm, _ in rows],
        "at": [MIDNIGHT - timedelta(days=days) for _, _, days in rows],
    }


def events(rows: list[tuple[str, str, float]]) -> dict[str, Any]:
    return {
        "event_id": [f"e{i}" for i in range(len(rows))],
        "contact_id": [unit for unit, _, _ in rows],
        "name": [name for _, name, _ in rows],
        "at": [MIDNIGHT - timedelta(days=days) for _, _, days in rows],
    }


BOOKED = {"name": "booked", "outcome": {"event": "booking"}}


def test_a_unit_counts_once_and_only_when_its_window_has_closed():
    shown = [("a1", "control", 20), ("a2", "control", 20), ("b1", "treatment", 20), ("b2", "treatment", 15), ("b3", "treatment", 3)]
    shown += [("a1", "control", 18), ("x", "control", 20), ("x", "treatment", 19)]
    done = [
        ("a1", "booking", 19.5), ("a1", "booking", 19), ("a2", "booking", 21), ("a2", "booking", 12.5), ("b1", "booking", 13.001),
        ("b2", "page_view", 14), ("b3", "booking", 2), ("x", "booking", 19), ("b1", "page_view", 0.00001),
    ]  # fmt: skip
    result = run(
        {"exposures": exposures(shown), "events": events(done)}, experiment="offer", window_days=7, metrics=[BOOKED], minimum_units=2
    )
    [found] = result.comparisons
    assert (found.control_value, found.treatment_value) == (0.5, 0.5), "a2 before and after its window, b1 on its last day"
    assert (result.units_analysed, result.units_open, result.repeated_exposures) == (4, 1, 2)
    assert result.figure("crossed_units").value == 1
    assert result.decision.action == "invalid", "one of six saw both arms"


def test_windows_are_held_open_until_the_outcomes_are_known():
    shown = [(f"{arm}{i}", arm, 20 + i / 100) for arm in ("control", "treatment") for i in range(50)]
    late = events([("control1", "booking", 18)])
    with pytest.raises(NotEnoughData, match="closed") as refusal:
        run({"exposures": exposures(shown), "events": late}, experiment="offer", window_days=7, metrics=[BOOKED])
    assert "100" in refusal.value.found


@pytest.fixture(scope="module")
def simulated() -> tuple[dict[str, Any], pa.Table]:
    """Simulated: 3 000 people before and after exposure, and the same people as a table with a row each."""
    random = np.random.default_rng(31)
    shown, happened, orders = [], [], []
    rows: dict[str, list[Any]] = {name: [] for name in ("arm", "booked", "views", "views_before", "spent", "bought")}
    for i in range(3000):
        unit, arm, entered = f"u{i}", ("control", "treatment")[i % 2], float(random.uniform(16, 40))
        taste = random.gamma(2, 1)
        before, after = int(random.poisson(3 * taste)), int(random.poisson(3 * taste * (1.1 if arm == "treatment" else 1)))
        booked, bought = bool(random.random() < 0.2), int(random.poisson(0.5))
        shown.append((unit, arm, entered))
        happened += [(unit, "page_view", entered + float(t)) for t in random.uniform(0.01, 6.9, before)]
        happened += [(unit, "page_view", entered - float(t)) for t in random.uniform(0.01, 6.9, after)]
        happened += [(unit, "booking", entered - 3.0)] * (2 * booked)
        amounts = [int(a) for a in random.lognormal(9, 1, bought)]
        orders += [(unit, amount, entered - 2.0) for amount in amounts] + [(unit, 10**7, entered + 1.0)]
        for name, value in zip(rows, (arm, int(booked), after, before, sum(amounts), bought), strict=True):
            rows[name].append(value)
    happened.append(("nobody", "page_view", 0.0001))
    orders.append(("nobody", 1, 0.0001))
    bought_rows = {
        "order_id": [f"o{i}" for i in range(len(orders))],
        "contact_id": [unit for unit, _, _ in orders],
        "at": [MIDNIGHT - timedelta(days=days) for _, _, days in orders],
        "amount": [amount for _, amount, _ in orders],
        "currency": ["ZAR"] * len(orders),
    }
    return {"exposures": exposures(shown), "events": events(happened), "orders": bought_rows}, pa.table(rows)


VIEWS = {"event": "page_view", "of": "count"}
SPENT, BOUGHT = {"source": "orders", "of": "value"}, {"source": "orders", "of": "count"}


def test_the_join_gives_what_rows_per_unit_give(simulated):
    tables, rows = simulated
    joined = run(
        tables, experiment="offer", window_days=7,
        metrics=[
            {"name": "booked", "outcome": {"event": "booking"}},
            {"name": "views", "kind": "count", "role": "secondary", "outcome": VIEWS, "before_days": 7},
            {"name": "spend", "kind": "mean", "role": "guardrail", "currency": "ZAR", "outcome": SPENT},
            {"name": "order", "kind": "ratio", "role": "secondary", "currency": "ZAR", "outcome": SPENT, "denominator": BOUGHT},
        ],
    )  # fmt: skip
    prepared = run(
        {"units": rows}, units_table={"table": "units"},
        metrics=[
            {"name": "booked", "column": "booked"},
            {"name": "views", "kind": "count", "role": "secondary", "column": "views", "before_column": "views_before"},
            {"name": "spend", "kind": "mean", "role": "guardrail", "currency": "ZAR", "column": "spent"},
            {"name": "order", "kind": "ratio", "role": "secondary", "currency": "ZAR", "column": "spent", "denominator_column": "bought"},
        ],
    )  # fmt: skip
    for a, b in zip(joined.comparisons, prepared.comparisons, strict=True):
        for name in ("control_value", "treatment_value", "difference", "standard_error", "p_value", "variance_reduction"):
            if getattr(b, name) is not None:
                assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-9), (a.metric, name)
    views = next(row for row in joined.comparisons if row.metric == "views")
    assert views.variance_reduction > 0.3
    assert views.lift == pytest.approx(0.1, abs=0.06)
    values = np.array(rows.column("views").to_pylist())
    control = values[np.array(rows.column("arm").to_pylist()) == "control"]
    assert views.control_value == pytest.approx(control.mean(), rel=1e-12)


def test_caps_and_quantiles_read_whole_outcomes_with_zeros_among_them(simulated):
    tables, rows = simulated
    result = run(
        tables, experiment="offer", window_days=7,
        metrics=[
            {"name": "spend", "kind": "mean", "winsorise": 0.95, "currency": "ZAR", "outcome": SPENT},
            {"name": "nine_in_ten", "kind": "quantile", "quantile": 0.9, "role": "secondary", "currency": "ZAR", "outcome": SPENT},
        ],
    )  # fmt: skip
    spent, arm = np.array(rows.column("spent").to_pylist()), np.array(rows.column("arm").to_pylist())
    cap = np.sort(spent)[int(np.ceil(0.95 * len(spent))) - 1]
    capped, quantile = result.comparisons
    assert capped.control_value == pytest.approx(np.minimum(spent, cap)[arm == "control"].mean(), rel=1e-12)
    assert quantile.control_value == np.sort(spent[arm == "control"])[int(np.ceil(0.9 * 1500)) - 1]


def test_caps_and_quantiles_come_from_a_units_table_too():
    random = np.random.default_rng(8)
    spent, arm = random.gamma(1, 5000, 4000).astype(int), np.array(["control", "treatment"] * 2000)
    metrics = [
        {"name": "spend", "kind": "mean", "winsorise": 0.95, "column": "spent"},
        {"name": "median", "kind": "quantile", "role": "secondary", "column": "spent"},
    ]
    result = run({"units": pa.table({"arm": arm, "spent": spent})}, units_table={"table": "units"}, metrics=metrics)
    mean, median = result.comparisons
    assert mean.control_value == pytest.approx(np.minimum(spent, np.sort(spent)[3799])[arm == "control"].mean())
    assert median.control_value == np.sort(spent[arm == "control"])[999]


def test_a_retention_counts_from_its_first_day():
    shown = [(f"{arm}{i}", arm, 20) for arm in ("control", "treatment") for i in range(100)]
    came = [(f"control{i}", "visit", 19.0) for i in range(30)] + [(f"control{i}", "visit", 12.5) for i in range(10)]
    came += [(f"treatment{i}", "visit", 12.9) for i in range(20)] + [("other", "visit", 0.001)]
    metric = {"name": "back", "kind": "retention", "from_day": 7, "outcome": {"event": "visit"}}
    [found] = run({"exposures": exposures(shown), "events": events(came)}, experiment="offer", window_days=10, metrics=[metric]).comparisons
    assert (found.control_value, found.treatment_value) == (0.1, 0.2)


def test_an_arm_without_exposures_and_one_that_was_not_planned_are_refused():
    shown = [(f"u{i}", "control", 20) for i in range(10)]
    tables = {"exposures": exposures(shown), "events": events([("u1", "booking", 0.001)])}
    for arms in ([], [{"arm": "control"}, {"arm": "treatment"}], [{"arm": "other"}]):
        with pytest.raises(ToolInputError):
            run(tables, experiment="offer", metrics=[BOOKED], arms=arms)


def test_parts_of_the_audience_come_from_contacts_or_from_columns_of_the_units_table():
    random = np.random.default_rng(3)
    arms, cities = ("control", "treatment"), ("accra", "lagos", None)
    shown = [(f"u{i}", arms[i % 2], 20.0) for i in range(6000)]
    place = [cities[i // 2 % 3] for i in range(6000)]
    rate = {("lagos", 1): 0.5}
    done = [random.random() < rate.get((place[i], i % 2), 0.2) for i in range(6000)]
    booked = [(f"u{i}", "booking", 19.0) for i in range(6000) if done[i]] + [("other", "booking", 0.0001)]
    contacts = {"contact_id": [f"u{i}" for i in range(6000)], "created_at": [MIDNIGHT] * 6000, "city": place}
    tables = {"exposures": exposures(shown), "events": events(booked), "contacts": contacts}
    read = run(tables, experiment="offer", window_days=7, metrics=[BOOKED], subgroups_by=["city"])
    found = {row.part: row for row in read.subgroups}
    assert set(found) == {"accra", "lagos", "unknown"}
    mine = [d for d, where, i in zip(done, place, range(6000), strict=True) if where == "lagos" and i % 2]
    control = [d for d, where, i in zip(done, place, range(6000), strict=True) if where == "lagos" and not i % 2]
    assert found["lagos"].difference == pytest.approx(np.mean(mine) - np.mean(control), rel=1e-12)
    assert found["lagos"].flagged
    rows = pa.table({"unit": [u for u, _, _ in shown], "arm": [arm for _, arm, _ in shown], "done": done, "city": place})
    named = {"table": "units", "unit_column": "unit", "subgroup_columns": ["city"]}
    metric = {"name": "booked", "kind": "mean", "column": "done"}
    again = {row.part: row for row in run({"units": rows}, units_table=named, metrics=[metric]).subgroups}
    assert {part: row.difference for part, row in again.items()} == pytest.approx({part: row.difference for part, row in found.items()})
    with pytest.raises(ToolInputError, match="more than once") as refusal:
        run({"units": pa.concat_tables([rows, rows.slice(0, 1)])}, units_table=named, metrics=[metric])
    assert refusal.value.needed == "6001 different units"


def test_units_that_all_saw_both_arms_are_refused():
    shown = [(f"u{i}", arm, 20.0) for i in range(50) for arm in ("control", "treatment")]
    with pytest.raises(NotEnoughData, match="more than one arm"):
        run({"exposures": exposures(shown), "events": events([("u1", "booking", 0.001)])}, experiment="offer", metrics=[BOOKED])


@pytest.mark.parametrize(("column", "why"), [("nowhere", "no column"), ("arm", "no numbers"), ("holes", "have no")])
def test_a_units_table_that_cannot_be_read_says_why(column, why):
    rows = pa.table({"arm": ["control", "treatment"] * 200, "holes": [1, None] * 200})
    with pytest.raises((ToolInputError, NotEnoughData), match=why):
        run({"units": rows}, units_table={"table": "units"}, metrics=[{"name": "m", "kind": "mean", "column": column}])
