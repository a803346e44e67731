"""The client's own price list as it stands, so that a price in a text is a figure too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import Field

from tools.contract import Column, Figure, NotEnoughData, Request, Table, ToolResult, tool
from tools.facts import Facts


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
    figures = tuple(figure for row in wanted for figure in _figures(row))
    lines = tuple(f"The price of {row['product']} is {{{{{_key(row['product'])}.price}}}}." for row in wanted)
    return ToolResult(figures=figures, findings=tuple(line for line in lines if not _digits(line)), table=_table(wanted))


def _standing(facts: Facts, day: date) -> list[dict[str, Any]]:
    prices = facts.table("prices")
    valid = prices.filter(prices.valid_from <= day)
    newest = valid.group_by("product").aggregate(valid_from=valid.valid_from.max())
    rows = valid.join(newest, ["product", "valid_from"]).order_by("product")
    return facts.fetch(rows.select("product", "price", "currency", "valid_from", "unit", "unit_cost")).to_pylist()


def _figures(row: dict[str, Any]) -> Iterable[Figure]:
    shared: dict[str, Any] = {"entity": row["product"], "period": f"{row['valid_from']}/{row['valid_from']}", "basis": "observed"}
    key, unit = _key(row["product"]), row["unit"]
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


def _key(product: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", product.lower()).strip("_") or "product"
    return name if name[0].isalpha() else f"p_{name}"


def _digits(text: str) -> bool:
    return any(character.isdigit() for character in re.sub(r"\{\{.*?\}\}", "", text))


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
