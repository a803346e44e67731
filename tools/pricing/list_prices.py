"""The client's own price list as it stands, so that a price in a text is a figure too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import Field

from tools.contract import Caveat, Column, Figure, NotEnoughData, Request, Table, ToolResult, tool
from tools.facts import Facts
from tools.methods.entity_keys import entity_keys, without_digits


class ListPrices(Request):
    """Which products; all of them by default."""

    model_config = {"json_schema_extra": {"examples": [{}]}}

    products: tuple[str, ...] = Field((), description="products as the price list names them; every product when empty", max_length=50)


@tool(version=1, field="pricing")
def list_prices(request: ListPrices, facts: Facts) -> ToolResult:
    """List the client's own prices as they stand: price, cost of one where known, and what is left of the price.

    The newest price on or before the day of the answer counts. Prices are without VAT, as in the table `prices`; what is left of a price
    is (price - unit cost) / price, before marketing, delivery and fixed costs.
    """
    rows = _standing(facts, request.as_of or facts.as_of)
    wanted = [row for row in rows if not request.products or row["product"] in request.products]
    if not wanted:
        there = ", ".join(row["product"] for row in rows) or "none"
        raise NotEnoughData("no such product has a price on this day", field="products", needed="a product of the list", found=there)
    keys = entity_keys((row["product"] for row in wanted), first="p")
    figures = tuple(figure for row in wanted for figure in _figures(keys[row["product"]], row))
    lines = tuple(f"The price of {name} is {{{{{key}.price}}}}." for name, key in keys.items() if without_digits(name + key))
    without_tax = Caveat(
        code="without_vat", text="Prices are without VAT, as the price list holds them.", signs=("without VAT", "excluding VAT")
    )
    return ToolResult(figures=figures, findings=lines, caveats=(without_tax,), table=_table(wanted))


def _standing(facts: Facts, day: date) -> list[dict[str, Any]]:
    prices = facts.table("prices")
    valid = prices.filter(prices.valid_from <= day)
    newest = valid.group_by("product").aggregate(valid_from=valid.valid_from.max())
    rows = valid.join(newest, ["product", "valid_from"]).order_by("product")
    return facts.fetch(rows.select("product", "price", "currency", "valid_from", "unit", "unit_cost")).to_pylist()


def _figures(key: str, row: dict[str, Any]) -> Iterable[Figure]:
    shared: dict[str, Any] = {"entity": row["product"], "period": f"{row['valid_from']}/{row['valid_from']}", "basis": "observed"}
    unit = row["unit"]
    yield Figure(
        key=f"{key}.price",
        value=row["price"],
        unit="money",
        currency=row["currency"],
        metric="price",
        label="price",
        denominator=unit,
        **shared,
    )
    if row["unit_cost"] is None:
        return
    yield Figure(
        key=f"{key}.unit_cost", value=row["unit_cost"], unit="money", currency=row["currency"], metric="unit_cost", label="cost of one",
        denominator=unit, **shared,
    )  # fmt: skip
    if row["price"] > 0:
        left = (row["price"] - row["unit_cost"]) / row["price"]
        yield Figure(
            key=f"{key}.margin",
            value=left,
            unit="share",
            metric="margin",
            label="share of the price that is left",
            denominator="price",
            **shared,
        )


def _table(rows: list[dict[str, Any]]) -> Table:
    currency = rows[0]["currency"]
    columns = (
        Column(name="product", label="product"),
        Column(name="price", label="price", unit="money", currency=currency),
        Column(name="unit", label="per"),
        Column(name="unit_cost", label="cost of one", unit="money", currency=currency),
        Column(name="valid_from", label="since", unit="date"),
    )
    body = tuple((row["product"], row["price"], row["unit"], row["unit_cost"], row["valid_from"].isoformat()) for row in rows)
    return Table(title="Price list", columns=columns, rows=body)
