"""Whom to reach, and what each channel does about it."""

from __future__ import annotations

import re
from typing import Any

from llm.offline.sentences import capital, join, listed
from llm.offline.strategy.view import View
from llm.offline.view import CHANNELS

MOST_KEYWORDS = 12
FEW_TERMS = 6
NEARBY = re.compile(r"\bnear (?:them|you|me)\b|\bsuburb|\bkilomet|\bmiles? of\b|\bclose by\b", re.IGNORECASE)


def audiences(view: View) -> list[dict[str, Any]]:
    """The audiences that the documents name, else the segments, else present customers."""
    found = [_named(view, one, place) for place, one in enumerate(view.voice.audiences) if one.text][:4]
    return (found or _segments(view) or [_everyone(view)])[:5]


def _named(view: View, audience: Any, place: int) -> dict[str, Any]:
    reach = [channel for channel in view.channels if _mentions(audience.text, channel, view.name(channel))] or list(view.channels[:2])
    questions = [text for text, _ in view.voice.questions]
    question = questions[place % len(questions)] if questions else None
    return {
        "name": capital(audience.name),
        "who": f"{audience.text} {audience.passage.cite}",
        "targeting": f"Reached on {listed(view.name(channel) for channel in reach)}. {_settings(view, reach[0])}",
        "message": f"Answer what they ask before they {view.ask['verb']}: {question}" if question else _promise(view),
    }


def _mentions(text: str, channel: str, name: str) -> bool:
    words = {
        name.lower(),
        *({"search"} if channel == "google_ads" else ()),
        *({"mail", "mails"} if channel == "email" else ()),
        *({"instagram", "facebook"} if channel == "meta" else ()),
    }
    return any(word in text.lower() for word in words)


def _settings(view: View, channel: str) -> str:
    known = CHANNELS.get(channel)
    return known["targeting"] if known else f"{view.name(channel)}: the platform's own interest and location settings."


def _segments(view: View) -> list[dict[str, Any]]:
    answer = view.segments
    if answer is None:
        return []
    found = []
    for entity in dict.fromkeys(f.of for f in answer.figures if f.of and f.of.startswith("segment: ")):
        name = entity.removeprefix("segment: ")
        size, share, value = (answer.one(metric, entity) for metric in ("customers", "share_of_revenue", "revenue_per_customer"))
        if not (size and share and value):
            continue
        who = f"{capital(name)}: {size.slot} people with {share.slot} of revenue, {value.slot} of revenue per customer."
        found.append(
            (
                view.amount(share) or 0.0,
                {
                    "name": capital(name),
                    "who": who,
                    "targeting": f"Upload this segment as a customer list. {_settings(view, _own(view))}",
                    "message": _promise(view),
                },
            )
        )
    found.sort(key=lambda pair: -pair[0])
    return [audience for _, audience in found[:3]]


def _own(view: View) -> str:
    return next((channel for channel in ("email", "meta") if channel in view.channels), view.channels[0])


def _promise(view: View) -> str:
    products = [name for name, _ in view.voice.products]
    offer = listed(name.lower() for name in products[:3]) if products else None
    return f"What is in it and what it costs: {offer}." if offer else f"Say what it is, what it costs and how to {view.ask['verb']}."


def _everyone(view: View) -> dict[str, Any]:
    told = next(
        (text for text, _ in view.voice.about("who buys", "audience", "for people")),
        "No document says who buys, and no order is on record yet.",
    )
    return {"name": "First buyers", "who": told, "targeting": _settings(view, view.channels[0]), "message": _promise(view)}


def platforms(view: View) -> list[dict[str, Any]]:
    """Every channel of the brief."""
    return [_platform(view, channel) for channel in view.channels[:8]]


def _platform(view: View, channel: str) -> dict[str, Any]:
    known = CHANNELS.get(channel, {})
    return {
        "channel": view.name(channel),
        "role": join(f"{known['role']}." if known else "", _reason(view, channel)),
        "budget": _budget(view, channel),
        "campaign": known.get(
            "campaign", "A campaign on the platform's conversion objective with an ad set per audience and a daily budget."
        ),
        "keywords": keywords(view, channel),
        "creative": creative(view, channel),
    }


def _reason(view: View, channel: str) -> str:
    name, split, fit = view.name(channel), view.split, view.fit
    marginal = (split.get(f"{channel}.marginal_cost") if split else None) or (fit.get(f"{channel}.marginal_cost") if fit else None)
    expected = split.get(f"{channel}.expected_conversions") if split else None
    parts = []
    if expected:
        spread = f" ({expected.range})" if expected.interval else ""
        parts.append(f"{name} is expected to bring {expected.slot} {view.outcome}{view.per(expected)} at this budget{spread}.")
    if marginal:
        parts.append(f"The marginal cost on {name}, for a further customer, is estimated at {marginal.slot}.")
    if not parts and view.summary and (cpa := view.summary.get(f"{channel}.cpa")):
        spread = f" ({cpa.range})" if cpa.interval else ""
        parts.append(f"The {view.called(cpa)} on {name} so far is {cpa.slot}{spread}, too wide a range to rank it.")
    noted = ((text, p) for text, p in view.voice.about(name) if not text.startswith(("That ", f"{name}:")))
    if told := next(noted, None):
        parts.append(f"Your notes: {told[0].rstrip('.')} {told[1].cite}.")
    return join(*parts) or f"There is no record of {name} yet, so it starts as a test."


def _budget(view: View, channel: str) -> str:
    name, split = view.name(channel), view.split
    amount = split.get(f"{channel}.budget") if split else None
    if split is None or amount is None:
        planned = planned_amount(view, channel)
        if planned:
            return f"{name} gets a media budget of {planned.slot} for the test month."
        return f"{name} has no amount of its own yet: media is divided evenly over the channels while nothing tells them apart."
    spent, before, change = (split.get(f"{channel}.{key}") for key in ("recent_spend", "current_budget", "change"))
    text = f"{name} gets a media budget of {amount.slot}{view.per(amount)}"
    if before and change and (view.amount(change) or 0) != 0:
        text = f"{text}, against {before.slot} under the current split"
    elif before:
        text = f"{text}, as under the current split"
    weeks = split.get("total.recent_weeks")
    when = f"over the last {weeks.slot}" if weeks else "so far"
    return join(f"{text}.", f"Its media spend {when} was {spent.slot}{view.per(spent)}." if spent else "")


def planned_amount(view: View, channel: str) -> Any:
    """The media amount that was worked out for a channel without curves."""
    return next((f for answer in view.desk.every("calculate") for f in answer.figures if f.key == f"{channel}_media"), None)


def keywords(view: View, channel: str) -> list[str]:
    """Targeting terms in the client's own words."""
    own = [text for text, _ in view.voice.found_on(channel, view.name(channel))]
    if channel == "email":
        return ["customers with consent, by the date of the last order"]
    products = [name.lower() for name, _ in view.voice.products]
    telling = products + terms(view)
    if CHANNELS.get(channel, {}).get("kind") == "keywords":
        near = any(NEARBY.search(passage.text) for passage in view.voice.passages)
        built = [f"{view.ask['verb']} {term}" for term in telling[:4]] + ([f"{term} near me" for term in telling[:3]] if near else [])
        return list(dict.fromkeys([*own, *telling[:5], *built]))[:MOST_KEYWORDS]
    return list(dict.fromkeys([*own, *telling[:FEW_TERMS]]))[:MOST_KEYWORDS] or ["people like the present customers"]


def terms(view: View) -> list[str]:
    """Telling words of the offer: not the name of an audience, and a word in the singular or the plural, not twice."""
    audiences = {audience.name.lower() for audience in view.voice.audiences}
    kept: list[str] = []
    for term, _ in view.voice.terms:
        if len(term) > 4 and term not in audiences and not {term + "s", term.removesuffix("s")} & set(kept):
            kept.append(term)
    return kept


def first_lines(view: View) -> list[str]:
    """First lines in the client's words: what people ask, then what is sold."""
    lines = [question for question, _ in view.voice.questions]
    lines += [f"{capital(name.lower())}: what is in it, and what it costs" for name, _ in view.voice.products]
    lines += [f"{capital(term)}: see it, and {view.ask['verb']}" for term in terms(view)[:4]]
    return lines or [f"What it is, and how to {view.ask['verb']}"]


def creative(view: View, channel: str) -> list[str]:
    """What to make, with its first line; the lines differ by channel."""
    formats = CHANNELS.get(channel, {}).get("formats", ["image"])
    lines = first_lines(view)
    start = view.channels.index(channel) if channel in view.channels else 0
    made = []
    for index, form in enumerate(formats):
        line = lines[(start + index * max(1, len(view.channels) // 2)) % len(lines)]
        made.append(f"{capital(form)}. First line: {line if line.endswith('?') else line + '.'} Ask: {view.ask['ask']}.")
    return made


def content_plan(view: View) -> list[dict[str, Any]]:
    """A first month of pieces, a few a week, over the channels that get money."""
    lines = first_lines(view)
    rows = []
    for index, day in enumerate((7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30, 33)):
        channel = view.channels[index % len(view.channels)]
        formats = CHANNELS.get(channel, {}).get("formats", ["image"])
        line = lines[index % len(lines)]
        if index >= max(6, 2 * len(view.channels)):
            break
        rows.append(
            {
                "out_in_days": day,
                "channel": view.name(channel),
                "format": formats[(index // len(view.channels)) % len(formats)],
                "theme": line if line.endswith("?") else f"{line}.",
                "ask": view.ask["ask"],
            }
        )
    return rows
