"""The tables keep to their contracts, to each other and to their seed."""

import hashlib
import os
import subprocess
import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo.simulate import World, simulate, world
from demo.simulation.calendar import Span
from demo.simulation.columns import TYPES
from tools.contracts import CONTRACTS

BRANDS = ("salon", "fitness", "newcomer")
REFERENCES = {
    ("events", "contact_id"): "contacts",
    ("events", "account_id"): "accounts",
    ("touchpoints", "contact_id"): "contacts",
    ("orders", "contact_id"): "contacts",
    ("subscriptions", "contact_id"): "contacts",
    ("subscriptions", "account_id"): "accounts",
    ("usage", "contact_id"): "contacts",
    ("usage", "account_id"): "accounts",
    ("customer_results", "account_id"): "accounts",
    ("contacts", "account_id"): "accounts",
    ("exposures", "unit_id"): "contacts",
    ("surveys", "contact_id"): "contacts",
    ("tickets", "contact_id"): "contacts",
    ("tickets", "account_id"): "accounts",
    ("referrals", "referrer_id"): "contacts",
    ("referrals", "contact_id"): "contacts",
}


def digest(tables: dict[str, pa.Table]) -> str:
    sink = hashlib.sha256()
    for name in sorted(tables):
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, tables[name].schema) as writer:
            writer.write_table(tables[name].combine_chunks())
        sink.update(name.encode() + buffer.getvalue().to_pybytes())
    return sink.hexdigest()


@pytest.fixture(params=BRANDS)
def brand(request: pytest.FixtureRequest) -> World:
    return request.getfixturevalue(request.param)


def test_every_contract_has_rows_in_the_two_grown_brands(salon: World, fitness: World) -> None:
    for grown in (salon, fitness):
        assert set(grown.tables) == set(CONTRACTS)
        assert all(table.num_rows for table in grown.tables.values())


def test_the_newcomer_has_a_price_list_and_three_weeks(newcomer: World) -> None:
    assert set(newcomer.tables) == {"contacts", "events", "touchpoints", "orders", "ad_metrics", "prices"}
    days = newcomer.tables["ad_metrics"]["day"]
    assert (pc.min(days).as_py(), pc.max(days).as_py()) == (date(2026, 10, 11), date(2026, 10, 31))
    assert newcomer.tables["prices"].num_rows == 3


def test_tables_hold_what_their_contracts_say(brand: World) -> None:
    for name, table in brand.tables.items():
        contract = CONTRACTS[name]
        assert table.column_names == [column.name for column in contract.columns]
        for column in contract.columns:
            values = table[column.name]
            assert values.type == TYPES[column.type], (name, column.name)
            if column.required:
                assert values.null_count == 0, (name, column.name)
            if column.values:
                assert set(pc.unique(values).to_pylist()) <= set(column.values), (name, column.name)
            if column.low is not None:
                assert pc.min(values).as_py() >= column.low, (name, column.name)
            if column.high is not None:
                assert pc.max(values).as_py() <= column.high, (name, column.name)


def test_keys_identify_rows(brand: World) -> None:
    for name, table in brand.tables.items():
        key = list(CONTRACTS[name].key)
        assert table.group_by(key).aggregate([]).num_rows == table.num_rows, name


def test_ids_refer_to_rows_that_exist(brand: World) -> None:
    for (name, column), target in REFERENCES.items():
        if name not in brand.tables:
            continue
        used = pc.drop_null(pc.unique(brand.tables[name][column]))
        if target not in brand.tables:
            assert len(used) == 0, (name, column)
            continue
        known = brand.tables[target][CONTRACTS[target].key[0]]
        assert pc.all(pc.is_in(used, value_set=known.combine_chunks())).as_py() in (True, None), (name, column)
        if name != "contacts" and column != "account_id":
            assert len(used) > 0, (name, column)


def test_nothing_happens_outside_the_history(brand: World) -> None:
    low, high = brand.span.instants(np.array([brand.span.start, brand.span.end]))
    for name, table in brand.tables.items():
        for field in table.schema:
            if pa.types.is_timestamp(field.type):
                seen = pc.drop_null(table[field.name])
                assert pc.all(pc.and_(pc.greater_equal(seen, low), pc.less(seen, high))).as_py() in (True, None), (name, field.name)
            if pa.types.is_date32(field.type):
                assert pc.min(table[field.name]).as_py() >= brand.span.first, (name, field.name)
                assert pc.max(table[field.name]).as_py() <= brand.span.as_of, (name, field.name)


def test_nobody_acts_before_signing_up(brand: World) -> None:
    created = brand.tables["contacts"].select(["contact_id", "created_at"])
    orders = brand.tables["orders"].join(created, "contact_id")
    assert pc.all(pc.greater_equal(orders["at"], orders["created_at"])).as_py()
    if "exposures" in brand.tables:
        exposed = brand.tables["exposures"].join(created, "unit_id", "contact_id")
        assert pc.all(pc.greater_equal(exposed["at"], exposed["created_at"])).as_py()


def test_customers_are_those_who_bought_or_subscribe(salon: World) -> None:
    contacts = salon.tables["contacts"]
    customers = set(contacts.filter(pc.equal(contacts["stage"], "customer"))["contact_id"].to_pylist())
    paying = set(salon.tables["orders"]["contact_id"].to_pylist()) | set(salon.tables["subscriptions"]["contact_id"].to_pylist())
    assert customers == paying


def test_local_days_survive_summer_time(fitness: World) -> None:
    """Orders are drawn by local day; as UTC instants they still fall on it, in New York's summer and winter."""
    local = pc.local_timestamp(fitness.tables["orders"]["at"].cast(pa.timestamp("us", "America/New_York")))
    assert np.bincount(pc.hour(local).to_numpy(), minlength=24).argmax() in range(17, 22)
    assert pc.min(local).as_py().date() >= fitness.span.first


def test_the_same_seed_gives_the_same_bytes_in_another_process(salon: World, fitness: World, newcomer: World) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/demo'); from test_simulated_tables import BRANDS, digest, simulate; "
        "print([digest(simulate(client)) for client in BRANDS])"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str([digest(brand.tables) for brand in (salon, fitness, newcomer)])


def test_another_seed_gives_another_history() -> None:
    assert digest(simulate("newcomer", seed=1)) != digest(simulate("newcomer", seed=2))


def test_another_day_moves_the_history() -> None:
    moved = world("newcomer", as_of=date(2025, 3, 9))
    assert pc.max(moved.tables["ad_metrics"]["day"]).as_py() == date(2025, 3, 9)
    assert Span.of(date(2024, 2, 29), None, "Africa/Johannesburg").first == date(2022, 8, 29)


def test_sizes_grow_the_market(salon: World, medium_salon: World) -> None:
    assert medium_salon.tables["events"].num_rows == pytest.approx(8 * salon.tables["events"].num_rows, rel=0.15)


@pytest.mark.slow
def test_large_has_ten_million_events() -> None:
    assert simulate("salon", "large")["events"].num_rows >= 10**7


def test_an_unknown_brand_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="no simulated brand is called 'bakery'"):
        simulate("bakery")
