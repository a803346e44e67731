"""Risks, measurement, what to do, what was not taken and what is not known."""

from __future__ import annotations

import re
from typing import Any

from llm.offline.actions import action
from llm.offline.sentences import capital, join
from llm.offline.strategy.plan import widest
from llm.offline.strategy.view import View


def risks(view: View) -> list[dict[str, Any]]:
    """What could go wrong, in order of what it would cost."""
    held = view.fit.get("holdout.mape") if view.fit else None
    model = {
        "risk": join("The past stops being a guide: the forecast holds while markets, prices and creative stay as they were.")
        if view.fit
        else "The first weeks are read as if they were typical.",
        "sign": f"Weekly results miss the forecast by more than its holdout error of {held.slot}."
        if held
        else "Results jump from week to week.",
        "mitigation": "Fit again on the new weeks before moving money." if view.fit else "Change nothing before the first review.",
        "owner": "agency",
    }
    claims = view.summary.get("total.claims_per_crm_contact") if view.summary else None
    counting = {
        "risk": "The platforms claim results that are not theirs, and we follow their count.",
        "sign": f"Claimed conversions per new contact move away from {claims.slot}."
        if claims
        else "Claims grow while the client's own records do not.",
        "mitigation": "Decide on the client's own records; use the claims to compare a channel with itself.",
        "owner": "agency",
    }
    season = next(iter(view.voice.under("season")), None)
    capacity = {
        "risk": f"The season: {season[0].rstrip('.')} {season[1].cite}." if season else "Demand grows faster than it can be served.",
        "sign": "Cost per click rises on every channel in the same week." if season else "Waiting times grow and reviews mention it.",
        "mitigation": "Hold the budget, not the number of results, and do not chase the season with more money."
        if season
        else "Agree beforehand who pauses the ads.",
        "owner": "client",
    }
    return [counting, model, capacity]


def measurement(view: View) -> list[str]:
    """What is counted, where, how often, against what."""
    done = view.ask["done"]
    contacts = view.summary.get("total.crm_contacts") if view.summary else None
    said = [
        f"What counts is {done} in your own records, with its day and source; the platforms' claims stand beside it, never added up.",
        "Each Monday the agency puts spend, claims and your own count of the week in a table; each review reads it against the range.",
        "The comparison is with the weeks before the start and with the forecast's range, not with a single good week.",
        f"Where we start: {contacts.slot} new contacts in the CRM have one of these channels as their source." if contacts else "",
        f"The forecast counts {view.outcome}, the nearest thing on record to {view.goal}." if _differs(view) else "",
        _table_note(view),
    ]
    return [text for text in said if text][:6]


def _differs(view: View) -> bool:
    return view.forecast is not None and view.outcome != view.goal


def _table_note(view: View) -> str:
    missing = [name for name in ("ad_metrics", "orders", "contacts") if name not in view.desk.tables]
    if not missing:
        return "A tag on each link names channel and campaign, so that the record says where an order came from."
    words = {"ad_metrics": "daily figures of the ad accounts", "orders": "orders", "contacts": "new contacts with their source"}
    return f"To be added in the first week: {', '.join(words[name] for name in missing)}, which are not on record."


def actions(view: View) -> list[dict[str, Any]]:
    """What to do, who, when, how much work, when to stop."""
    low = next((s for a in (view.split, view.forecast) if a and (s := a.get("total.expected_conversions")) and s.interval), None)
    cpa = view.summary.get("total.cpa") if view.summary else None
    stop_cost = (
        f"Over all channels the {view.called(cpa)} is above {cpa.end('high')}."
        if cpa and cpa.interval
        else "A channel has taken its test budget without a result."
    )
    fewer = (
        f"Fewer than {low.end('low')} {view.outcome}{view.per(low)} come from these channels."
        if low and low is not None and low.per == "month"
        else stop_cost
    )
    effect = view.design.get("minimum_detectable_effect") if view.design else None
    money = view.budget.slot if view.budget else "the stated sum"
    asked = "as a whole" if not view.moved else "with the new split"
    return [
        action(f"Approve the budget of {money}{view.per(view.budget)}, {asked}.", "client", 5, "small", fewer),
        action(
            "Set up or clean the campaigns as described under platforms, and the conversion event behind them.",
            "agency",
            7,
            "medium",
            stop_cost,
        ),
        action(
            "Write the first pieces of the content plan in the words of your brand voice, and have them approved.",
            "agency",
            7,
            "medium",
            "The client asks for a change of tone.",
        ),
        action(
            "Start the first test and leave it alone until its end.",
            "agency",
            14,
            "medium",
            f"It has run its time; the minimum detectable effect is {effect.slot}." if effect else "It has run its time.",
        ),
        action("Send the weekly count of results from your own records.", "client", 7, "small", "The plan ends."),
    ]


def alternatives(view: View) -> list[dict[str, Any]]:
    """Ways not taken, each with the figure that rejected it."""
    split = view.split
    found = []
    if split:
        for entity in dict.fromkeys(f.of for f in split.figures if f.of and f.of.startswith("alternative: ")):
            name = entity.removeprefix("alternative: ")
            expected, fewer, more, worse = (split.one(m, entity) for m in ("expected_conversions", "loss", "gain", "chance_worse"))
            if expected is None or (name == "the current split" and not view.moved):
                continue
            if fewer:
                why = f"With {name} {expected.slot} {view.outcome}{view.per(expected)} are expected, {fewer.slot} fewer than with the plan."
            elif more and worse:
                # The tool's own sentence on the chance says why it stays an alternative.
                reason = next((text for text in split.findings if worse.slot in text), "")
                why = join(f"With {name} {expected.slot} {view.outcome}{view.per(expected)} are expected, {more.slot} more.", reason)
            elif expected.interval:
                ends = f"{expected.end('low')} to {expected.end('high')} {view.outcome}{view.per(expected)}"
                why = f"With {name} {ends} are expected, a range that cannot be told from that of the plan."
            else:
                continue
            found.append({"option": capital(name), "why_not": why})
    if not found:
        found = _without_curves(view)
    return found[:4]


def _without_curves(view: View) -> list[dict[str, Any]]:
    rows = [
        (view.amount(slot) or 0.0, channel, slot)
        for channel in view.channels
        if view.summary and (slot := view.summary.get(f"{channel}.cpa")) and slot.interval
    ]
    rows.sort()
    if rows:
        _, channel, slot = rows[0]
        name = view.name(channel)
        return [
            {
                "option": f"Everything on {name}",
                "why_not": f"On {name} the {view.called(slot)} lies between {slot.end('low')} and {slot.end('high')}: too wide to bet on.",
            }
        ]
    if view.budget:
        return [
            {
                "option": "Waiting until there is more data",
                "why_not": f"Nothing is learnt without spending: {view.budget.slot} is the budget that you stated.",
            }
        ]
    return [{"option": "Waiting until there is more data", "why_not": "Nothing is learnt without trying, and a test month shows it."}]


def unknowns(view: View) -> list[dict[str, Any]]:
    """What we could not know, what it costs, how to learn it."""
    channel = widest(view)
    known = view.fit.get(f"{channel}.contribution") if view.fit and channel else None
    expected = view.forecast.get("total.expected_conversions") if view.forecast else None
    design = view.design.get("minimum_detectable_effect") if view.design else None
    return [
        {
            "what": "What the channels cause, as against what would have come anyway",
            "cost": f"It keeps the forecast as wide as {expected.end('low')} to {expected.end('high')} {view.outcome}."
            if expected and expected.interval
            else "Every comparison of channels hangs on it.",
            "learn_by": "A test with areas or people held out, as described under experiments.",
        },
        {
            "what": f"What {view.name(channel)} adds" if channel else "Which channel finds buyers at all",
            "cost": f"The model puts {known.end('low')} to {known.end('high')} {view.outcome} a week to it, and its budget hangs on that."
            if known and known.interval and channel
            else "The budget is divided without knowing it.",
            "learn_by": f"Pause {view.name(channel)} in some areas and compare."
            if channel
            else "Run each channel for a month at the same budget.",
        },
        {
            "what": "What a new customer is worth over time" if "orders" in view.desk.tables else "Who buys a second time",
            "cost": "Whether a dearer customer is worth it cannot be said; the plan counts customers, not what they go on to spend.",
            "learn_by": "Follow those who come in these months by channel, and compare what they go on to pay.",
        },
        *_untested(view),
        *(
            [
                {
                    "what": "Small changes of the page",
                    "cost": f"The minimum detectable effect is {design.slot}: what is smaller stays unseen.",
                    "learn_by": "Test on a step that more people reach.",
                }
            ]
            if design
            else []
        ),
    ][:5]


def _untested(view: View) -> list[dict[str, Any]]:
    """A belief that the client's own documents call untested."""
    for passage in view.voice.passages:
        match = re.search(r"believe[^\n]*not tested\s*\n(?P<text>[^.]+)\.", passage.text)
        if match and view.voice.clean(match["text"]):
            belief = re.sub(r"\s+", " ", match["text"]).strip()
            return [
                {
                    "what": f"A belief from your notes: {belief[0].lower() + belief[1:]} {passage.cite}",
                    "cost": "If it is wrong, money stays where it does little.",
                    "learn_by": "The test with areas held out answers it.",
                }
            ]
    return []
