"""The summary, where the client stands, and the title."""

from __future__ import annotations

from llm.offline.sentences import capital, join, listed
from llm.offline.strategy.view import View

WORTH_SAYING = 1.0
"""Percent by which media spend has to change for the summary to say so."""


def title(view: View) -> str:
    """What this is and for whom."""
    return f"Strategy for {view.desk.named.get('name', 'the client')}: {view.goal} through {listed(view.name(c) for c in view.channels)}"[
        :120
    ]


def summary(view: View) -> list[str]:
    """At most 120 words: the recommendation, its cost, the range, the decision."""
    return [join(_recommendation(view)), join(_cost(view), _range(view)), _decision(view)]


def _recommendation(view: View) -> str:
    names = listed(view.name(channel) for channel in view.channels)
    split = view.split
    if split is None and view.fit is not None:
        return f"We recommend to spend on {names} as now and to start a test: the budget could not be divided by what is on record."
    if split is None or view.fit is None:
        return f"We recommend a test month on {names} before anything larger: there is too little history to say which of them pays."
    if not view.moved:
        rejected = split.get("best_split.chance_worse")
        risk = (
            f" For the best split found the chance of fewer {view.outcome} than with the current split is {rejected.slot}."
            if rejected
            else ""
        )
        return f"We recommend to keep the current split over {names} and to use these months for a test that can settle it.{risk}"
    more, less = changes(view)
    return (
        "We recommend to shift the budget"
        + (f" to {listed(view.name(c) for c in more)}" if more else "")
        + (f" and away from {listed(view.name(c) for c in less)}" if less else "")
        + f". {view.gain}"
    )


def changes(view: View) -> tuple[list[str], list[str]]:
    """Channels that gain and channels that lose budget, by the size of the change."""
    split = view.split
    found = [(c, view.amount(split.get(f"{c}.change")) or 0.0) for c in view.channels] if split else []
    found.sort(key=lambda pair: -abs(pair[1]))
    return [c for c, amount in found if amount > 0], [c for c, amount in found if amount < 0]


def _cost(view: View) -> str:
    split = view.split
    total = split.get("total.budget") if split else None
    if split is None or total is None:
        return f"It costs the stated budget of {view.budget.slot}{view.per(view.budget)}." if view.budget else ""
    parts = [
        f"{slot.slot} {word}"
        for key, word in (("total.media", "of media spend"), ("total.fee", "of agency fee"), ("total.vat", "of VAT"))
        if (slot := split.get(key)) and view.amount(slot)
    ]
    change = split.get("total.budget_change")
    moved = f" Media spend changes by {change.slot} against today's." if change and abs(view.amount(change) or 0.0) >= WORTH_SAYING else ""
    return f"The budget is {total.slot}{view.per(total)}" + (f": {listed(parts)}." if parts else ".") + moved


def _range(view: View) -> str:
    forecast = view.forecast
    expected = forecast.get("total.expected_conversions") if forecast else None
    if forecast is None or expected is None:
        cpa = view.summary.get("total.cpa") if view.summary else None
        known = f"So far the {view.called(cpa)} over all channels was {cpa.slot} ({cpa.range})." if cpa and cpa.interval else ""
        return join(known, f"The record is too short for a forecast of {view.goal}; the test month is there to change that.")
    horizon = forecast.get("total.horizon")
    over = f"Over the next {horizon.slot} " if horizon else ""
    spread = f", with {expected.end('low')} to {expected.end('high')} as the range" if expected.interval else ""
    worse = forecast.get("total.chance_worse")
    risk = f" The chance of fewer {view.outcome} than under the current split of this budget is {worse.slot}." if worse else ""
    begun = "we" if over else "We"
    return f"{over}{begun} expect {expected.slot} {view.outcome} from these channels{spread}.{risk}"


def _decision(view: View) -> str:
    test = "and the test" if view.design else "and the first test"
    return f"Decision needed from you within the week: approve the budget {test}, so that the plan can start on its first day."


def situation(view: View) -> list[str]:
    """What the data shows, channel by channel, and what it cannot show."""
    said = [join(*_overall(view)), join(*(_channel(view, channel) for channel in view.channels)), _customers(view), _offer(view)]
    said += [_benchmarks(view), _limits(view)]
    return [text for text in said if text][:8] or [
        "There is no data of the client's own yet.",
        "What follows rests on assumptions that are named.",
    ]


def _overall(view: View) -> list[str]:
    answer = view.summary
    if answer is None:
        return ["The tables hold no advertising figures, so what the channels cost so far is not known."]
    parts = []
    spend, claimed, cpa = answer.get("total.spend"), answer.get("total.conversions"), answer.get("total.cpa")
    if spend and claimed and cpa:
        spread = f" ({cpa.range})" if cpa.interval else ""
        parts.append(f"All ad channels together: {spend.slot} of ad spend, for which the platforms claim {claimed.slot} conversions.")
        parts.append(f"The {view.called(cpa)} was {cpa.slot}{spread} over all channels.")
    contacts, customers = answer.get("total.crm_contacts"), answer.get("total.crm_customers")
    if contacts and customers:
        parts.append(
            f"In the same days the CRM has {contacts.slot} new contacts and {customers.slot} first-time buyers "
            "whose source is an ad channel."
        )
    return parts


def _channel(view: View, channel: str) -> str:
    answer, name = view.summary, view.name(channel)
    if answer is None:
        return ""
    spend, cpa, change = (answer.get(f"{channel}.{key}") for key in ("spend", "cpa", "cpa_change"))
    if spend is None:
        return f"{name} has no ad spend on record."
    parts = [f"{name}: {spend.slot} of ad spend."]
    if cpa:
        parts.append(f"The {view.called(cpa)} on {name} was {cpa.slot}" + (f" ({cpa.range})." if cpa.interval else "."))
    ends = view.ends(change)
    if change and ends and (ends[0] > 0 or ends[1] < 0):
        parts.append(f"The change in {view.called(cpa)} on {name} was {change.slot}, beyond ordinary variation." if cpa else "")
    return join(*parts)


def _customers(view: View) -> str:
    answer = view.segments
    if answer is None:
        return ""
    people = answer.get("customers")
    rows = []
    for entity in dict.fromkeys(f.of for f in answer.figures if f.of and f.of.startswith("segment: ")):
        size, value = answer.one("share_of_customers", entity), answer.one("share_of_revenue", entity)
        if size and value:
            rows.append(
                (
                    view.amount(value) or 0.0,
                    f"{capital(entity.removeprefix('segment: '))} are {size.slot} of customers with {value.slot} of revenue.",
                )
            )
    rows.sort(key=lambda row: -row[0])
    begin = f"{people.slot} people ordered." if people else ""
    return join(begin, *(text for _, text in rows[:3]))


def _offer(view: View) -> str:
    """What the client's own documents say of the offer and the season, cited."""
    told = []
    for headings in (("sell", "offer", "position", "who we are"), ("season",)):
        told += [f"{text.rstrip('.')} {passage.cite}." for text, passage in view.voice.under(*headings)[:1]]
    if not told:
        told = [f"{text.rstrip('.')} {passage.cite}." for text, passage in view.voice.about("we make", "who buys", "we sell")][:2]
    return join("From your own notes:", *told) if told else ""


def _benchmarks(view: View) -> str:
    answer = view.benchmarks
    if answer is None:
        return ""
    lines = []
    for channel in view.channels:
        for metric, words in (
            ("conversion_rate", "conversion rate"),
            ("cpc", "cost per click"),
            ("ctr", "click-through rate"),
            ("click_rate", "click rate"),
        ):
            figure = next((f for f in answer.figures if f.of == channel and f.metric == metric), None)
            if figure:
                dated = f" ({_source(figure.source)})" if figure.source else ""
                lines.append(f"Other advertisers on {view.name(channel)} report a {words} of {figure.slot}{dated}.")
                break
    return join("Published benchmarks, which are not your figures:" if lines else "", *lines)


def _source(source: str) -> str:
    """Publisher and date of a benchmark's source, which reads 'publisher, title; address; …, date'."""
    publisher = source.split(",")[0].split(";")[0].strip()
    date = source.rsplit(", ", 1)[-1].strip()
    return f"{publisher}, {date}"


def _limits(view: View) -> str:
    """The caveats on the data itself, in their own words."""
    unfit = view.refused("fit_response_curves")
    refused = f"How each channel responds to its budget could not be fitted: {unfit[0].lower() + unfit[1:]}." if unfit else ""
    return join(
        view.told("describe_data", "summarize_channels", "segment_audience", "fit_response_curves", "find_benchmarks"),
        refused,
    )
