"""Orders at prices that change, and the price list itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import MONTH, Span
from demo.simulation.columns import conform, constant, ids, whole, words
from demo.simulation.people import People
from demo.truth import Product, Truth

DISCOUNTS, DISCOUNT_SHARES = np.array([0.0, 0.10, 0.15]), np.array([0.88, 0.08, 0.04])
STATUS, STATUS_SHARES = ("paid", "refunded", "cancelled"), (0.96, 0.01, 0.03)


@dataclass(frozen=True, slots=True)
class Orders:
    """Arrays of one length, ordered by time: who (position in People), when, what, at which price in minor units."""

    person: np.ndarray
    at: np.ndarray
    product: np.ndarray
    price: np.ndarray


def price_multiples(product: Product, span: Span) -> np.ndarray:
    """The price by day of the history as a multiple of the base price."""
    steps = np.array(product.steps)
    return steps[np.arange(span.days) * len(steps) // span.days]


def list_price(product: Product, span: Span) -> np.ndarray:
    """The price by day, minor units, rounded to the whole currency unit as price lists are (small prices: to 10 cents)."""
    grain = 100 if product.price >= 10_000 else 10
    return np.rint(product.price * price_multiples(product, span) / grain).astype(np.int64) * grain


def demand(truth: Truth, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """Products by days: list price, and demand as a multiple of demand at the base price, `(price / base) ** elasticity`."""
    prices = np.array([list_price(product, span) for product in truth.products])
    base = np.array([[product.price] for product in truth.products])
    return prices, (prices / base) ** np.array([[product.elasticity] for product in truth.products])


def buy(truth: Truth, span: Span, people: People, rng: np.random.Generator) -> Orders:
    """First orders as People says, and repeat orders by the segment's rate while the customer stays, thinned by price."""
    prices, multiples = demand(truth, span)
    weights = np.array([product.weight for product in truth.products])
    first = np.flatnonzero(people.buys)
    first_at = people.customer[first]

    # A first order takes place at any price; which product it is depends on the prices of the day.
    odds = weights[:, None] * multiples
    odds = (odds / odds.sum(axis=0)).cumsum(axis=0)[:, span.day_of(first_at)]
    first_product = (rng.random(len(first)) > odds).sum(axis=0).clip(max=len(weights) - 1)

    rates = np.array([segment.orders_per_month for segment in truth.segments])
    active = np.clip(np.minimum(people.leaves[first], span.end) - first_at, 0, None)
    most = multiples.max()
    candidates = rng.poisson(rates[people.segment[first]] * most * active / MONTH)
    again = np.repeat(np.arange(len(first)), candidates)
    again_at = first_at[again] + (rng.random(len(again)) * active[again]).astype(np.int64) // 1_000_000 * 1_000_000
    again_product = rng.choice(len(weights), len(again), p=weights)
    kept = rng.random(len(again)) < multiples[again_product, span.day_of(again_at)] / most

    person = np.concatenate([first, first[again[kept]]])
    at = np.concatenate([first_at, again_at[kept]])
    product = np.concatenate([first_product, again_product[kept]])
    order = np.argsort(at, kind="stable")
    person, at, product = person[order], at[order], product[order]
    return Orders(person, at, product, prices[product, span.day_of(at)])


def orders_table(truth: Truth, span: Span, people: People, orders: Orders, contact_ids: pa.Array, rng: np.random.Generator) -> pa.Table:
    """Orders with amounts after discount: price times the segment's factor, with extras that differ from visit to visit."""
    count = len(orders.at)
    factors = np.array([segment.price_factor for segment in truth.segments])
    gross = orders.price * factors[people.segment[orders.person]] * rng.lognormal(-0.005, 0.10, count)
    gross = np.rint(gross / 10).astype(np.int64) * 10
    discount = np.rint(gross * rng.choice(DISCOUNTS, count, p=DISCOUNT_SHARES)).astype(np.int64)
    return conform(
        "orders",
        {
            "order_id": ids("O", np.arange(1, count + 1)),
            "contact_id": contact_ids.take(pa.array(orders.person)),
            "at": span.instants(orders.at),
            "product": words(orders.product, [product.name for product in truth.products]),
            "quantity": whole(np.ones(count)),
            "amount": whole(gross - discount),
            "discount": whole(discount),
            "currency": constant(truth.currency, count),
            "status": words(rng.choice(len(STATUS), count, p=STATUS_SHARES), STATUS),
        },
    )


def prices_table(truth: Truth, span: Span) -> pa.Table:
    """The price list: one row each time a price changes, subscription plans included."""
    names: list[str] = []
    prices: list[int] = []
    days: list[int] = []
    units: list[str] = []
    costs: list[int | None] = []
    for product in truth.products:
        path = list_price(product, span)
        changes = np.flatnonzero(np.diff(path, prepend=-1))
        names += [product.name] * len(changes)
        prices += path[changes].tolist()
        days += changes.tolist()
        units += [product.unit] * len(changes)
        costs += [product.unit_cost] * len(changes)
    for plan in truth.subscriptions.plans if truth.subscriptions else ():
        names.append(plan.name)
        prices.append(plan.price)
        days.append(0)
        units.append("month")
        costs.append(None)
    return conform(
        "prices",
        {
            "product": pa.array(names, pa.string()),
            "price": pa.array(prices, pa.int64()),
            "currency": constant(truth.currency, len(names)),
            "valid_from": span.dates(np.array(days)),
            "unit": pa.array(units, pa.string()),
            "unit_cost": pa.array(costs, pa.int64()),
        },
    )


def competitor_prices_table(truth: Truth, span: Span, rng: np.random.Generator) -> pa.Table:
    """Competitors' prices as seen every thirty days, simulated addresses included."""
    looks = np.arange(7, span.days, 30)
    shape = (len(truth.competitors), len(truth.products), len(looks))
    who, what, when = np.indices(shape).reshape(3, -1)
    level = np.array([competitor.level for competitor in truth.competitors])[:, None, None]
    base = np.array([product.price for product in truth.products])[None, :, None]
    # Prices stick: they change at about one look in six.
    moves = rng.normal(0, 0.05, shape) * (rng.random(shape) < 1 / 6)
    seen = np.rint(base * level * np.exp(rng.normal(0, 0.04, (*shape[:2], 1)) + moves.cumsum(axis=2)) / 100).astype(np.int64) * 100
    names = [competitor.name for competitor in truth.competitors]
    sites = [f"https://{name.split(' (')[0].lower().replace(' ', '-')}.example/prices" for name in names]
    return conform(
        "competitor_prices",
        {
            "competitor": words(who, names),
            "product": words(what, [product.name for product in truth.products]),
            "price": whole(seen.ravel()),
            "currency": constant(truth.currency, who.size),
            "seen_on": span.dates(looks[when]),
            "source": words(who, sites),
        },
    )
