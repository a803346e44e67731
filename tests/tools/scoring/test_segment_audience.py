"""Segments that are there are found, a continuum is called a cut, and every customer is counted once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.reference_data import reference_rows
from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData
from tools.registry import load
from tools.scoring._segments import quantile_scores, rule_name

AS_OF = date(2026, 11, 21)


def orders_of(recency: np.ndarray, frequency: np.ndarray, value: np.ndarray) -> dict[str, Any]:
    """Simulated orders: each customer's last order `recency` days back, the others before it, each of about `value`."""
    who = np.repeat(np.arange(len(recency)), frequency)
    nth = np.arange(len(who)) - np.repeat(np.cumsum(frequency) - frequency, frequency)
    end = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp())
    at = (end - (recency[who].astype(np.int64) + nth * 3) * 86_400) * 1_000_000
    n = len(who)
    return {
        "order_id": pa.array([f"o{i}" for i in range(n)]) if n < 10_000 else pa.array(np.arange(n)).cast(pa.string()),
        "contact_id": pa.array(who).cast(pa.string()),
        "at": pa.array(at, pa.timestamp("us", tz="UTC")),
        "amount": pa.array(value[who].astype(np.int64)),
        "currency": pa.array(["ZAR"] * n),
        "status": pa.array(["paid"] * n),
    }


def three_groups(n: int = 900, seed: int = 1) -> tuple[dict[str, Any], np.ndarray]:
    """Simulated: a third each of recent frequent big, recent rare small, and long-gone middling customers."""
    random = np.random.default_rng(seed)
    group = np.arange(n) % 3
    recency = np.exp(random.normal(np.array([2.2, 2.2, 5.5])[group], 0.25)).astype(int)
    frequency = np.maximum(1, np.round(np.exp(random.normal(np.array([2.8, 0.7, 1.6])[group], 0.15)))).astype(int)
    value = np.exp(random.normal(np.array([11.0, 8.8, 10.0])[group], 0.2)).astype(int)
    return orders_of(recency, frequency, value), group


def continuum(n: int = 900, seed: int = 2) -> dict[str, Any]:
    """Simulated: one population, more of everything together, no groups."""
    random = np.random.default_rng(seed)
    worth = random.normal(0, 1, n)
    recency = np.exp(3.6 - 0.6 * worth + random.normal(0, 0.8, n)).astype(int)
    frequency = np.maximum(1, np.round(np.exp(1.6 + 0.6 * worth + random.normal(0, 0.4, n)))).astype(int)
    return orders_of(np.minimum(recency, 600), np.minimum(frequency, 40), np.exp(10 + 0.3 * worth + random.normal(0, 0.5, n)))


def run(tables: dict[str, Any], **request: Any) -> Any:
    declared = load("segment_audience")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables, as_of=AS_OF))


def codes(result: Any) -> set[str]:
    return {caveat.code for caveat in result.caveats if caveat.insist}


def test_three_true_groups_are_found_sized_and_named():
    orders, _ = three_groups()
    result = run({"orders": orders}, lookback_days=1500)
    assert result.structure
    assert [segment.name for segment in result.segments] == ["champions", "lapsed", "new or occasional"]
    assert [segment.customers for segment in result.segments] == pytest.approx([300, 300, 300], abs=3)
    assert result.figure("stability").value > 0.95
    assert result.figure("champions.stability").value > 0.95
    assert result.decision.action == "use_segments"
    assert "continuum" not in codes(result)


def test_a_continuum_is_called_a_cut():
    result = run({"orders": continuum()}, lookback_days=1500)
    assert result.structure is False
    assert "continuum" in codes(result)
    assert result.decision.action == "use_as_cut"
    assert "continuum" in result.findings[0]


@pytest.mark.parametrize("method", ["kmeans", "rfm"])
def test_every_customer_and_every_cent_is_counted_once(method):
    orders, _ = three_groups()
    result = run({"orders": orders}, method=method, lookback_days=1500)
    people = [f.value for f in result.figures if f.entity and f.metric == "customers"]
    money = [f.value for f in result.figures if f.entity and f.metric == "revenue"]
    assert sum(people) == result.figure("customers").value == 900
    assert sum(money) == result.figure("revenue").value == int(orders["amount"].to_numpy().sum())
    shares = [f.value for f in result.figures if f.metric == "share_of_revenue"]
    assert sum(shares) == pytest.approx(1)


def young_shop(people: int = 66, days: int = 20) -> dict[str, Any]:
    """Simulated: a shop open for some days, where a few have ordered again."""
    random = np.random.default_rng(9)
    frequency = np.where(np.arange(people) % 9 == 0, 2, 1)
    recency = np.minimum(random.integers(0, days, people), days - 4 * frequency)
    return orders_of(recency, frequency, np.exp(random.normal(9, 0.4, people)).astype(int))


@pytest.mark.parametrize("method", ["kmeans", "rfm"])
def test_in_a_shop_younger_than_a_purchase_cycle_nobody_is_lapsed_or_a_champion(method):
    result = run({"orders": young_shop()}, method=method)
    assert {segment.name.partition(",")[0] for segment in result.segments} <= {"first-time customers", "repeat customers"}
    assert len({segment.name for segment in result.segments}) == len(result.segments)
    assert "young_record" in codes(result)
    assert any("orders per customer {{first_time_customers" in finding for finding in result.findings), "not '1 orders per customer'"
    assert result.figure("record_days").value <= 20
    grown = run({"orders": three_groups()[0]}, lookback_days=60)
    assert "young_record" not in codes(grown), "a short look back into a long record"
    assert not any("first-time" in segment.name for segment in grown.segments)


def test_the_period_is_what_the_orders_cover():
    assert run({"orders": young_shop(days=20)}).figure("customers").period.startswith("2026-11-0")
    assert run({"orders": three_groups()[0]}, lookback_days=60).figure("customers").period == "2026-09-23/2026-11-21"


def test_all_customers_together_have_an_average_order_value():
    orders, _ = three_groups()
    result = run({"orders": orders}, lookback_days=1500)
    n, amount = len(orders["order_id"]), int(orders["amount"].to_numpy().sum())
    assert result.figure("total.orders").value == n
    value, often, worth = (result.figure(f"total.{key}") for key in ("average_order_value", "orders_per_customer", "revenue_per_customer"))
    assert (value.value, value.denominator, value.entity) == (round(amount / n), "orders", None)
    assert often.value == pytest.approx(n / 900)
    assert worth.interval.low < worth.value == round(amount / 900) < worth.interval.high


def test_a_fixed_number_is_kept():
    orders, _ = three_groups()
    assert len(run({"orders": orders}, segments=4, lookback_days=1500).segments) == 4


def test_refunds_and_other_currencies_and_old_orders_do_not_count():
    orders, _ = three_groups()
    n = len(orders["order_id"])
    result = run({"orders": {**orders, "currency": pa.array(["USD"] * (n // 2) + ["ZAR"] * (n - n // 2))}}, lookback_days=1500)
    assert result.figure("revenue").value == int(orders["amount"].to_numpy()[n // 2 :].sum())
    status = pa.array(["refunded"] * (n // 2) + ["paid"] * (n - n // 2))
    assert run({"orders": {**orders, "status": status}}, lookback_days=1500).figure("revenue").value == result.figure("revenue").value
    assert run({"orders": orders}, lookback_days=60).figure("customers").value < 700


def test_the_source_in_the_crm_is_shown_per_segment():
    orders, group = three_groups()
    contacts = {
        "contact_id": [str(i) for i in range(900)],
        "source": ["google_ads" if g == 0 else "meta" for g in group],
        "created_at": [datetime(2026, 1, 1, tzinfo=UTC)] * 900,
    }
    result = run({"orders": orders, "contacts": contacts}, lookback_days=1500)
    assert result.figure("champions.from_google_ads").value > 0.98
    assert result.figure("from_google_ads").value == pytest.approx(1 / 3)
    assert any("came by Google Ads, against {{from_google_ads}} of all" in finding for finding in result.findings)
    assert "new_or_occasional.from_meta" in {figure.key for figure in result.figures}


def test_events_stand_in_for_orders_and_say_that_there_is_no_money():
    random = np.random.default_rng(6)
    rows: dict[str, list[Any]] = {"event_id": [], "contact_id": [], "name": [], "at": []}
    for person in range(120):
        for _ in range(int(random.integers(1, 12))):
            at = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=float(random.exponential(60)))
            for column, value in zip(rows, (f"e{len(rows['at'])}", f"p{person}", "visit", at), strict=True):
                rows[column].append(value)
    result = run({"events": rows})
    assert result.based_on == "events"
    assert {"no_money", "small_sample"} <= codes(result)
    assert not any(figure.unit == "money" for figure in result.figures)


def test_subscriptions_that_run_are_recent():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    n = 200
    subscriptions = {
        "subscription_id": [f"s{i}" for i in range(n)],
        "contact_id": [f"c{i}" for i in range(n)],
        "plan": ["pro"] * n,
        "mrr": [10_000 + 100 * i for i in range(n)],
        "currency": ["ZAR"] * n,
        "started_at": [start] * n,
        "ended_at": [start + timedelta(days=30 + i) if i % 2 else None for i in range(n)],
    }
    result = run({"subscriptions": subscriptions}, method="rfm")
    assert result.based_on == "subscriptions"
    running = next(segment for segment in result.segments if segment.name == "champions")
    assert running.frequency == (11, 11), "January to the middle of November: the eleventh month has begun"
    assert result.figure("champions.revenue").value % 11 == 0
    assert min(segment.recency_days[0] for segment in result.segments) == 0


def test_too_few_customers_are_refused():
    orders = orders_of(np.arange(10), np.ones(10, int), np.full(10, 100))
    with pytest.raises(NotEnoughData):
        run({"orders": orders})
    with pytest.raises(NotEnoughData):
        run({})


def test_the_same_request_gives_the_same_segments():
    orders, _ = three_groups(seed=9)
    assert run({"orders": orders}, lookback_days=1500) == run({"orders": orders}, lookback_days=1500)


def test_quantile_scores_share_ties_and_run_from_one_to_five():
    assert quantile_scores(np.arange(10)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert quantile_scores(np.arange(10), low_is_good=True).tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert set(quantile_scores(np.array([1] * 60 + [2] * 40)).tolist()) == {2, 5}
    assert len(set(quantile_scores(np.ones(9, int)).tolist())) == 1


def test_names_put_recency_first():
    assert rule_name(5, 5, 5, 6) == "champions"
    assert rule_name(1, 5, 5, 6) == "at risk"
    assert rule_name(1, 1, 1, 2) == "lapsed"
    assert rule_name(5, 1, 1, 2) == "new or occasional"
    assert rule_name(5, 4, 5, 1) == "new or occasional", "nobody is a champion for coming once"


def test_cdnow_repeaters_are_segmented():
    """Public data: the 946 customers who bought again, with their mean repeat purchase."""
    rows = [row for row in reference_rows("cdnow_customers_summary_with_transactions.csv") if int(row["x"]) > 0]
    frequency = np.array([int(row["x"]) + 1 for row in rows])
    recency = np.array([round((float(row["T"]) - float(row["t_x"])) * 7) for row in rows])
    value = np.array([max(100, round(float(row["zbar"]) * 100)) for row in rows])
    result = run({"orders": orders_of(recency, frequency, value)}, lookback_days=3000)
    assert result.figure("customers").value == 946
    assert result.structure is False, "a skewed population without groups, which a normal null alone would call clusters"
    assert [segment.name for segment in result.segments] == ["champions", "regulars", "lapsed", "new or occasional"]
    assert all(result.figure(f"{segment.key}.stability").value > 0.75 for segment in result.segments)
    champions = result.figure("champions.share_of_revenue").value
    assert champions > 2 * result.figure("champions.share_of_customers").value


@pytest.mark.slow
def test_a_million_customers_in_ten_seconds_and_three_gibibytes():
    import resource
    import time

    random = np.random.default_rng(8)
    n = 1_000_000
    frequency = 1 + random.poisson(random.gamma(0.6, 2.0, n))
    orders = orders_of(random.integers(0, 700, n), frequency, np.exp(random.normal(10, 0.8, n)))
    facts = memory_facts({"orders": orders}, as_of=AS_OF)
    declared = load("segment_audience")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    result = declared(declared.request.model_validate({"as_of": AS_OF, "lookback_days": 3000}), facts)
    seconds, grown = time.perf_counter() - started, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    print(f"{seconds:.1f} s, {grown:.2f} GiB more, {len(orders['amount'])} orders")
    assert result.figure("customers").value == n
    assert seconds < 10
    assert grown < 3


def test_rules_of_ones_own_cut_in_their_order():
    orders, _ = three_groups()
    rules = [{"name": "big and recent", "recency_at_most": 30, "money_at_least": 500_000}, {"name": "recent", "recency_at_most": 30}]
    result = run({"orders": orders}, method="rules", rules=rules, lookback_days=1500)
    assert {segment.name: segment.customers for segment in result.segments} == pytest.approx(
        {"big and recent": 300, "recent": 300, "everyone else": 300}, abs=9
    )
    assert result.structure is None
    assert result.decision.action == "use_as_cut"
    for wrong in ([], [{"name": "nothing"}], [{"name": "backwards", "recency_at_least": 9, "recency_at_most": 3}], [rules[0], rules[0]]):
        with pytest.raises(ValueError):
            run({"orders": orders}, method="rules", rules=wrong)


def test_the_people_most_like_those_whom_a_rule_takes_are_found():
    orders, group = three_groups()
    # every third of the champions is taken by the rule through their many orders; those most like them are champions too
    people = orders["contact_id"].to_pylist()
    champions = np.array([people.count(str(person)) for person in np.flatnonzero(group == 0)])
    most = int(np.sort(champions)[-100])
    seeds = [{"name": "the keenest", "frequency_at_least": most, "recency_at_most": 60}]
    result = run({"orders": orders}, method="similar", rules=seeds, lookback_days=1500, similar_people=60)
    alike = next(segment for segment in result.segments if segment.name == "most like the keenest")
    assert alike.customers == 60
    assert alike.frequency[0] > 8
    with pytest.raises(NotEnoughData, match="nobody to be like"):
        run({"orders": orders}, method="similar", rules=[{"name": "nobody", "recency_at_least": 9000}], lookback_days=1500)


def lasting(seed: int = 4) -> dict[str, Any]:
    """Simulated: half order each ten days to the end, half each ninety days; both for the same amount."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {"order_id": [], "contact_id": [], "at": [], "amount": [], "currency": [], "status": []}
    for person in range(240):
        day = float(random.uniform(0, 60))
        while day < 600:
            at = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=600 - day)
            for column, value in zip(rows, (f"o{len(rows['at'])}", f"p{person}", at, 10_000, "ZAR", "paid"), strict=True):
                rows[column].append(value)
            day += random.exponential(10 if person % 2 else 90)
    return rows


@pytest.mark.parametrize("method", ["kmeans", "rfm"])
def test_value_is_measured_in_the_period_after(method):
    result = run({"orders": lasting()}, method=method, next_days=120)
    later = {f.entity: f for f in result.figures if f.metric == "next_revenue_per_customer"}
    assert later
    assert all(figure.basis == "observed" and figure.interval is not None for figure in later.values())
    best = max(later.values(), key=lambda figure: figure.value)
    assert best.value == pytest.approx(12 * 10_000, rel=0.3)
    assert best.period == "2026-07-25/2026-11-21"
    assert not any(f.metric == "next_revenue_per_customer" for f in run({"orders": lasting()}, method=method, next_days=0).figures)


def test_looking_at_the_next_period_leaves_the_segments_as_they_are():
    orders, _ = three_groups()
    assert run({"orders": orders}, lookback_days=1500).segments == run({"orders": orders}, lookback_days=1500, next_days=0).segments


def test_subscriptions_may_be_counted_in():
    orders, _ = three_groups()
    subscriptions = {
        "subscription_id": [f"s{i}" for i in range(100)],
        "contact_id": [str(i) for i in range(100)],
        "plan": ["pro"] * 100,
        "mrr": [10_000] * 100,
        "currency": ["ZAR"] * 100,
        "started_at": [datetime(2026, 9, 25, tzinfo=UTC)] * 100,
        "ended_at": [None] * 100,
    }
    tables = {"orders": orders, "subscriptions": subscriptions}
    both = run(tables, source="payments", method="rfm", lookback_days=1500)
    alone = run(tables, source="orders", method="rfm", lookback_days=1500)
    assert both.figure("revenue").value == alone.figure("revenue").value + 100 * 2 * 10_000, "the second month has begun"
    assert both.figure("revenue").basis == "model"
    with pytest.raises(NotEnoughData):
        run({"orders": orders}, source="payments")
