"""Sentences of a channel summary: each holds slots, and says change apart from ordinary variation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.contract import Decision, Figure
from tools.methods.channel_names import channel_name

BOUGHT = (("share_of_spend", "share of ad spend"), ("clicks", "clicks"), ("cpc", "cost per click"))
CLAIMED = (("conversions", "claimed conversions"), ("cpa", "cost per claimed conversion"), ("roas", "claimed return on ad spend"))
CLAIMS_TOO_HIGH = 1.2
"""Claims this many times the CRM's contacts are more than late or untagged sign-ups usually explain: look before deciding on them."""


def findings_of(order: tuple[str, ...], figures: Sequence[Figure], has_crm: bool, *, some: bool = False) -> list[str]:
    """The total first, then each channel by spend, then claims beside the CRM. A metric's name stands right before its figure.

    `some`: that not all channels were asked for, so that the total is of these.
    """
    known = {figure.key: figure for figure in figures}
    sentences = []
    for entity in ("total", *order):
        together = "These channels together, others left out" if some else "All ad channels together"
        name = together if entity == "total" else _capital(channel_name(entity))
        sentences += [f"{name}: {text}" for text in (*_state(entity, known), *_changes(entity, known))]
    sentences += _cheapest_and_dearest(order, known)
    if has_crm:
        sentences += _beside_crm(order, known)
    return sentences


def decision_of(figures: Sequence[Figure]) -> Decision | None:
    """To reconcile first, when platforms claim far more than the CRM saw."""
    known = {figure.key: figure for figure in figures}
    ratio = known.get("total.claims_per_crm_contact")
    if ratio is None or not isinstance(ratio.value, float) or ratio.value < CLAIMS_TOO_HIGH:
        return None
    return Decision(
        action="reconcile_first",
        reason="Claimed conversions per new contact in the CRM are at {{total.claims_per_crm_contact}}: find out what each platform "
        "counts before moving budget on its word.",
    )


def _state(entity: str, known: Mapping[str, Figure]) -> list[str]:
    """What was bought, and what is claimed for it."""
    bought = [f"ad spend {_slot(entity, 'spend', known) or 'none'}"]
    bought += [f"{noun} {_slot(entity, metric, known)}" for metric, noun in BOUGHT if _slot(entity, metric, known)]
    claimed = [
        f"{noun} {_slot(entity, metric, known)}{_ends(entity, metric, known)}" for metric, noun in CLAIMED if _slot(entity, metric, known)
    ]
    return [f"{', '.join(part)}." for part in (bought, claimed) if part]


def _changes(entity: str, known: Mapping[str, Figure]) -> list[str]:
    sentences = []
    for metric, noun in (("cpa", "cost per claimed conversion"), ("conversions", "claimed conversions")):
        figure = known.get(f"{entity}.{metric}_change")
        if figure is None:
            continue
        if figure.interval is None:
            verdict = "too little data to tell it from chance"
        elif figure.interval.low > 0 or figure.interval.high < 0:
            verdict = "more than ordinary variation"
        else:
            verdict = "within ordinary variation"
        moved = f"{_slot(entity, f'{metric}_change', known)}{_ends(entity, f'{metric}_change', known)}"
        sentences.append(f"change in {noun} against the period before {moved}, which is {verdict}.")
    if f"{entity}.spend_change" in known:
        sentences.append(f"change in ad spend against the period before {_slot(entity, 'spend_change', known)}.")
    return sentences


def _ends(entity: str, metric: str, known: Mapping[str, Figure]) -> str:
    figure = known.get(f"{entity}.{metric}")
    return f" (interval {{{{{entity}.{metric}|range}}}})" if figure and figure.interval else ""


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
        f"By the platforms' own claims, the cost per claimed conversion is lower on {channel_name(low)}, {{{{{low}.cpa}}}}, than on "
        f"{channel_name(high)}, {{{{{high}.cpa}}}}: their intervals do not overlap."
    ]


def _beside_crm(order: tuple[str, ...], known: Mapping[str, Figure]) -> list[str]:
    sentences = []
    for entity in ("total", *order):
        name = "All ad channels together" if entity == "total" else _capital(channel_name(entity))
        nouns = (
            ("crm_contacts", "new contacts in the CRM"),
            ("crm_customers", "first-time buyers in the CRM"),
            ("cost_per_crm_contact", "ad spend per new contact"),
            ("cost_per_crm_customer", "ad spend per first-time buyer"),
            ("claims_per_crm_contact", "claimed conversions per new contact in the CRM"),
            ("claims_per_crm_customer", "claimed conversions per first-time buyer in the CRM"),
        )
        parts = [f"{noun} {_slot(entity, metric, known)}" for metric, noun in nouns if _slot(entity, metric, known)]
        sentences.append(f"{name}: {', '.join(parts)}.")
    return sentences


def _slot(entity: str, metric: str, known: Mapping[str, Figure]) -> str:
    key = f"{entity}.{metric}"
    return f"{{{{{key}}}}}" if key in known else ""


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
