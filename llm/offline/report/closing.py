"""What to do next, what was not taken, what is not known, and the appendix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llm.offline.actions import action
from llm.offline.report.view import ReportView
from llm.offline.sentences import capital, join

MOST_ACTIONS = 3
SAID_ALIKE = frozenset({"platform_claimed"})
"""Caveats that two tools tell in nearly the same words: once is enough."""
READ = ("Ad metrics", "Orders", "Contacts")
TOOLS = ("describe_data", "compare_periods", "summarize_channels", "analyze_experiment")


def actions(view: ReportView) -> list[dict[str, Any]]:
    """At most three; to change nothing when nothing calls for more."""
    found = list(_actions(view))[:MOST_ACTIONS]
    return found or [_hold(view)]


def _actions(view: ReportView) -> Iterator[dict[str, Any]]:
    if view.goal_is_far:
        goal = next((goal for goal in view.goals if goal.counted not in ("ad spend", "cost per claimed conversion")), view.goals[0])
        yield action(
            f"Agree on what the goal for {goal.name} counts: this report counted {goal.counted}, from all sources.",
            "client", 5, "small", "What is counted stands in the next brief.",
        )  # fmt: skip
    for channel in [one for one in view.judged("fewer than ordinary variation") if one != "total"][:1]:
        band = view.compared.get(f"{channel}.expected_conversions") if view.compared else None
        yield action(
            f"Look into {view.name(channel)}: what was shown, to whom, and whether its tracking still works, before any money moves.",
            "agency", 7, "medium",
            f"The next report finds {view.name(channel)} within ordinary variation again"
            + (f"; for this period that was {band.range} {view.claims}." if band else "."),
        )  # fmt: skip
    over = next((goal for goal in view.goals if goal.bad and goal.counted == "ad spend"), None)
    if over:
        yield action(
            f"Set the daily limits of the channels so that the ad spend of {view.next_one} stays within the budget.",
            "agency", 3, "small", f"The limits add up to no more ad spend than {over.target.slot}.",
        )  # fmt: skip
    missed = next((goal for goal in view.goals if goal.bad and goal is not over), None)
    if missed:
        ahead = missed.next.end("high") if missed.next and missed.next.interval else None
        yield action(
            f"Decide together whether the plan changes or the goal for {missed.name} does; a strategy from the same data can "
            "say what it would take.",
            "client", 10, "medium",
            f"{capital(view.next_one)} brings more than {ahead} {missed.name} without a change." if ahead
            else f"{capital(view.next_one)} meets the goal for {missed.name} without a change.",
        )  # fmt: skip
    if view.summary and view.summary.action == "reconcile_first" and (ratio := view.summary.get("total.claims_per_crm_contact")):
        yield action(
            "Settle with each platform what it counts as a conversion, and keep to the client's own count until then.",
            "agency", 14, "medium",
            f"Claimed conversions per new contact in the CRM over all channels are no longer above {ratio.slot}.",
        )  # fmt: skip
    if not any(goal.bad for goal in view.goals):
        yield _hold(view)


def _hold(view: ReportView) -> dict[str, Any]:
    band = view.compared.get("total.expected_conversions") if view.compared else None
    goal = next((goal for goal in view.goals if goal.next and goal.next.interval and not goal.at_most), None)
    if goal and goal.next:
        stop = f"{capital(view.next_one)} brings fewer than {goal.next.end('low')} {goal.name}."
    elif band and band.interval:
        stop = f"At the same spend all channels together bring fewer than {band.end('low')} {view.claims}."
    else:
        stop = "A channel takes its budget for another such period without a result."
    what = f"Change nothing in budgets and campaigns until the next report: nothing in this {view.days.called} calls for it."
    return action(what, "agency", 30 if view.days.called == "month" else 7, "small", stop)


def alternatives(view: ReportView) -> list[dict[str, Any]]:
    """To act on the channel whose cost rose most, though its change may be ordinary; else to move everything to the one that looks best."""
    if view.compared:
        rows = [
            (view.amount(change) or 0.0, channel, change)
            for channel in view.judged("within ordinary variation")
            if channel != "total" and (change := view.compared.get(f"{channel}.cpa_change"))
        ]
        if rows and max(rows)[0] > 0:
            _, channel, change = max(rows, key=lambda row: row[0])
            now, band = view.compared.get(f"{channel}.conversions"), view.compared.get(f"{channel}.expected_conversions")
            name = view.name(channel)
            why = f"On {name} the change in cost per claimed conversion was {change.slot}"
            why += (
                f", but its {now.slot} {view.claims} lie within the {band.range} that ordinary variation gives at this spend."
                if now and band
                else ", which chance in counting alone can bring about."
            )
            return [{"option": f"Cutting {name} now, since its cost went up", "why_not": why}]
    rows = [
        (view.amount(slot) or 0.0, channel, slot)
        for channel in view.channels
        if view.summary and (slot := view.summary.get(f"{channel}.cpa")) and slot.interval
    ]
    if rows:
        _, channel, slot = min(rows, key=lambda row: row[0])
        name = view.name(channel)
        why = f"On {name} the {view.called(slot)} lies between {slot.end('low')} and {slot.end('high')}, too wide to move everything on."
        return [{"option": f"Everything on {name}", "why_not": why}]
    return [{"option": "Changing the plan now", "why_not": "Nothing on record says which way to change it."}]


def unknowns(view: ReportView) -> list[dict[str, Any]]:
    """What the channels cause, why the counts differ, and what season it is."""
    band = view.compared.get("total.expected_conversions") if view.compared else None
    ratio = view.summary.get("total.claims_per_crm_customer") if view.summary else None
    year = view.compared.get("total.conversions_on_year") if view.compared else None
    return [
        {
            "what": "What the ads cause, as against what would have come anyway",
            "cost": f"What a {view.days.called} at this spend brings is known no closer than {band.range} {view.claims}."
            if band and band.interval
            else "No decision on a channel can rest on what it claims.",
            "learn_by": "A test with areas or people held out, on the channel with the largest budget.",
        },
        {
            "what": "Why the platforms' counts and your own differ",
            "cost": (
                f"With {ratio.slot} claimed conversions per first-time buyer in the CRM over all channels, a cost per result can "
                "be read either way."
            )
            if ratio
            else "A cost per result cannot be checked against your own records.",
            "learn_by": "One list from each platform of what it counts, held against a week of your own records.",
        },
        {
            "what": "How much of the change is the season",
            "cost": f"The change on the year, {year.slot} in claimed conversions, may be growth or a different season."
            if year
            else "A good or bad period may be nothing but the time of year.",
            "learn_by": join("A second year on record.", _season(view)),
        },
    ]


def _season(view: ReportView) -> str:
    """What the client's own notes say of their seasons."""
    told = next(iter(view.voice.under("season")), None)
    if told is None:
        return "Until then, your own knowledge of which weeks are full."
    return f"Until then, from your notes: {told[0].rstrip('.')} {told[1].cite}."


def appendix(view: ReportView) -> list[str]:
    """How it was worked out, and all that limits it."""
    said = []
    if view.compared:
        said += [
            "Change apart from ordinary variation: the claimed conversions of a channel are held against those of the period "
            "before, carried to "
            "this length and this spend; the spread is that of adjacent periods of the client's own record, beyond what went "
            "with their spend.",
            "What the change went with: a log-mean Divisia split of claimed conversions into length, pace of spending, price "
            "of media, clicks per "
            "impression and conversions per click; whole conversions that add up by channel and in all.",
        ]
    if view.tracked:
        said.append(
            "Goals are counted as the table under Goals says. The range of the next period is the spread between adjacent "
            "periods on record, "
            "carried on from this one; it holds no change of budget or season."
        )
    if view.scored:
        said.append("Promises are counted with the measure and the channels that they were made for, once all their days are on record.")
    told: dict[str, str] = {}
    for caveat in view.caveats(*TOOLS):
        told.setdefault(caveat.code if caveat.code in SAID_ALIKE else caveat.slot, view.said(caveat))
    said += [join(*told.values())] if told else []
    said.append("Each figure links to its tool run, which names its period, interval, level and the version of the data.")
    data = view.desk.good("describe_data")
    held = [text for text in data.findings if text.startswith(READ)] if data else []
    return [text for text in (*said, join(*held)) if text][:10]
