"""What is sold: Shopify's orders, Stripe's subscriptions, price lists."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from demo.exporting.notation import UTC_SECONDS, WITH_OFFSET, local, money, plain, utc
from demo.exporting.sheet import Break, Sheet


def orders(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Shopify's orders: amounts with two decimals, times with their offset."""
    return Sheet(
        path="shopify_orders.csv",
        table="orders",
        shape="shopify_orders",
        rows=pa.table(
            {
                "Name": rows["order_id"],
                "Customer ID": rows["contact_id"],
                "Financial Status": rows["status"],
                "Currency": rows["currency"],
                "Subtotal": money(rows["amount"]),
                "Discount Amount": money(rows["discount"]),
                "Created at": local(rows["at"], zone, WITH_OFFSET),
                "Lineitem quantity": plain(rows["quantity"]),
                "Lineitem name": rows["product"],
            }
        ),
        columns={
            "Name": "order_id",
            "Customer ID": "contact_id",
            "Financial Status": "status",
            "Currency": "currency",
            "Subtotal": "amount",
            "Discount Amount": "discount",
            "Created at": "at",
            "Lineitem quantity": "quantity",
            "Lineitem name": "product",
        },
        identity="Name",
        breaks=(
            Break("bad date", "Created at", "0000-00-00 00:00:00"),
            Break("missing id", "Name", None),
            Break("amount that is no number", "Subtotal", "R twelve"),
        ),
    )


def subscriptions(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Stripe's subscriptions: currency in small letters, times in UTC, the business in metadata."""
    return Sheet(
        path="stripe_subscriptions.csv",
        table="subscriptions",
        shape="stripe_subscriptions",
        rows=pa.table(
            {
                "id": rows["subscription_id"],
                "Customer ID": rows["contact_id"],
                "Plan": rows["plan"],
                "Quantity": pa.repeat(pa.scalar("1"), rows.num_rows),
                "Currency": pc.utf8_lower(rows["currency"]),
                "Interval": pa.repeat(pa.scalar("month"), rows.num_rows),
                "Amount": money(rows["mrr"]),
                "Status": pc.if_else(pc.is_null(rows["ended_at"]), "active", "canceled"),
                "Start Date (UTC)": utc(rows["started_at"], UTC_SECONDS),
                "Ended At (UTC)": utc(rows["ended_at"], UTC_SECONDS),
                "Cancellation Reason": rows["end_reason"],
                "company_id (metadata)": rows["account_id"],
            }
        ),
        columns={
            "id": "subscription_id",
            "Customer ID": "contact_id",
            "Plan": "plan",
            "Currency": "currency",
            "Amount": "mrr",
            "Start Date (UTC)": "started_at",
            "Ended At (UTC)": "ended_at",
            "Cancellation Reason": "end_reason",
            "company_id (metadata)": "account_id",
        },
        identity="id",
        breaks=(Break("bad date", "Start Date (UTC)", "soon"), Break("negative amount", "Amount", "-299.00")),
    )


def prices(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """The price list as a sheet, with the currency in the headers."""
    cost = pc.if_else(pc.is_null(rows["unit_cost"]), None, money(pc.fill_null(rows["unit_cost"], 0)))
    return Sheet(
        path="price_list.csv",
        table="prices",
        shape="sheet",
        rows=pa.table(
            {
                "Product": rows["product"],
                "Unit": rows["unit"],
                f"List price ({currency})": money(rows["price"]),
                f"Unit cost ({currency})": cost,
                "Valid from": plain(rows["valid_from"]),
            }
        ),
        columns={
            "Product": "product",
            "Unit": "unit",
            f"List price ({currency})": "price",
            f"Unit cost ({currency})": "unit_cost",
            "Valid from": "valid_from",
        },
        identity="Product",
        constants={"currency": currency},
    )
