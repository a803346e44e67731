"""Sentences of a channel summary: each holds slots, and says change apart from ordinary variation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.contract import Decision, Figure
from tools.methods.channel_names import channel_name

CLAIMS_TOO_HIGH = 1.2
"""Claims this many times the CRM's contacts are more than late or untagged sign-ups usually explain: look before deciding on them."""


def findings_of(order: tuple[str, ...], figures: Sequence[Figure], has_crm: bool) -> list[str]:
    """The total first, then each channel by spend, then claims beside the CRM."""
    known = {figure.key: figure for figure in figures}
    sentences = [_opening("total", "All ad channels together", known)]
    sentences += [f"All ad channels together: {text}" for text in _changes("total", known)]
    for channel in order:
        name = _capital(channel_name(channel))
        sentences.append(_opening(channel, name, known))
        sentences += [f"{name}: {text}" for text in _changes(channel, known)]
    sentences += _cheapest_and_dearest(order, known)
    if has_crm:
        sentences += _beside_crm(order, known)
    return [sentence for sentence in sentences if sentence]


def decision_of(figures: Sequence[Figure]) -> Decision | None:
    """To reconcile first, when platforms claim far more than the CRM saw."""
    known = {figure.key: figure for figure in figures}
    ratio = known.get("total.claims_per_crm_contact")
    if ratio is None or not isinstance(ratio.value, float) or ratio.value < CLAIMS_TOO_HIGH:
        return None
    return Decision(
        action="reconcile_first",
        reason="Platforms claim {{total.claims_per_crm_contact}} as many conversions as the CRM has new contacts from these channels: "
        "find out what each counts before moving budget on their word.",
    )


def _opening(entity: str, name: str, known: Mapping[str, Figure]) -> str:
    spend, share = _slot(entity, "spend", known), _slot(entity, "share_of_spend", known)
    text = f"{name}: {spend} of ad spend" if spend else f"{name}: no spend"
    if share:
        text += f", {share} of the total"
    if clicks := _slot(entity, "clicks", known):
        text += f", {clicks} clicks"
        if cpc := _slot(entity, "cpc", known):
            text += f" at {cpc} each"
    if (claims := _slot(entity, "conversions", known)) and entity:
        text += f"; the platforms claim {claims} conversions" if entity == "total" else f"; the platform claims {claims} conversions"
        if cpa := _slot(entity, "cpa", known):
            text += f" at {cpa} each"
            if known[f"{entity}.cpa"].interval:
                text += f" (interval {{{{{entity}.cpa|range}}}})"
    if roas := _slot(entity, "roas", known):
        text += f" and a return on ad spend of {roas}"
    return f"{text}."


def _changes(entity: str, known: Mapping[str, Figure]) -> list[str]:
    sentences = []
    for metric, noun in (("cpa", "cost per claimed conversion"), ("conversions", "claimed conversions")):
        figure = known.get(f"{entity}.{metric}_change")
        if figure is None:
            continue
        was, now = _slot(entity, f"previous_{metric}", known), _slot(entity, metric, known)
        moved = f"{{{{{entity}.{metric}_change}}}}"
        if figure.interval is None:
            verdict = "too little data to tell the change from chance"
        elif figure.interval.low > 0 or figure.interval.high < 0:
            verdict = f"more than ordinary variation (interval {{{{{entity}.{metric}_change|range}}}})"
        else:
            verdict = f"within ordinary variation (interval {{{{{entity}.{metric}_change|range}}}})"
        sentences.append(f"{noun} went from {was} in the period before to {now}, a change of {moved}: {verdict}.")
    if f"{entity}.spend_change" in known and entity == "total":
        sentences.append(f"ad spend changed by {{{{{entity}.spend_change}}}} against the period before.")
    return sentences


def _cheapest_and_dearest(order: tuple[str, ...], known: Mapping[str, Figure]) -> list[str]:
    """The two ends of cost per claimed conversion, when their intervals leave no doubt which is which."""
    costs = {channel: known[f"{channel}.cpa"] for channel in order if f"{channel}.cpa" in known and known[f"{channel}.cpa"].interval}
    costs = {channel: figure for channel, figure in costs.items() if isinstance(figure.value, int) and figure.value > 0}
    if len(costs) < 2:
        return []
    low, high = min(costs, key=lambda channel: costs[channel].value), max(costs, key=lambda channel: costs[channel].value)
    cheap, dear = costs[low].interval, costs[high].interval
    if cheap is None or dear is None or cheap.high >= dear.low:
        return ["The channels' costs per claimed conversion cannot be told apart: the intervals of the lowest and the highest overlap."]
    return [
        f"By the platforms' own claims a conversion costs less on {channel_name(low)} ({{{{{low}.cpa}}}}) than on {channel_name(high)} "
        f"({{{{{high}.cpa}}}}): their intervals do not overlap."
    ]


def _beside_crm(order: tuple[str, ...], known: Mapping[str, Figure]) -> list[str]:
    sentences = []
    if "total.claims_per_crm_contact" in known:
        sentences.append(
            "The CRM has {{total.crm_contacts}} new contacts from these channels in the same days: the platforms claim "
            "{{total.claims_per_crm_contact}} as many conversions."
        )
    for channel in order:
        if f"{channel}.cost_per_crm_contact" in known:
            name = _capital(channel_name(channel))
            buyers = f" and {{{{{channel}.crm_customers}}}} first-time buyers" if f"{channel}.crm_customers" in known else ""
            sentences.append(
                f"{name}: the CRM has {{{{{channel}.crm_contacts}}}} new contacts{buyers} with this source, "
                f"{{{{{channel}.cost_per_crm_contact}}}} of ad spend per new contact."
            )
    return sentences


def _slot(entity: str, metric: str, known: Mapping[str, Figure]) -> str:
    key = f"{entity}.{metric}"
    return f"{{{{{key}}}}}" if key in known else ""


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
