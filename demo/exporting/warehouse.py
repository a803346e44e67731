"""What is logged and noted: Segment, GrowthBook, tables of a warehouse under the contracts' own names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from demo.exporting.notation import money, plain, utc
from demo.exporting.sheet import Break, Sheet


def events(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Segment's tracks table from a warehouse, as Parquet."""
    return Sheet(
        path="segment_tracks.parquet",
        table="events",
        shape="segment_tracks",
        rows=pa.table(
            {
                "id": rows["event_id"],
                "anonymous_id": rows["device_id"],
                "user_id": rows["contact_id"],
                "event": rows["name"],
                "timestamp": rows["at"],
                "received_at": pc.add(rows["at"], pa.scalar(2_000_000, pa.duration("us"))),
                "context_campaign_source": rows["channel"],
                "context_group_id": rows["account_id"],
            }
        ),
        columns={
            "id": "event_id",
            "anonymous_id": "device_id",
            "user_id": "contact_id",
            "event": "name",
            "timestamp": "at",
            "context_campaign_source": "channel",
            "context_group_id": "account_id",
        },
        identity="id",
        breaks=(Break("missing id", "id", None), Break("missing time", "timestamp", None)),
    )


def exposures(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """GrowthBook's exposures."""
    return Sheet(
        path="growthbook_exposures.csv",
        table="exposures",
        shape="growthbook_exposures",
        rows=pa.table(
            {
                "timestamp": utc(rows["at"]),
                "user_id": rows["unit_id"],
                "experiment_id": rows["experiment"],
                "variation_id": rows["arm"],
            }
        ),
        columns={"timestamp": "at", "user_id": "unit_id", "experiment_id": "experiment", "variation_id": "arm"},
        identity="user_id",
        breaks=(Break("bad date", "timestamp", "NaT"), Break("missing id", "user_id", None)),
    )


def touchpoints(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Touches from a warehouse, under the contract's own names."""
    return _own_names(
        "touchpoints", rows, {"at": utc}, "touchpoint_id", (Break("bad date", "at", "NULL"), Break("unknown kind", "kind", "hover"))
    )


def usage(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Product use by day from a warehouse, as Parquet."""
    names = {name: name for name in rows.column_names}
    return Sheet("usage_daily.parquet", "usage", "warehouse", rows, names, "contact_id", (Break("negative uses", "uses", -1),))


def customer_results(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """What businesses achieved by day, from the product's database."""
    return _own_names(
        "customer_results", rows, {}, "account_id", (Break("missing id", "account_id", None), Break("bad date", "day", "NULL"))
    )


def referrals(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Invitations from the product's database."""
    faults = (Break("bad date", "invited_at", "NULL"), Break("missing id", "referrer_id", None))
    return _own_names("referrals", rows, {"invited_at": utc, "converted_at": utc}, "referral_id", faults)


def competitor_prices(rows: pa.Table, zone: str, currency: str) -> Sheet:
    """Prices noted by hand."""
    faults = (Break("bad date", "seen_on", "last week"), Break("negative price", "price", "-1.00"))
    return _own_names("competitor_prices", rows, {"price": money}, "competitor", faults)


def _own_names(
    table: str,
    rows: pa.Table,
    written: Mapping[str, Callable[[pa.ChunkedArray], pa.Array | pa.ChunkedArray]],
    identity: str,
    faults: tuple[Break, ...],
) -> Sheet:
    texts = {name: written.get(name, plain)(rows[name]) for name in rows.column_names}
    return Sheet(f"{table}.csv", table, "warehouse", pa.table(texts), {name: name for name in texts}, identity, faults)
