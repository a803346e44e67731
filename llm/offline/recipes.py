"""Arguments that names and units alone do not settle: one recipe per tool, over what its schema offers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from llm.offline.arguments import CannotFill, assumed, deref, fill, properties
from llm.offline.experiments import experiment_named
from llm.offline.goals import goals_of
from llm.offline.periods import days_of
from llm.offline.reading import Answer, Desk, Offered, Slot

Recipe = Callable[[Offered, Desk], dict[str, Any]]

OUTCOME_NAME = re.compile(r"[a-z][a-z -]*")
GREW = re.compile(r"\bwhose (?P<what>[a-z]+) (?:grew|rose|increased|doubled|went up|improved)\b", re.IGNORECASE)


def benchmarks(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The channels of the brief that the tool knows."""
    arguments = fill(tool, desk)
    items = deref(properties(tool).get("channels", {}).get("items", {}), tool.schema)
    known = [channel for channel in desk.channels if not items.get("enum") or channel in items["enum"]]
    return arguments | ({"channels": known} if known else {})


def allocation(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The budget over the brief's channels, per week or month as it is stated; those channels are named, so that money goes to no other.

    A channel's learning minimum is its rule when it is stated per the budget's own period.
    """
    arguments = fill(tool, desk)
    stated, period = desk.stated_as("B.budget"), properties(tool).get("period", {})
    if stated and stated.per != period.get("default") and stated.per in period.get("enum", ()):
        arguments["period"] = stated.per
    if desk.channels and "channels" in properties(tool):
        arguments["channels"] = list(desk.channels)
    rules = list(_learning_minimums(desk, arguments.get("period", "month")))
    return arguments | ({"rules": rules} if rules and "rules" in properties(tool) else {})


def _learning_minimums(desk: Desk, period: str) -> Iterator[dict[str, str]]:
    for channel in desk.channels:
        least = desk.stated_as(f"F.{channel}.minimum_learning_spend")
        if least and least.per == period:
            yield {"channel": channel, "learning_minimum": least.slot}


def forecast(tool: Offered, desk: Desk) -> dict[str, Any]:
    """With curves from them; without, from a low, likely and high cost per click and conversion rate of each channel.

    The fee that the allocation set aside is part of the cost.
    """
    arguments = fill(tool, desk)
    split = desk.good("allocate_budget")
    fee = split.get("total.fee") if split else None
    if fee and fee.per == "month" and "fees" in properties(tool):
        arguments["fees"] = fee.slot
    if "curves" in arguments:
        return arguments
    rates = [rate for channel in desk.channels if (rate := _rates(channel, desk))]
    if not rates or len(rates) < len(desk.channels):
        raise CannotFill("rates")
    goal = desk.named.get("goal", "")
    named = {"outcome_name": goal} if OUTCOME_NAME.fullmatch(goal) else {}
    worth = _worth(desk)
    return arguments | {"rates": rates, **named} | ({"value_per_conversion": worth} if worth else {})


def _rates(channel: str, desk: Desk) -> dict[str, Any] | None:
    """A channel's own short record, with its intervals as the low and high values."""
    own = desk.good("summarize_channels")
    cost, rate = (own.get(f"{channel}.{key}") if own else None for key in ("cpc", "conversion_rate"))
    if cost and rate and cost.interval and rate.interval:
        return {"channel": channel, "cost_per_click": _ends(cost), "conversion_rate": _ends(rate), "basis": "attributed"}
    return None


def _ends(slot: Slot) -> dict[str, str]:
    return {"low": slot.end("low"), "likely": slot.slot, "high": slot.end("high")}


def _worth(desk: Desk) -> str | None:
    """What an order brings on average, where a tool gave it for all customers."""
    segments = desk.good("segment_audience")
    found = segments.get("total.average_order_value") if segments else None
    return found.slot if found else None


def experiment(tool: Offered, desk: Desk) -> dict[str, Any]:
    """From the client's own data; when that was refused, from the short record of the ads: claimed conversions per click."""
    arguments = fill(tool, desk)
    if desk.tables.keys() >= {"contacts", "orders"} or desk.tables.keys() >= {"events"}:
        return arguments
    return arguments | dict(_baseline(desk))


def _baseline(desk: Desk) -> Iterator[tuple[str, Any]]:
    own = desk.good("summarize_channels")
    rate = own.get("total.conversion_rate") if own else None
    if rate is not None:
        yield "baseline_rate", rate.slot
    else:
        yield (
            "baseline_rate",
            assumed(
                0.02,
                "visit_to_goal",
                "nothing on record says how often a visit ends in the goal; a cautious start until the first weeks show it",
            ),
        )


def experiment_again(tool: Offered, refused: Answer, desk: Desk) -> dict[str, Any] | None:
    """A test for which the data says too little is sized from the ads' own claimed rate, when that is there and was not tried."""
    if "baseline_rate" in refused.arguments:
        return None
    filled = dict(_baseline(desk))
    return {**refused.arguments, **filled, "relative_effect": WORTH_FINDING}


def goals(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The brief's goals over its period."""
    found = goals_of(desk)
    if not found:
        raise CannotFill("goals")
    return {"goals": found, **days_of(desk).arguments}


def period(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The days of the report."""
    return {**fill_plain(tool, desk), **days_of(desk).arguments}


def channels(tool: Offered, desk: Desk) -> dict[str, Any]:
    """A report sums up its own days, and takes changes from elsewhere; everything else the usual ones."""
    return {**period(tool, desk), "changes": False} if desk.answer_tool == "deliver_report" else fill(tool, desk)


def fill_plain(tool: Offered, desk: Desk) -> dict[str, Any]:
    """What names and units settle, without the days."""
    days = ("first_day", "last_day")
    schema = {
        **tool.schema,
        "properties": {name: part for name, part in properties(tool).items() if name not in days},
        "required": [name for name in tool.schema.get("required", ()) if name not in days],
    }
    return fill(Offered(tool.name, tool.description, schema), desk)


def promises(tool: Offered, desk: Desk) -> dict[str, Any]:
    """All promises that the request lists."""
    if desk.promises is None:
        raise CannotFill("promises")
    return {"promises": desk.promises}


def read_out(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The experiment that the brief names."""
    found = experiment_named(desk)
    if found is None:
        raise CannotFill("experiment")
    return found


QUIET_FOR = re.compile(
    r"\b(?:for|in|since|over|than)\s+(?:the last |more than )?(?P<number>\d{1,4})\s*(?P<unit>day|week|month)s?\b", re.IGNORECASE
)
QUIET = re.compile(
    r"\b(?:win[- ]?back|lapsed|quiet|inactive|come back|stopped|not (?:booked|bought|ordered|been|visited))\b", re.IGNORECASE
)
DAYS_OF = {"day": 1, "week": 7, "month": 30}


def recipients(tool: Offered, desk: Desk) -> dict[str, Any]:
    """Buyers who have been quiet, when the brief is about them; everybody otherwise."""
    if not QUIET.search(desk.brief):
        return {}
    said = QUIET_FOR.search(desk.brief)
    return {"bought": "before"} | ({"quiet_days": int(said["number"]) * DAYS_OF[said["unit"].lower()]} if said else {})


def case_studies(tool: Offered, desk: Desk) -> dict[str, Any]:
    """What the brief wants to have grown."""
    found = GREW.search(desk.brief)
    goal = found["what"].lower() if found else desk.named.get("goal", "").strip()
    return fill(tool, desk) | ({"measure": goal} if OUTCOME_NAME.fullmatch(goal) else {})


def case_studies_again(tool: Offered, refused: Answer, desk: Desk) -> dict[str, Any] | None:
    """What the brief wants is not counted: what is counted at customers instead."""
    if (refused.refusal or {}).get("field") != "measure" or "measure" not in refused.arguments:
        return None
    return {name: value for name, value in refused.arguments.items() if name != "measure"}


RECIPES: dict[str, Recipe] = {
    "find_case_studies": case_studies,
    "select_recipients": recipients,
    "track_goals": goals,
    "compare_periods": period,
    "summarize_channels": channels,
    "score_promises": promises,
    "analyze_experiment": read_out,
    "find_benchmarks": benchmarks,
    "allocate_budget": allocation,
    "forecast_campaign": forecast,
    "design_experiment": experiment,
}
AGAIN: dict[str, Callable[[Offered, Answer, Desk], dict[str, Any] | None]] = {
    "design_experiment": experiment_again,
    "find_case_studies": case_studies_again,
}
"""Second tries after a refusal for want of data: another way to the same end."""

WORTH_FINDING = 0.3
"""The change that a first test is sized for, as a share of today's figure: with little traffic, only a large one can be found."""
AFTER_THE_REST = frozenset({"forecast_campaign", "design_experiment"})
"""Tools whose recipe reads every earlier answer, though their schema does not say so."""
