"""What can be counted from the simulated tables by other means than the tools, counted again with plain Arrow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from demo.clients import AS_OF
from evals.grading.counting import Wrong, same, table
from evals.grading.recount_forecast import forecast
from evals.grading.recount_rivals import rivals
from evals.house import House
from evals.seen import Seen
from grounding.evidence import Evidence

OFF_BY_ROUNDING = 5
"""Minor units by which parts that were rounded one by one may miss their sum."""


def recount(seen: Seen, house: House) -> list[str]:
    """Figures that a second way of counting gives too: spend, clicks, rows, prices, buyers, consent, parts of a budget, forecasts."""
    problems: list[str] = []
    for record in seen.evidence:
        counting = COUNTED.get(record.tool)
        if counting is not None and (record.alias or "E").startswith("E"):
            problems += [f"{record.tool}.{key} is {given}, counted again {mine}" for key, given, mine in counting(seen, house, record)]
    return problems


def _period(text: str | None) -> tuple[date, date] | None:
    if not text or text.count("/") != 1:
        return None
    first, last = text.split("/")
    return date.fromisoformat(first), date.fromisoformat(last)


def _channels(seen: Seen, house: House, record: Evidence) -> Wrong:
    import pyarrow as pa
    import pyarrow.compute as pc

    ads = table(seen, house, "ad_metrics")
    wrong: Wrong = []
    if ads is None:
        return wrong
    for figure in record.figures:
        head, _, metric = figure.key.rpartition(".")
        days = _period(figure.period)
        if metric not in ("spend", "clicks", "impressions", "conversions") or figure.metric != metric or days is None or "." in head:
            continue
        if head != "total" and head != figure.entity:
            continue
        kept = pc.and_(pc.greater_equal(ads["day"], days[0]), pc.less_equal(ads["day"], days[1]))
        chosen = [head] if head != "total" else record.request.get("channels")
        if chosen:
            kept = pc.and_(kept, pc.is_in(ads["channel"], pa.array(chosen)))
        mine = pc.sum(ads.filter(kept)[metric]).as_py() or 0
        if not same(figure.value, mine):
            wrong.append((figure.key, figure.value, mine))
    return wrong


def _prices(seen: Seen, house: House, record: Evidence) -> Wrong:
    listed = table(seen, house, "prices")
    if listed is None:
        return []
    newest: dict[str, tuple[date, int]] = {}
    for row in listed.to_pylist():
        if row["valid_from"] <= seen.case.as_of:
            newest[_slug(row["product"])] = max(newest.get(_slug(row["product"]), (date.min, 0)), (row["valid_from"], row["price"]))
    found = [
        (f.key, f.value, newest[f.key.rpartition(".")[0]][1])
        for f in record.figures
        if f.metric == "price" and f.key.rpartition(".")[0] in newest
    ]
    return [one for one in found if not same(one[1], one[2])]


def _slug(name: str) -> str:
    import re

    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _rows(seen: Seen, house: House, record: Evidence) -> Wrong:
    wrong: Wrong = []
    for figure in record.figures:
        name, _, last = figure.key.rpartition(".")
        kept = table(seen, house, name) if last == "rows" and name in ("ad_metrics", "orders", "contacts", "prices") else None
        if kept is not None and seen.case.as_of == AS_OF and not same(figure.value, kept.num_rows):
            wrong.append((figure.key, figure.value, kept.num_rows))
    return wrong


def _buyers(seen: Seen, house: House, record: Evidence) -> Wrong:
    orders, figure = table(seen, house, "orders"), record.by_key.get("customers")
    if orders is None or figure is None or record.request.get("source") not in (None, "orders"):
        return []
    buyers = {
        row["contact_id"]
        for row in orders.select(["contact_id", "status"]).to_pylist()
        if row["contact_id"] and row["status"] in (None, "paid")
    }
    given = float(figure.value)
    return [] if given <= len(buyers) * 1.001 and given >= len(buyers) * 0.98 else [("customers", figure.value, len(buyers))]


def _recipients(seen: Seen, house: House, record: Evidence) -> Wrong:
    people, orders = table(seen, house, "contacts"), table(seen, house, "orders")
    request = record.request
    if people is None or (orders is None and request["bought"] != "any") or request["stages"] or request["cities"]:
        return []
    last: dict[str, date] = {}
    if request["bought"] != "any":
        for row in orders.select(["contact_id", "at", "status"]).to_pylist():
            if row["contact_id"] and row["status"] in (None, "paid"):
                last[row["contact_id"]] = max(last.get(row["contact_id"], date.min), row["at"].date())
    quiet = seen.case.as_of - timedelta(days=request["quiet_days"] or 0)
    chosen = [
        row
        for row in people.select(["contact_id", "email", "email_consent"]).to_pylist()
        if request["bought"] == "any"
        or (request["bought"] == "never" and row["contact_id"] not in last)
        or (request["bought"] == "before" and row["contact_id"] in last and (not request["quiet_days"] or last[row["contact_id"]] <= quiet))
    ]
    mine = {
        "people": len(chosen),
        "agreed": sum(bool(row["email_consent"]) and bool(row["email"]) for row in chosen),
        "refused": sum(row["email_consent"] is False for row in chosen),
    }
    found = [(key, record.by_key[key].value, count) for key, count in mine.items() if key in record.by_key]
    return [one for one in found if one[1] != one[2]]


def _budget(seen: Seen, house: House, record: Evidence) -> Wrong:
    known: dict[str, float] = {figure.key: figure.value for figure in record.figures if not isinstance(figure.value, str)}
    wrong: Wrong = []
    parts = [known.get(f"total.{name}", 0) for name in ("media", "fee", "vat")]
    whole = known.get("total.budget")
    if whole is not None and abs(sum(parts) - whole) > OFF_BY_ROUNDING:
        wrong.append(("total.budget", whole, sum(parts)))
    budgets = [known[f.key] for f in record.figures if f.metric == "budget" and f.entity and f.key == f"{f.entity}.budget"]
    media = known.get("total.media")
    if budgets and media is not None and abs(sum(budgets) + known.get("total.unspent", 0) - media) > OFF_BY_ROUNDING:
        wrong.append(("total.media", media, sum(budgets)))
    if whole is not None and record.request.get("budget") is not None and abs(record.request["budget"] - whole) > OFF_BY_ROUNDING:
        wrong.append(("total.budget", whole, record.request["budget"]))
    return wrong


COUNTED: dict[str, Callable[[Seen, House, Evidence], Wrong]] = {
    "summarize_channels": _channels,
    "list_prices": _prices,
    "describe_data": _rows,
    "segment_audience": _buyers,
    "select_recipients": _recipients,
    "allocate_budget": _budget,
    "compare_competitors": rivals,
    "forecast_campaign": forecast,
}
