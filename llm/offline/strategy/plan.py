"""The budget, what it is expected to bring, and the rules agreed in advance."""

from __future__ import annotations

from typing import Any

from llm.offline.sentences import join, listed
from llm.offline.strategy.opening import changes
from llm.offline.strategy.view import View


def budget(view: View) -> list[str]:
    """How the total adds up and what changes."""
    split = view.split
    if split is None:
        return [text for text in (_stated_budget(view), _worked_out(view)) if text]
    total, media, fee, vat, unspent = (split.get(f"total.{key}") for key in ("budget", "media", "fee", "vat", "unspent"))
    parts = [
        f"{slot.slot} of {word}" for slot, word in ((media, "media spend"), (fee, "agency fee"), (vat, "VAT")) if slot and view.amount(slot)
    ]
    first = f"The whole budget is {total.slot}{view.per(total)}: {listed(parts)}." if total and parts else ""
    left = f"{unspent.slot} of it stays unspent within the limits." if unspent and view.amount(unspent) else ""
    return [text for text in (join(first, left), _today(view), _moves(view), view.told("allocate_budget")) if text]


def _stated_budget(view: View) -> str:
    if not view.budget:
        return "The brief states no budget with a number, so none is divided here."
    kept = [
        f"{slot.slot} of {word}"
        for path, word in (("F.agency_fee_share", "agency fee on media"), ("F.vat_rate", "VAT"))
        if (slot := view.desk.stated_as(path))
    ]
    covers = f" It has to cover {listed(kept)} as well as media." if kept else ""
    return f"The stated budget is {view.budget.slot}{view.per(view.budget)}.{covers}"


def _worked_out(view: View) -> str:
    found = {f.key: f for answer in view.desk.every("calculate") for f in answer.figures}
    media, kept = found.get("media_budget"), found.get("set_aside")
    if media and kept:
        return (
            f"For fee and VAT we set aside {kept.slot}, reckoned on the whole budget and so a little more than they will come to. "
            f"The media budget is {media.slot}, divided evenly over the channels, because nothing on record tells them apart."
        )
    return "Media is divided evenly over the channels of the brief, because nothing on record tells them apart."


def _today(view: View) -> str:
    """The plan's media against what is spent today, and what that difference is expected to mean."""
    split = view.split
    media, recent, weeks, change = (
        split.get(f"total.{key}") if split else None for key in ("media", "recent_spend", "recent_weeks", "budget_change")
    )
    if split is None or not (media and recent and change):
        return ""
    when = f"over the last {weeks.slot}" if weeks else "today"
    said = (
        f"Media spend {when} was {recent.slot}{view.per(recent)}, so the plan's {media.slot} of media spend is a change of {change.slot}."
    )
    now = split.get("today.expected_conversions")
    apart = next((text for text in split.findings if text.startswith("At today's spend")), "") if now else ""
    return join(said, apart)


def _moves(view: View) -> str:
    split = view.split
    if split is None:
        return ""
    if not view.moved:
        worse = split.get("best_split.chance_worse")
        why = f"For the best split found the chance of fewer {view.outcome} than with the current split is {worse.slot}." if worse else ""
        return join("The advice is to keep the current split of the budget.", why, _midway(view))
    more, less = changes(view)
    said = [f"{listed(view.name(c) for c in group)} {word} budget" for group, word in ((more, "gain"), (less, "give up")) if group]
    return f"Against the current split of this budget, {listed(said)}; the table has the amounts." if said else ""


def _midway(view: View) -> str:
    """The split that was held back, as a step that somebody may take or test."""
    split = view.split
    step = split.get("midway.more_than_plan") if split else None
    worse = split.get("midway.chance_worse") if split else None
    if split is None or not (step and worse):
        return ""
    amounts = [f"{amount.slot} on {view.name(channel)}" for channel in view.channels if (amount := split.get(f"midway.{channel}.budget"))]
    return join(
        f"A step midway to the best split is expected to bring {step.slot} more {view.outcome}{view.per(step)}, "
        f"with a chance of {worse.slot} of bringing fewer than the current split.",
        f"It would put {listed(amounts)}{view.per(step)}." if amounts else "",
    )


def forecast(view: View) -> list[str]:
    """The range first, then the comparison and the limits."""
    answer = view.forecast
    if answer is None:
        refused = view.refused("forecast_campaign")
        return [
            join(
                f"We give no forecast of {view.goal}:",
                f"{refused}." if refused else "there is neither a fitted response nor a plan per channel to run ahead on.",
                "A range made up to fill this place would be worth nothing to you.",
            ),
            _must_be_true(view),
            view.told("forecast_campaign") or "The first review says whether a forecast can be made.",
        ]
    expected, horizon, cost, each = (
        answer.get(f"total.{key}") for key in ("expected_conversions", "horizon", "cost", "cost_per_conversion")
    )
    first = ""
    if expected:
        span = f"Over the next {horizon.slot}" if horizon else "Over the horizon"
        ends = (
            f"between {expected.end('low')} and {expected.end('high')} {view.outcome}, {expected.slot} as the middle"
            if expected.interval
            else f"{expected.slot} {view.outcome}"
        )
        first = f"{span} the plan's channels are expected to bring {ends}"
        first += f", for a cost of {cost.slot}." if cost else "."
    per = f"That is a cost of {each.slot} for each of the {view.outcome} ({each.range})." if each and each.interval else ""
    against = answer.get("current.expected_conversions")
    worse = answer.get("total.chance_worse")
    compare = f"Under the current split of this budget {against.slot} {view.outcome} are expected." if against else ""
    if against and worse:
        compare = join(compare, f"The chance of fewer {view.outcome} than under the current split of this budget is {worse.slot}.")
    elif view.split is not None and not view.moved:
        compare = "The plan is the current split of this budget, so this is the forecast of both."
    if gain := view.gain:
        compare = join(compare, gain)
    by = [text for text in answer.findings if text.startswith("By {{")]
    profit = answer.get("total.profit")
    money = f"The expected profit after the cost of the plan is {profit.slot} ({profit.range})." if profit and profit.interval else ""
    held = view.fit.get("holdout.mape") if view.fit else None
    weeks = view.fit.get("holdout.weeks") if view.fit else None
    tried = (
        f"On the last {weeks.slot}, held out of the fit, the model's holdout error was {held.slot} on average." if held and weeks else ""
    )
    must = [text for text in answer.findings if text.startswith(("What must be true", "To break even"))]
    true = join(*must[:3]) or ("" if view.fit else _must_be_true(view))
    said = [join(first, per), join(*by), join(compare, money), true, join(tried, view.told("forecast_campaign"))]
    return [text for text in said if text] or ["The forecast gave no figure that can be written here."]


def _must_be_true(view: View) -> str:
    answer = view.summary
    lines = []
    for channel in view.channels:
        cpa = answer.get(f"{channel}.cpa") if answer else None
        if cpa and cpa.interval:
            lines.append(f"On {view.name(channel)} the {view.called(cpa)} stays below {cpa.end('high')}, the upper end so far.")
    margin = view.desk.stated_as("F.gross_margin_share")
    room = f"With a gross margin of {margin.slot}, what is left of an order has to cover what it cost to win it." if margin else ""
    return (
        join("What must be true for the plan to pay:" if lines or room else "", *lines, room)
        or "What must be true is for the first weeks to show."
    )


def experiments(view: View) -> list[dict[str, Any]]:
    """The test that was sized, and the one that could change the plan."""
    found = [test for test in (_sized(view), _holdout(view)) if test]
    return found[:4]


def _sized(view: View) -> dict[str, Any] | None:
    answer = view.design
    if answer is None:
        return None
    effect, longest, units, rate = (answer.get(key) for key in ("minimum_detectable_effect", "longest", "units_per_week", "baseline_rate"))
    per_arm, days, wanted, more = (answer.get(key) for key in ("sample_size_per_arm", "days", "effect_to_find", "inflation"))
    size = join(
        f"The smallest change worth finding is {wanted.slot} of today's figure." if wanted else "",
        f"The sample size per arm is {per_arm.slot}." if per_arm else "",
        f"That takes {days.slot}." if per_arm and days else "",
        f"To look every day takes up to {more.slot} the size of a test that is read at its end only." if per_arm and more else "",
        f"With {longest.slot} of time the minimum detectable effect is {effect.slot} of today's figure." if effect and longest else "",
        f"{units.slot} {units.what.replace(' that can', ' can')} each {units.per or 'week'}." if units else "",
    )
    today = f"Today's {rate.what.split(',')[0].removesuffix(' today')} is {rate.slot}." if rate else ""
    question = next((text for text, _ in view.voice.questions), None)
    asked = "It is among what they ask first." if question else ""
    change = (
        f'the landing page answers "{question}" before anything else'
        if question
        else f"the page asks to {view.ask['verb']} before it explains"
    )
    keep = view.told("design_experiment")
    return {
        "name": "What the visitor sees first",
        "hypothesis": join(f"If {change}, a larger share goes on to {view.ask['done']}.", asked, today),
        "size": size or (answer.findings[0] if answer.findings else "The tool gave no size that can be written here."),
        "decide": join(
            "Look at it on any day: its interval holds at every look. Ship it when the whole interval lies above nothing; "
            "stop it when it lies below, or when the planned size is in and it does neither.",
            f"The minimum detectable effect is {effect.slot}: what is smaller stays unseen." if effect else "",
            keep,
        ),
    }


def widest(view: View) -> str | None:
    """The channel whose contribution is known least: the widest interval for its size."""
    answer = view.fit or view.summary
    found = []
    for channel in view.channels:
        slot = next((s for key in ("contribution", "cpa") if answer and (s := answer.get(f"{channel}.{key}"))), None)
        ends, middle = view.ends(slot), view.amount(slot)
        if ends and middle:
            found.append(((ends[1] - ends[0]) / abs(middle), channel))
    return max(found)[1] if found else None


def _holdout(view: View) -> dict[str, Any]:
    channel = widest(view) or view.channels[0]
    name = view.name(channel)
    known = view.fit.get(f"{channel}.contribution") if view.fit else None
    doubt = (
        f"The model puts {name} at {known.end('low')} to {known.end('high')} {view.outcome} a week, so the plan hangs on it."
        if known and known.interval
        else f"What {name} adds is not known."
    )
    promised = next(iter(view.voice.about("held-out", "held out", "holdout", f"region without {name}")), None)
    noted = f"Your notes have it on the list already {promised[1].cite}." if promised else ""
    return {
        "name": f"{name} off in some areas",
        "hypothesis": join(f"If {name} pauses in a drawn set of areas, {view.goal} there fall by what it adds. {doubt}", noted),
        "size": "Not sized yet: it takes weekly results by area, which are not on record. It costs whatever the paused areas may miss.",
        "decide": f"Compare {view.goal} per area with the areas that went on. If the interval of the difference holds nothing, "
        f"move the money of {name} at the next review; if it lies below, keep it.",
    }


def reviews(view: View) -> list[dict[str, Any]]:
    """At least a rule each for days 30, 60 and 90."""
    return [*_early(view), _middle(view), _late(view)]


def _early(view: View) -> list[dict[str, Any]]:
    found = []
    for channel in view.channels:
        spend, cpa = (view.summary.get(f"{channel}.{key}") if view.summary else None for key in ("spend", "cpa"))
        if cpa and cpa.interval:
            found.append((view.amount(spend) or 0.0, channel, cpa))
    found.sort(key=lambda row: -row[0])
    rows = [
        {
            "due_in_days": 30,
            "look_at": f"{view.name(channel)}: {view.called(cpa)}, beside the new contacts in the CRM",
            "if_so": f"The {view.called(cpa)} on {view.name(channel)} is above {cpa.end('high')}",
            "then": f"Lower the daily budget of {view.name(channel)} and change the creative before anything else.",
        }
        for _, channel, cpa in found[:2]
    ]
    return rows or [
        {
            "due_in_days": 30,
            "look_at": "Clicks and first results of each channel",
            "if_so": "A channel has clicks and no result",
            "then": "Pause it and mend the page first.",
        }
    ]


def _middle(view: View) -> dict[str, Any]:
    expected = view.forecast.get("by_day_60.expected") if view.forecast else None
    if expected and expected.interval:
        return {
            "due_in_days": 60,
            "look_at": f"{view.outcome.capitalize()} from these channels since the start, as your own records count them",
            "if_so": f"Fewer than {expected.end('low')} {view.outcome}, the lower end of what is expected by then",
            "then": "Go back to the current split, and look for what changed outside the plan."
            if view.moved
            else "Hold new spend, and look for what changed outside the plan.",
        }
    cpa = view.summary.get("total.cpa") if view.summary else None
    return {
        "due_in_days": 60,
        "look_at": "What a claimed conversion costs, all channels together",
        "if_so": f"The {view.called(cpa)} over all channels is above {cpa.end('high')}"
        if cpa and cpa.interval
        else "There is still no steady number of results a week",
        "then": "Stop the channel with the higher cost and put its money on the other.",
    }


def _late(view: View) -> dict[str, Any]:
    expected = view.forecast.get("total.expected_conversions") if view.forecast else None
    horizon = view.forecast.get("total.horizon") if view.forecast else None
    if expected and expected.interval and horizon:
        return {
            "due_in_days": 90,
            "look_at": f"All {view.outcome} of the plan's channels since the start, and the result of the test",
            "if_so": f"They run below {expected.end('low')} {view.outcome} for {horizon.slot}",
            "then": "Do not renew the plan as it is: fit again on the new weeks and decide afresh.",
        }
    return {
        "due_in_days": 90,
        "look_at": "Whether the record is long enough to fit how each channel responds",
        "if_so": "It is",
        "then": "Fit the response, and divide the budget by it instead of evenly.",
    }
