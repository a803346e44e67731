"""Forecasts of value: from histories, tables, orders and subscriptions; doubt in two parts; scenarios named; bad input refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from store.facts import facts_from_tables
from tests.reference_data import reference_rows
from tests.tools.memory_facts import memory_facts, typed
from tools.contract import NotEnoughData, ToolInputError
from tools.methods import bg_nbd
from tools.registry import load

AS_OF = date(2026, 11, 21)


def run(tables: dict[str, Any] | None = None, **request: Any) -> Any:
    declared = load("predict_value")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables or {}, as_of=AS_OF))


def histories(customers: int = 600, seed: int = 3, **more: Any) -> list[dict[str, Any]]:
    """Simulated customers who buy as BG/NBD says, watched over a year."""
    random = np.random.default_rng(seed)
    found = bg_nbd.simulate(np.array([0.6, 6.0, 0.8, 2.5]), random.integers(8, 53, customers).astype(float), random)
    value = np.exp(random.normal(8, 0.5, len(found)))
    return [
        {
            "repeat_purchases": int(x), "last_purchase": float(last), "observed": float(age), "customers": int(weight),
            **({"mean_value": float(worth)} if x else {}), **more,
        }
        for x, last, age, weight, worth in zip(found.x, found.last, found.age, found.weight, value, strict=True)
    ]  # fmt: skip


def orders(customers: int = 500, seed: int = 4, days: int = 400) -> dict[str, Any]:
    """Simulated orders: first ones spread over the record, then again at their own rate until they stop."""
    random = np.random.default_rng(seed)
    rows: list[tuple[str, datetime, int]] = []
    end = datetime(2026, 11, 21, 20, tzinfo=UTC)
    for person in range(customers):
        at, rate, stop = float(random.uniform(0, days - 10)), random.gamma(0.8, 1 / 25), random.beta(0.8, 3)
        worth = np.exp(random.normal(9, 0.4))
        while at < days:
            rows.append((f"p{person}", end - timedelta(days=days - at), int(worth * random.uniform(0.8, 1.2))))
            at += random.exponential(1 / rate)
            if random.random() < stop:
                break
    return {
        "order_id": [f"o{number}" for number in range(len(rows))],
        "contact_id": [row[0] for row in rows],
        "at": [row[1] for row in rows],
        "amount": [row[2] for row in rows],
        "currency": ["ZAR"] * len(rows),
        "status": ["paid"] * len(rows),
    }


def subscriptions(people: int = 400, seed: int = 6, backwards: int = 0) -> dict[str, Any]:
    """Simulated monthly contracts."""
    random = np.random.default_rng(seed)
    started = [datetime(2025, 5, 1, tzinfo=UTC) + timedelta(days=float(day)) for day in random.uniform(0, 400, people)]
    months = random.geometric(random.beta(0.9, 6, people))
    ended = [start + timedelta(seconds=2_629_800 * int(count) - 3600) for start, count in zip(started, months, strict=True)]
    now = datetime(2026, 11, 21, tzinfo=UTC)
    last = [end if end < now else None for end in ended]
    last[:backwards] = [started[0] - timedelta(days=9)] * backwards
    return {
        "subscription_id": [f"s{number}" for number in range(people)],
        "contact_id": [f"c{number}" for number in range(people)],
        "plan": ["pro"] * people,
        "mrr": [19_900] * people,
        "currency": ["ZAR"] * people,
        "started_at": started,
        "ended_at": last,
    }


def test_histories_give_the_forecast_with_its_doubt_in_two_parts():
    result = run(histories=histories(), horizons_months=[6, 12, 60])
    for key in ("in_6_months.purchases", "in_12_months.value"):
        parameters, outcome = result.figure(key).interval, result.figure(f"{key}_outcome").interval
        assert (parameters.kind, outcome.kind) == ("confidence", "prediction")
        assert outcome.low <= parameters.low < result.figure(key).value < parameters.high <= outcome.high
    assert result.figure("in_12_months.purchases").value > result.figure("in_6_months.purchases").value
    assert result.model == "bg_nbd"
    assert {one.name for one in result.parameters} == {"r", "alpha", "a", "b", "p", "q", "v"}


def test_beyond_twice_the_record_it_is_a_scenario_and_says_so():
    result = run(histories=histories(), horizons_months=[12, 18, 36])
    assert [result.figure(f"in_{months}_months.purchases").basis for months in (12, 18, 36)] == ["model", "model", "assumed"]
    assert result.figure("in_36_months.purchases").label.startswith("scenario")
    assert "scenario" in {caveat.code for caveat in result.caveats if caveat.insist}
    assert run(histories=histories(), horizons_months=[60]).decision.action == "collect_more"


def test_cdnow_through_an_imported_table():
    """Public data, imported as it is."""
    rows = reference_rows("cdnow_customers_summary_with_transactions.csv")
    table = pa.table({"x": [int(row["x"]) for row in rows], **{name: [float(row[name]) for row in rows] for name in ("t_x", "T", "zbar")}})
    declared = load("predict_value")
    asked = {
        "as_of": AS_OF, "history_table": {"table": "cdnow", "value_column": "zbar"}, "values_in": "major", "currency": "USD",
        "horizons": [39],
        "people": [{"name": "the example", "repeat_purchases": 2, "last_purchase": 30.43, "observed": 38.86, "mean_value": 22.35}],
    }  # fmt: skip
    result = declared(declared.request.model_validate(asked), facts_from_tables({"cdnow": table}, as_of=AS_OF))
    assert result.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    assert {one.name: round(one.value, 4) for one in result.parameters if one.model == "bg_nbd"} == {
        "r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258,
    }  # fmt: skip
    assert result.figure("parameters.gamma_gamma.v").value == pytest.approx(15.45, abs=0.005)
    assert result.figure("person_1.in_39_weeks.purchases").value == pytest.approx(1.226, abs=5e-4)
    assert result.figure("customers").value == 2357
    assert result.figure("repeat_customers").value == 946
    worth = result.figure("person_1.in_39_weeks.value")
    assert (worth.unit, worth.currency) == ("money", "USD")
    assert 1.226 * 2235 < worth.value < 1.226 * 3600, "their own mean, moved toward that of all"


def test_known_parameters_need_no_customers():
    """Fader and Hardie 2010: discounted expected residual lifetime before the second renewal."""
    result = run(
        model="shifted_beta_geometric", parameters={"alpha": 3.8, "beta": 15.2}, period_months=12, discount_rate=0.1,
        people=[{"name": "second year", "renewals": 1}], horizons_months=[60],
    )  # fmt: skip
    assert result.figure("person_1.residual_lifetime").value == pytest.approx(3.45, abs=0.005)
    assert result.figure("new_customer.first_renewal").value == pytest.approx(0.8)
    assert result.log_likelihood is None
    with pytest.raises(ToolInputError, match="alpha"):
        run(model="bg_nbd", parameters={"r": 1.0})


def test_a_cohort_of_contracts_by_survivors():
    """Fader and Hardie 2007, the regular segment."""
    result = run(survivors=[1000, 631, 468, 382, 326, 289, 262, 241], horizons=[5])
    assert {one.name: round(one.value, 3) for one in result.parameters} == {"alpha": 0.704, "beta": 1.182}
    assert result.log_likelihood == pytest.approx(-1680.3, abs=0.06)
    assert result.figure("largest_gap").value < 0.01
    kept = result.figure("in_5_periods.staying").value
    assert kept == pytest.approx(241 * np.prod([(1.182 + n) / (1.886 + n) for n in range(7, 12)]), rel=1e-3)


@pytest.mark.parametrize("model", ["pareto_nbd", "bg_bb"])
def test_the_other_models_of_purchases_run(model):
    rows = histories(300)
    if model == "bg_bb":
        for row in rows:
            row["last_purchase"], row["observed"] = float(np.ceil(row["last_purchase"] / 5)), float(np.ceil(row["observed"] / 5))
            row["repeat_purchases"] = int(min(row["repeat_purchases"], row["last_purchase"]))
    result = run(model=model, histories=rows, horizons_months=[6], time_unit="occasions" if model == "bg_bb" else "weeks")
    assert result.model == model
    assert result.figure("in_6_months.purchases").value > 0


def test_orders_are_read_by_day_and_a_part_is_held_out():
    bought = orders()
    result = run({"orders": bought}, source="orders", horizons_months=[6, 12])
    assert result.figure("customers").value == 500
    predicted, actual = result.figure("holdout.predicted"), result.figure("holdout.actual")
    assert abs(predicted.value / actual.value - 1) < 0.25
    assert result.decision.action == "plan_with_it"
    repeat_days = len({(who, (at + timedelta(hours=2)).date()) for who, at in zip(bought["contact_id"], bought["at"], strict=True)}) - 500
    assert result.figure("repeat_customers").value <= repeat_days
    same_day = {name: values + values for name, values in bought.items()} | {"order_id": [f"n{i}" for i in range(2 * len(bought["at"]))]}
    twice = run({"orders": same_day}, source="orders", horizons_months=[6])
    assert twice.parameters[0].value == pytest.approx(result.parameters[0].value), "two orders of a day are one purchase"


def test_subscriptions_are_read_by_month():
    result = run({"subscriptions": subscriptions()}, horizons_months=[6, 12])
    assert result.model == "shifted_beta_geometric"
    assert result.figure("customers").value == 400
    assert result.figure("ended").value + result.figure("staying").value == 400
    value = result.figure("in_6_months.value")
    assert value.value == pytest.approx(result.figure("in_6_months.renewals").value * 19_900, rel=1e-6)
    assert result.figure("largest_gap").value < 0.08


def test_margin_and_discount_lower_the_value():
    plain = run(histories=histories(), horizons_months=[12]).figure("in_12_months.value").value
    cut = run(histories=histories(), horizons_months=[12], margin=0.4).figure("in_12_months.value")
    assert cut.value == pytest.approx(0.4 * plain, rel=1e-6)
    assert "gross margin" in cut.label
    later = run(histories=histories(), horizons_months=[12], discount_rate=0.2).figure("in_12_months.value").value
    assert plain / 1.2 < later < plain / 1.02


def test_the_same_request_gives_the_same_result_to_the_bit():
    rows = histories()
    assert run(histories=rows, horizons_months=[12]).model_dump_json() == run(histories=rows, horizons_months=[12]).model_dump_json()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"repeat_purchases": -1, "last_purchase": 0, "observed": 5}, "repeat_purchases"),
        ({"repeat_purchases": 2, "last_purchase": 0, "observed": 5}, "time zero"),
        ({"repeat_purchases": 2, "last_purchase": 6, "observed": 5}, "after the end of the record"),
        ({"repeat_purchases": 0, "last_purchase": 3, "observed": 5}, "no repeat purchase"),
        ({"repeat_purchases": 2, "last_purchase": 3, "observed": float("nan")}, "finite"),
        ({"repeat_purchases": 2, "last_purchase": 3, "observed": float("inf")}, "observed"),
        ({"repeat_purchases": 2, "last_purchase": 3, "observed": 5, "customers": -4}, "customers"),
    ],
)
def test_a_history_that_cannot_be_is_refused(row, words):
    with pytest.raises(ValidationError, match=words):
        run(histories=[*histories(60), row])


def test_too_little_is_refused_with_what_would_be_enough():
    for rows in (histories(12), [{**row, "customers": 0} for row in histories(100)]):
        with pytest.raises(NotEnoughData) as refusal:
            run(histories=rows)
        assert "50 customers" in (refusal.value.needed or "")
    never = [{"repeat_purchases": 0, "last_purchase": 0, "observed": 9, "customers": 900}]
    with pytest.raises(NotEnoughData, match="came back"):
        run(histories=never)
    with pytest.raises(NotEnoughData, match="ended or renewed"):
        run(survivors=[500, 500, 500])
    with pytest.raises(NotEnoughData):
        run({})


def test_bad_survivors_tables_and_subscriptions_are_refused():
    with pytest.raises(ValidationError, match="only become fewer"):
        run(survivors=[500, 510, 500])
    with pytest.raises(ValidationError, match="negative"):
        run(survivors=[500, -1])
    with pytest.raises(ToolInputError, match="end before they start"):
        run({"subscriptions": subscriptions(backwards=3)}, source="subscriptions")
    declared = load("predict_value")
    table = pa.table({"x": [2.0, -1.0] * 60, "t_x": [3.0, 0.0] * 60, "T": [5.0, 5.0] * 60})
    with pytest.raises(ToolInputError, match="negative"):
        declared(
            declared.request.model_validate({"as_of": AS_OF, "history_table": {"table": "mine"}}),
            facts_from_tables({"mine": table}, as_of=AS_OF),
        )


def test_who_buys_more_often_and_dearer_is_told():
    rows = histories()
    for row in rows:
        if row["repeat_purchases"]:
            row["mean_value"] *= 1 + row["repeat_purchases"]
    assert "value_tied_to_frequency" in {caveat.code for caveat in run(histories=rows, horizons_months=[6]).caveats}


def test_customers_who_buy_like_clockwork_do_not_fit():
    """Simulated: everyone buys exactly every four weeks and nobody stops; the model must not be told to fit."""
    rows = [{"repeat_purchases": 12, "last_purchase": 48.0, "observed": 50.0, "customers": 700},
            {"repeat_purchases": 0, "last_purchase": 0.0, "observed": 50.0, "customers": 300}]  # fmt: skip
    result = run(histories=rows, horizons_months=[6])
    assert "poor_fit" in {caveat.code for caveat in result.caveats}
    assert result.decision.action == "treat_as_rough"


def test_typed_orders_of_another_currency_do_not_count():
    bought = orders(100) | {"currency": ["USD"] * len(orders(100)["at"])}
    assert typed("orders", bought).num_rows > 100
    with pytest.raises(NotEnoughData, match="first paid order"):
        run({"orders": bought}, source="orders")
