"""The price list as it stands on a day."""

from datetime import date

import pyarrow as pa
import pytest

from store.facts import facts_from_tables
from tools.contract import NotEnoughData
from tools.registry import load

PRICES = pa.table(
    {
        "product": ["Bar", "Bar", "Gift box", "Bar"],
        "price": [7000, 7500, 19500, 9900],
        "currency": ["ZAR"] * 4,
        "valid_from": pa.array([date(2026, 1, 1), date(2026, 6, 1), date(2026, 3, 1), date(2027, 1, 1)]),
        "unit": ["piece", "piece", None, "piece"],
        "unit_cost": pa.array([2600, 2600, None, 2600], pa.int64()),
    }
)


@pytest.fixture
def facts():
    return facts_from_tables({"prices": PRICES}, as_of=date(2026, 10, 31))


def ask(facts, **given):
    declared = load("list_prices")
    return declared(declared.request(as_of=facts.as_of, **given), facts)


def test_the_newest_price_that_is_valid_on_the_day_counts(facts):
    result = ask(facts)
    assert result.figure("bar.price").value == 7500
    assert result.figure("bar.margin").value == pytest.approx((7500 - 2600) / 7500)


def test_a_product_without_a_known_cost_has_a_price_and_no_margin(facts):
    keys = {figure.key for figure in ask(facts).figures}
    assert "gift_box.price" in keys
    assert "gift_box.margin" not in keys


def test_a_product_that_is_not_on_the_list_is_refused_with_what_there_is(facts):
    with pytest.raises(NotEnoughData) as refused:
        ask(facts, products=("Candle",))
    assert refused.value.found == "Bar, Gift box"


def test_no_price_before_the_first_day_of_the_list():
    facts = facts_from_tables({"prices": PRICES}, as_of=date(2025, 1, 1))
    with pytest.raises(NotEnoughData):
        ask(facts)
