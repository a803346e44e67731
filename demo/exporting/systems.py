"""Which system exports which table."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from demo.exporting import commerce, crm, warehouse
from demo.exporting.sheet import Sheet

SYSTEMS: dict[str, Callable[[pa.Table, str, str], Sheet]] = {
    "contacts": crm.contacts,
    "accounts": crm.accounts,
    "events": warehouse.events,
    "touchpoints": warehouse.touchpoints,
    "orders": commerce.orders,
    "subscriptions": commerce.subscriptions,
    "usage": warehouse.usage,
    "customer_results": warehouse.customer_results,
    "exposures": warehouse.exposures,
    "prices": commerce.prices,
    "surveys": crm.surveys,
    "tickets": crm.tickets,
    "competitor_prices": warehouse.competitor_prices,
    "referrals": warehouse.referrals,
}
"""Contract name to the export that holds it; ad_metrics comes from the platforms."""
