"""What went wrong, the summary that begins with it, and what changed."""

from __future__ import annotations

from llm.offline.report.view import Goal, ReportView
from llm.offline.sentences import capital, join, listed

MOST_HEADLINES = 3
WORTH_SAYING = 10.0
"""Percent by which the cost of a claimed conversion has to rise to be bad news though it may be ordinary."""


def bad_news(view: ReportView) -> list[str]:
    """The worst first: goals, promises, fewer results than the spend explains, counts that do not agree."""
    said = [_missed(goal) for goal in view.goals if goal.bad]
    said += view.scores("below the range promised") + view.scores("above the range promised")
    fewer = view.judged("fewer than ordinary variation")
    said += [_fewer(view, channel) for channel in fewer]
    if view.summary and view.summary.action == "reconcile_first" and (ratio := view.summary.get("total.claims_per_crm_contact")):
        said.append(
            f"The counts do not agree: over all channels the claimed conversions per new contact in the CRM are {ratio.slot}, "
            "more than late or untagged sign-ups usually explain."
        )
    said += [_dearer(view)] if dearer(view) else []
    if refused := view.refused("compare_periods"):
        said.append(f"What changed cannot be told: {refused[0].lower() + refused[1:]}.")
    return said[:6] or [_nothing(view)]


def dearer(view: ReportView) -> bool:
    """Whether what the platforms claim cost clearly more than in the period before."""
    change = view.compared.get("total.cpa_change") if view.compared else None
    return (view.amount(change) or 0.0) >= WORTH_SAYING


def _dearer(view: ReportView) -> str:
    assert view.compared is not None
    now, before, spend = (view.compared.get(f"total.{key}") for key in ("cpa", "previous_cpa", "spend_change"))
    if not (now and before and spend):
        return ""
    ordinary = "total" in view.judged("within ordinary variation")
    after = (
        " At this spend the number of claims is within ordinary variation: this is what such a spend ordinarily brings." if ordinary else ""
    )
    return (
        f"Over all channels the cost per claimed conversion was {now.slot}, after {before.slot} before; the change in ad spend was "
        f"{spend.slot}.{after}"
    )


def _missed(goal: Goal) -> str:
    if goal.actual is None:
        return f"The goal for {goal.name} of {goal.target.slot} is missed: nothing is on record."
    over = "above" if goal.at_most else "below"
    way = "is missed" if goal.standing == "missed" else "is out of reach at this pace"
    bound = "at most " if goal.at_most else ""
    by = f", {over} it by {goal.gap.formatted('abs')}" if goal.gap and goal.standing == "missed" else ""
    ends = f"; at this pace the period ends at {goal.projected.range}" if goal.projected and goal.standing == "out of reach" else ""
    return (
        f"The goal for {goal.name} {way}: the goal was {bound}{goal.target.slot}, and {goal.counted} came to {goal.actual.slot}{by}{ends}."
    )


def _fewer(view: ReportView, channel: str) -> str:
    assert view.compared is not None
    now, band = view.compared.get(f"{channel}.conversions"), view.compared.get(f"{channel}.expected_conversions")
    where = "Over all channels together" if channel == "total" else f"On {view.name(channel)}"
    if now is None or band is None:
        return f"{where} fewer {view.claims} came than ordinary variation gives at the spend."
    return f"{where} {now.slot} {view.claims} came, where ordinary variation at this spend would have given {band.range}."


def _nothing(view: ReportView) -> str:
    looked = []
    if view.goals:
        looked.append("no goal is missed")
    if view.scored and view.scored.get("promises.scored"):
        looked.append("no promise whose days are over is missed")
    if view.compared:
        looked.append("no channel brought fewer claimed conversions than ordinary variation gives at its spend")
    return (
        f"{capital(listed(looked))}."
        if looked
        else "Nothing is on record that could have gone wrong: there was no goal, promise or earlier period to hold it against."
    )


def summary(view: ReportView) -> list[str]:
    """At most 120 words: the bad news, the goals, the cost, what to expect, the decision."""
    return [text for text in (_headline(view), join(_goals(view), _cost(view)), join(_ahead(view), _decision(view))) if text]


def _headline(view: ReportView) -> str:
    bad = [goal for goal in view.goals if goal.bad]
    parts = [
        f"The goal for {goal.name} is {goal.standing}: {goal.actual.slot} against {'at most ' if goal.at_most else ''}{goal.target.slot}."
        for goal in bad[:2]
        if goal.actual
    ]
    missed = view.scored.get("promises.missed") if view.scored else None
    if missed and view.amount(missed):
        parts.append(f"Promises missed: {missed.slot}.")
    fewer = [channel for channel in view.judged("fewer than ordinary variation") if channel != "total"]
    if fewer:
        parts.append(f"{capital(listed(view.name(channel) for channel in fewer))} brought fewer {view.claims} than the spend explains.")
    if view.summary and view.summary.action == "reconcile_first":
        parts.append("The platforms claim far more than the CRM shows.")
    if dearer(view) and view.compared and len(parts) < MOST_HEADLINES:
        now, before = view.compared.get("total.cpa"), view.compared.get("total.previous_cpa")
        if now and before:
            parts.append(f"Over all channels the cost per claimed conversion was {now.slot}, after {before.slot}.")
    if parts:
        return join(*parts[:MOST_HEADLINES])
    if view.compared is None:
        return "It is too early to say what changed: there is no full period before this one on record."
    return "Nothing went wrong beyond what ordinary variation explains."


def _goals(view: ReportView) -> str:
    good = [goal for goal in view.goals if not goal.bad and goal.actual]
    if not good:
        return ""
    first = good[0]
    assert first.actual is not None
    if view.goal_is_far:
        counted = f"the {first.counted} on record, {first.actual.slot}"
        return f"The goal for {first.name}, {first.target.slot}, and {counted}, may not mean the same thing."
    way = "at most " if first.at_most else ""
    told = f"The goal for {first.name} is {first.standing}: {first.actual.slot} against {way}{first.target.slot}"
    rest = [goal.name for goal in good[1:]]
    return f"{told}; so {'is' if len(rest) == 1 else 'are'} {listed(rest)}." if rest and _same(good) else f"{told}."


def _same(goals: list[Goal]) -> bool:
    return len({goal.standing for goal in goals}) == 1


def _cost(view: ReportView) -> str:
    answer = view.summary or view.compared
    spend = answer.get("total.spend") if answer else None
    if spend is None:
        return ""
    return f"Ad spend was {spend.slot}, without fees and VAT."


def _ahead(view: ReportView) -> str:
    goal = next((goal for goal in view.goals if goal.next and goal.next.interval), None)
    if goal is None or goal.next is None:
        return ""
    return f"If {view.next_one} is an ordinary one, expect {goal.next.range} {goal.name}."


def _decision(view: ReportView) -> str:
    by = view.day(5)
    if view.goal_is_far:
        return f"Decision needed by {by}: what the goal counts."
    if any(goal.bad for goal in view.goals):
        return f"Decision needed by {by}: change the plan, or the goal."
    if view.summary and view.summary.action == "reconcile_first":
        return f"Decision needed by {by}: which count we steer by."
    return f"Decision needed by {by}: none, unless you want the plan changed."


def changes(view: ReportView) -> list[str]:
    """All channels first, then what is beyond ordinary variation, what is within it, and a year before."""
    if view.compared is None:
        refused = view.refused("compare_periods")
        reason = (
            f"What changed could not be told: {refused[0].lower() + refused[1:]}." if refused else "There are no ad figures to compare."
        )
        return [reason, "From the next full period on, this section compares it with this one."]
    told = [text for text in view.of_total() if "year" not in text and "parts add up" not in text]
    split = [text for text in view.of_total() if "parts add up" in text]
    year = [text for text in view.of_total() if "year" in text]
    said = [join("All ad channels together:", *(capital(text) for text in told))]
    said += [join("What the change went with, over all channels:", *(capital(text) for text in split))] if split else []
    said += [_beyond(view)]
    said += [join("A year before, over all channels:", *(capital(text) for text in year))] if year else []
    return [text for text in said if text]


def _beyond(view: ReportView) -> str:
    parts = []
    for words in ("more", "fewer"):
        for channel in (one for one in view.judged(f"{words} than ordinary variation") if one != "total"):
            band = view.compared.get(f"{channel}.expected_conversions") if view.compared else None
            now = view.compared.get(f"{channel}.conversions") if view.compared else None
            if band and now:
                parts.append(
                    f"{capital(view.name(channel))}: {now.slot} {view.claims}, {words} than ordinary variation gives at its spend "
                    f"({band.range})."
                )
    within = [channel for channel in view.judged("within ordinary variation") if channel != "total"]
    if within:
        names = listed(view.name(channel) for channel in within)
        parts.append(f"Within ordinary variation at their spend, and so no news: {names}.")
    unclear = [channel for channel in _unclear(view) if channel != "total"]
    if unclear:
        parts.append(f"For {listed(view.name(channel) for channel in unclear)} the record does not show whether the change is ordinary.")
    return join(*parts)


def _unclear(view: ReportView) -> list[str]:
    return view.judged("and the record does not show")
