"""Competitors' prices beside our own, product by product, and what changed since the last look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from tools.contract import (
    SLOT,
    Caveat,
    Column,
    Decision,
    Figure,
    Interval,
    NotEnoughData,
    Request,
    Table,
    ToolInputError,
    ToolResult,
    choice,
    tool,
)
from tools.facts import Facts
from tools.market._price_looks import Look, looks
from tools.methods.entity_keys import entity_keys, without_digits

MOST_MOVES = 8
"""changed prices that are told one by one; the table has them all"""
MOST_PRICES = 40
"""prices that are figures of their own; of a longer list only those that moved are"""
FEW = 3


class CompareCompetitors(Request):
    """Which competitors, and since when changes count."""

    model_config = {"json_schema_extra": {"examples": [{}, {"since": "2026-07-31"}]}}

    competitors: tuple[str, ...] = Field((), description="competitors as the table names them; every one when empty", max_length=30)
    since: date | None = Field(
        None,
        description="day of the last analysis: changes are counted from the last look up to it; 90 days before today when left out",
    )
    currency: str | None = Field(None, description="ISO 4217; the client's own when left out", pattern="[A-Z]{3}")
    threshold: float = choice("share", "a price change or gap from which on it is worth an answer", default=0.05, ge=0.005, le=0.5)
    stale_days: int = choice("days", "a look older than this is called old", default=60, ge=1, le=730)


@tool(version=1, field="market")
def compare_competitors(request: CompareCompetitors, facts: Facts) -> ToolResult:
    """Compare the newest prices seen at competitors with the client's own, product by product, and with the last look before.

    A competitor's price index is the geometric mean of its price over ours, over the products that both lists name (an elementary Jevons
    index; ILO, Consumer Price Index Manual, 2020, chapter 8); the range beside it is the lowest and highest ratio, not an error.
    """
    day = request.as_of or facts.as_of
    since = request.since or day - timedelta(days=90)
    if since >= day:
        raise ToolInputError(
            "the last analysis lies after the day of this one", field="since", needed=f"a day before {day}", found=str(since)
        )
    found = _chosen(looks(facts, day, since, request.currency or facts.currency), request.competitors)
    by_name = {name: [look for look in found if look.competitor == name] for name in dict.fromkeys(look.competitor for look in found)}
    figures, findings = [], []
    keys = entity_keys(by_name)
    for name, theirs in by_name.items():
        more, said = _competitor(name, keys[name], theirs, day)
        figures += more
        findings += said
    products = entity_keys(look.product for look in found)
    named = {f"{keys[look.competitor]}.{products[look.product]}": look for look in found}
    moves = {key: look for key, look in named.items() if look in _moves(found, request.threshold)}
    moves = dict(sorted(moves.items(), key=lambda pair: -abs(math.log(pair[1].moved or 1.0))))
    shown = named if len(named) <= MOST_PRICES else moves
    figures += [figure for key, look in shown.items() for figure in _price(key, look)]
    figures += [figure for key, look in moves.items() for figure in _move(key, look)]
    findings += [
        f"{look.competitor}: the price of {look.product} changed by {{{{{key}.change}}}} to {{{{{key}.price}}}}."
        for key, look in moves.items()
    ]
    market, said = _market(found)
    return ToolResult(
        figures=(*market, *figures),
        findings=tuple(text for text in (*said, *findings) if without_digits(SLOT.sub("", text))),
        caveats=tuple(_caveats(found, by_name, day, request.stale_days)),
        decision=_decision(found, moves, request.threshold),
        table=_table(found),
    )


def _chosen(found: list[Look], wanted: Sequence[str]) -> list[Look]:
    there = list(dict.fromkeys(look.competitor for look in found))
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise NotEnoughData(
            "no price of this competitor was seen", field="competitors", needed="one of: " + ", ".join(there), found=", ".join(unknown)
        )
    return [look for look in found if not wanted or look.competitor in wanted]


def _mean(ratios: Sequence[float]) -> float:
    """The geometric mean."""
    return math.exp(math.fsum(math.log(ratio) for ratio in ratios) / len(ratios))


def _competitor(name: str, key: str, theirs: list[Look], day: date) -> tuple[list[Figure], list[str]]:
    """Index, reach, freshness and change of one competitor."""
    ratios = [look.ratio for look in theirs if look.ratio]
    moved = [look for look in theirs if look.moved]
    last = max(look.seen_on for look in theirs)
    shared: dict[str, Any] = {"entity": name, "basis": "observed", "source": next((look.source for look in theirs if look.source), None)}
    figures = [
        Figure(
            key=f"{key}.last_seen", value=last.isoformat(), unit="date", metric="last_seen", label="day its prices were last seen", **shared
        )
    ]
    said = [f"The prices of {name} were last seen on {{{{{key}.last_seen}}}}."]
    if ratios:
        period = f"{min(look.seen_on for look in theirs).isoformat()}/{day.isoformat()}"
        figures += [
            Figure(
                key=f"{key}.price_index", value=_mean(ratios), unit="share", metric="price_index", label="its prices as a share of ours",
                denominator="our prices", period=period, n=len(ratios),
                interval=Interval(low=min(ratios), high=max(ratios), kind="range"), **shared,
            ),
            Figure(
                key=f"{key}.products", value=len(ratios), unit="count", metric="products", label="products compared, like for like",
                period=period, **shared,
            ),
        ]  # fmt: skip
        said[0] = (
            f"Over {{{{{key}.products}}}} products that both lists name, the prices of {name} stand at {{{{{key}.price_index}}}} of ours "
            f"(single products {{{{{key}.price_index|range}}}}), last seen on {{{{{key}.last_seen}}}}."
        )
    if moved:
        earliest = min(look.before_on for look in moved if look.before_on)
        figures.append(
            Figure(
                key=f"{key}.compared_with", value=earliest.isoformat(), unit="date", metric="compared_with",
                label="day of the look that changes are counted from", **shared,
            )
        )  # fmt: skip
        changes = [look.moved for look in moved if look.moved]
        span = f"{earliest.isoformat()}/{last.isoformat()}"
        figures.append(
            Figure(
                key=f"{key}.change", value=_mean(changes) - 1, unit="share", metric="price_change", label="change of its prices",
                denominator="prices before", period=span, n=len(changes),
                interval=Interval(low=min(changes) - 1, high=max(changes) - 1, kind="range"), **shared,
            )
        )  # fmt: skip
        said.append(f"Since {{{{{key}.compared_with}}}} the prices of {name} have changed by {{{{{key}.change}}}} over the same products.")
    return figures, said


def _market(found: list[Look]) -> tuple[list[Figure], list[str]]:
    """Where our prices stand among all that were seen."""
    products = {look.product: [other for other in found if other.product == look.product and other.ratio] for look in found if look.ratio}
    if not products:
        return [], []
    dearer = [name for name, others in products.items() if all(other.ratio is not None and other.ratio < 1 for other in others)]
    cheaper = [name for name, others in products.items() if all(other.ratio is not None and other.ratio > 1 for other in others)]
    shared: dict[str, Any] = {"unit": "count", "basis": "observed"}
    figures = [
        Figure(key="products", value=len(products), metric="products", label="own products that a competitor sells too", **shared),
        Figure(
            key="dearest",
            value=len(dearer),
            metric="products_dearest",
            label="own products that every competitor seen sells for less",
            **shared,
        ),
        Figure(
            key="cheapest",
            value=len(cheaper),
            metric="products_cheapest",
            label="own products that every competitor seen sells for more",
            **shared,
        ),
    ]
    return figures, [
        "The comparison covers {{products}} own products that a competitor sells too.",
        "Own products that every competitor seen sells for less: {{dearest}}" + _listed(dearer),
        "Own products that every competitor seen sells for more: {{cheapest}}" + _listed(cheaper),
    ]


def _listed(names: list[str]) -> str:
    return f" ({', '.join(names)})." if names and all(map(without_digits, names)) else "."


def _moves(found: list[Look], threshold: float) -> list[Look]:
    """Prices that moved by the threshold or more, the largest moves first."""
    moved = [look for look in found if look.moved is not None and abs(look.moved - 1) >= threshold]
    return sorted(moved, key=lambda look: (-abs(math.log(look.moved or 1.0)), look.competitor, look.product))[:MOST_MOVES]


def _entity(look: Look) -> dict[str, Any]:
    return {"entity": f"{look.competitor}: {look.product}", "basis": "observed", "source": look.source, "source_date": look.seen_on}


def _price(key: str, look: Look) -> Iterable[Figure]:
    """The price seen, and what it is of ours."""
    day = f"{look.seen_on}/{look.seen_on}"
    yield Figure(
        key=f"{key}.price", value=look.price, unit="money", currency=look.currency, metric="price", label="price seen",
        denominator=look.unit, period=day, **_entity(look),
    )  # fmt: skip
    if look.ratio is not None:
        yield Figure(
            key=f"{key}.ratio", value=look.ratio, unit="share", metric="price_ratio", label="price seen as a share of ours",
            denominator="our price", period=day, **_entity(look),
        )  # fmt: skip


def _move(key: str, look: Look) -> Iterable[Figure]:
    """How a price moved since the look before."""
    assert look.before_on is not None
    assert look.moved is not None
    assert look.before is not None
    span = f"{look.before_on}/{look.seen_on}"
    yield Figure(
        key=f"{key}.change", value=look.moved - 1, unit="share", metric="price_change", label="change of this price",
        denominator="price before", period=span, **_entity(look),
    )  # fmt: skip
    yield Figure(
        key=f"{key}.before", value=look.before, unit="money", currency=look.currency, metric="price_before",
        label="price at the look before", denominator=look.unit, period=f"{look.before_on}/{look.before_on}", **_entity(look),
    )  # fmt: skip


def _caveats(found: list[Look], by_name: dict[str, list[Look]], day: date, stale_days: int) -> Iterable[Caveat]:
    yield Caveat(
        code="as_seen",
        text="Competitors' prices are compared as they were seen: what is included, and whether tax is, was not recorded.",
        insist=True,
        signs=("as seen", "as they were seen", "what is included", "not recorded"),
    )
    old = sorted(name for name, theirs in by_name.items() if max(look.seen_on for look in theirs) < day - timedelta(days=stale_days))
    if old:
        names = ", ".join(old) if all(map(without_digits, old)) else "some competitors"
        yield Caveat(
            code="old_looks",
            text=f"The prices of {names} were last seen long ago and may have changed since.",
            insist=True,
            signs=("long ago", "may have changed", "out of date", "last seen"),
        )
    if not any(look.ours for look in found):
        yield Caveat(
            code="no_own_prices", text="No product of ours has a price under the same name: nothing is compared with ours.", insist=True
        )
    elif sum(look.ours is None for look in found):
        yield Caveat(code="unmatched", text="Products that only one of the two price lists names are left out of the comparison.")
    if any(0 < sum(look.ratio is not None for look in theirs) < FEW for theirs in by_name.values()):
        yield Caveat(code="few_products", text="Where few products are compared, a single one carries the whole comparison.")


def _below(look: Look, threshold: float) -> bool:
    """Whether a price went down and lies below ours by the threshold."""
    return look.moved is not None and look.moved < 1 and look.ratio is not None and look.ratio <= 1 - threshold


def _decision(found: list[Look], moves: Mapping[str, Look], threshold: float) -> Decision:
    for key, look in moves.items():
        if _below(look, threshold) and (look.ratio_before or 0) >= 1:
            return Decision(
                action="answer", reason=f"A competitor went below our price: a change of {{{{{key}.change}}}} to {{{{{key}.price}}}}."
            )
    for key, look in moves.items():
        if _below(look, threshold):
            reason = f"A competitor that was below our price already went further down: by {{{{{key}.change}}}} to {{{{{key}.price}}}}."
            return Decision(action="watch", reason=reason)
    if moves:
        largest = next(iter(moves))
        reason = f"The largest change seen is {{{{{largest}.change}}}}; it leaves no competitor newly below our price."
        return Decision(action="watch", reason=reason)
    if any(look.moved for look in found):
        return Decision(action="hold", reason="No price seen has moved by as much as the threshold that was set.")
    return Decision(action="look_again", reason="There is no earlier look to compare with: the next one will show what changes.")


def _table(found: list[Look]) -> Table:
    currency = found[0].currency
    columns = (
        Column(name="competitor", label="competitor"),
        Column(name="product", label="product"),
        Column(name="price", label="their price", unit="money", currency=currency),
        Column(name="ours", label="our price", unit="money", currency=currency),
        Column(name="ratio", label="theirs as a share of ours", unit="share"),
        Column(name="change", label="change since the last look", unit="share"),
        Column(name="seen_on", label="seen on", unit="date"),
        Column(name="source", label="seen at"),
    )
    rows = tuple(
        (
            look.competitor,
            look.product,
            look.price,
            look.ours,
            look.ratio,
            None if look.moved is None else look.moved - 1,
            look.seen_on.isoformat(),
            look.source,
        )
        for look in found
    )
    return Table(title="Prices seen", columns=columns, rows=rows)
