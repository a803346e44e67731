"""Sentences of a comparison of periods: each holds slots, and says change apart from ordinary variation."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING

from tools.attribution._change_split import EFFECTS, WORDS
from tools.contract import Caveat, Decision
from tools.methods.channel_names import channel_name

if TYPE_CHECKING:
    from tools.attribution._change_report import Comparison

SAID = {
    "more": "more than ordinary variation gives at this spend",
    "fewer": "fewer than ordinary variation gives at this spend",
    "within": "within ordinary variation at this spend",
    "unclear": "and the record does not show whether that is ordinary",
}


def findings(comparison: Comparison, keys: Collection[str]) -> Iterable[str]:
    """The total first, then each channel by spend."""
    for entity in comparison.entities:
        name = "All ad channels together" if entity == "total" else _capital(channel_name(entity))
        yield from (f"{name}: {text}" for text in _of(entity, comparison, keys))


def _of(entity: str, comparison: Comparison, keys: Collection[str]) -> Iterable[str]:
    def slot(key: str) -> str:
        return f"{{{{{entity}.{key}}}}}"

    if f"{entity}.spend_change" in keys:
        before = f"in {comparison.earlier} {slot('previous_spend')}"
        yield f"ad spend {slot('spend')}, {before}; the change in ad spend is {slot('spend_change')}."
    judged = comparison.verdict(entity)
    if f"{entity}.conversions" in keys and judged is not None:
        change = f"; the change in claimed conversions is {slot('conversions_change')}" if f"{entity}.conversions_change" in keys else ""
        yield f"claimed conversions {slot('conversions')}, in {comparison.earlier} {slot('previous_conversions')}{change}."
        yield f"the number of claimed conversions, {slot('conversions')}, is {SAID[judged.verdict]}."
        if f"{entity}.expected_conversions" in keys:
            yield f"at this spend ordinary variation would have given claimed conversions of {slot('expected_conversions|range')}."
    if f"{entity}.cpa_change" in keys:
        before = f"in {comparison.earlier} {slot('previous_cpa')}"
        yield f"cost per claimed conversion {slot('cpa')}, {before}; the change in cost per claimed conversion is {slot('cpa_change')}."
    if f"{entity}.conversions_difference" in keys:
        parts = [f"with {WORDS[name]} {slot(f'{name}_effect|signed')}" for name in EFFECTS if f"{entity}.{name}_effect" in keys]
        yield f"the change in claimed conversions, {slot('conversions_difference|signed')}, goes {', '.join(parts)}; the parts add up."
    if f"{entity}.conversions_on_year" in keys:
        yield (
            f"claimed conversions a year before were {slot('year_before_conversions')}; "
            f"the change in claimed conversions on the year is {slot('conversions_on_year')}."
        )


def decision(comparison: Comparison) -> Decision | None:
    """To look into what is beyond ordinary variation; to change nothing for the sake of what is not."""
    if not comparison.judged:
        return None
    found = [
        f"{one.verdict} claimed conversions {'over all channels' if one.entity == 'total' else f'on {channel_name(one.entity)}'}"
        for one in comparison.judged
        if one.verdict in ("more", "fewer")
    ]
    if found:
        reason = f"Beyond what ordinary variation gives at the spend: {'; '.join(found)}. Find out why before changing anything else."
        return Decision(action="look_into", reason=reason)
    if any(one.verdict == "unclear" for one in comparison.judged):
        reason = "The record does not show how far a period ordinarily moves: let it grow before reading a change into this one."
        return Decision(action="wait", reason=reason)
    reason = "No channel brought more or fewer claimed conversions than ordinary variation gives at its spend."
    return Decision(action="hold", reason=reason)


def caveats(comparison: Comparison, as_of: date) -> Iterable[Caveat]:
    """In the order of how wrong a reader would be without them."""
    yield Caveat(
        code="platform_claimed",
        text="Conversions are what the ad platforms claim: several may claim the same one, and a claim is no proof.",
        insist=True,
        signs=("platforms claim", "platform claims", "claimed", "platform-reported", "attributed"),
    )
    yield Caveat(
        code="split_is_no_cause",
        text="The split says what the change went with, step by step from spend to conversion; it does not say what caused it.",
        insist=True,
        signs=("went with", "goes with", "go with", "does not say what caused", "no cause", "not the cause"),
    )
    if comparison.now != comparison.asked:
        yield Caveat(
            code="unfinished_period",
            text="The period is not over on record: it is compared as far as it goes, with as many days of the period before.",
            insist=True,
            signs=("not over", "so far", "as far as it goes", "to date", "unfinished"),
        )
    elif comparison.now.last >= as_of:
        yield Caveat(code="last_day_open", text="The last day of the period is the day of this report and may not be whole yet.")
    methods = {one.method for one in comparison.judged}
    if "counting" in methods:
        yield Caveat(
            code="short_record",
            text="The record is too short to know how far a period ordinarily moves, so a change is only held against chance in counting.",
            insist=True,
            signs=("too short", "short record", "little history", "cannot be told", "not yet known", "few weeks"),
        )
    if "record" in methods:
        yield Caveat(
            code="ordinary_is_the_records",
            text="Ordinary variation is what adjacent periods on record differed by beyond what went with their spend, seasons included.",
        )
    if comparison.year is None:
        yield Caveat(code="no_year_before", text="The record does not reach back a year, so a season cannot be told from a change.")
    else:
        yield Caveat(code="one_year", text="A single year before shows no spread, so the change on the year has no verdict.")
    if "total" not in comparison.splits:
        yield Caveat(code="conversions_not_everywhere", text="Not every channel reports conversions, so none are totalled.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
