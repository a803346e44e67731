"""Slots: `{{E3.google_ads.cpa}}` in a text becomes the figure in the client's locale, linked to its evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from grounding.evidence import Evidence, Locale
from grounding.mending import mend_after, mend_before, wants_no_sign
from grounding.rendering import FORMATS, range_texts, show
from tools.contract import SLOT, Column, Figure, Table

ALIAS = re.compile(r"(?:E\d+|[A-Z])")
OPENED = re.compile(r"\{\{(?=\s*(?:E\d|[ABF]\.))(?:(?!\}\}).){0,120}(?:\}\})?", re.DOTALL)
HEDGED = re.compile(r"(?:\b(?:about|around|roughly|approximately|nearly|almost|some)|~|≈)[ \u00a0]$", re.IGNORECASE)
End = Literal["value", "low", "high", "range", "caveat"]


@dataclass(frozen=True, slots=True)
class SlotUse:
    """One slot that was filled in: where it points, what of it was shown, and how."""

    alias: str
    key: str
    end: End
    format: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text, what it used in order, and what could not be filled in (as sentences for the writer)."""

    text: str
    used: tuple[SlotUse, ...]
    problems: tuple[str, ...]


def format_names() -> str:
    """The formats of a slot, as a prompt states them."""
    return "; ".join(f"`|{name}` ({meaning})" for name, meaning in FORMATS.items())


def prefix(text: str, alias: str) -> str:
    """A tool's own `{{google_ads.cpa}}` as `{{E3.google_ads.cpa}}`."""

    def put(match: re.Match[str]) -> str:
        form = f"|{match[2]}" if match[2] else ""
        return match[0] if ALIAS.fullmatch(match[1].split(".")[0]) else f"{{{{{alias}.{match[1]}{form}}}}}"

    return SLOT.sub(put, text)


def render(text: str, evidence: Mapping[str, Evidence], locale: Locale, *, links: bool = True, own: str | None = None) -> Rendered:
    """Fill in every slot. `own`: the alias that a slot without one belongs to. Merge fields such as `{{contact.first_name}}` stay.

    A slot that cannot be filled stays as it is and is told in `problems`.
    """
    if own is not None:
        text = prefix(text, own)
    figures = {alias: record.by_key for alias, record in evidence.items()}
    pieces: list[str] = []
    used: list[SlotUse] = []
    problems: list[str] = []
    position = 0
    for match in SLOT.finditer(text):
        alias, _, key = match[1].partition(".")
        if match.start() < position or not (alias in evidence or ALIAS.fullmatch(alias)):
            continue
        before = text[position : match.start()]
        try:
            shown, uses, skip, before = _fill(match, alias, key, before, text, evidence, figures, locale, links)
        except ValueError as error:
            pieces += [before, match[0]]
            problems.append(str(error))
            position = match.end()
            continue
        pieces += [before, shown]
        used += uses
        position = match.end() + skip
    pieces.append(text[position:])
    filled = "".join(pieces)
    told = "\n".join(problems)
    problems += [
        f"{found} is no slot: a slot is {{{{alias.key}}}} or {{{{alias.key|format}}}}, with nothing computed inside"
        for found in OPENED.findall(filled)
        if found not in told
    ]
    return Rendered(filled, tuple(used), tuple(problems))


def _fill(
    match: re.Match[str],
    alias: str,
    key: str,
    before: str,
    text: str,
    evidence: Mapping[str, Evidence],
    figures: Mapping[str, Mapping[str, Figure]],
    locale: Locale,
    links: bool,
) -> tuple[str, list[SlotUse], int, str]:
    """What the slot shows, its uses, how many letters after it are swallowed, and the text before it as mended."""
    form = match[2]
    if alias not in evidence:
        raise ValueError(f"{match[0]}: there is no evidence {alias}; there is {', '.join(sorted(evidence)) or 'none'}")
    if form is not None and form not in FORMATS:
        near = get_close_matches(form, FORMATS, n=1)
        hint = f"; did you mean |{near[0]}?" if near else ""
        raise ValueError(f"{match[0]}: there is no format |{form}; there are {', '.join('|' + name for name in FORMATS)}{hint}")
    if key.startswith("caveats."):
        return _caveat(match[0], alias, key, before, evidence, locale, links)
    figure, end = _find(match[0], alias, key, evidence[alias], figures[alias])
    after = text[match.end() : match.end() + 60]
    try:
        if form == "range" or end == "range":
            low, word, high = range_texts(figure, locale)
            skip = mend_after(figure, high, after, match[0])
            uses = [SlotUse(alias, figure.key, "range", form, f"{low} {word} {high}")]
            parts = (_link(low, alias, f"{figure.key}.low", links), word, _link(high[: skip.shown], alias, f"{figure.key}.high", links))
            return " ".join(parts), uses, skip.swallow, mend_before(figure, before, low)
        value = None if end == "value" else getattr(figure.interval, end)
        number = figure.value if value is None else value
        if form is None and wants_no_sign(before, number):
            form = "abs"
        shown = show(figure, locale, form, value=value)
        if form == "round" and HEDGED.search(before):
            shown = re.sub(r"^\D*?(?=[-+R$€£¥A-Z]*[ \u00a0]?\d)", "", shown)
    except ValueError as error:
        raise ValueError(f"{match[0]}: {error}") from None
    skip = mend_after(figure, shown, after, match[0])
    shown = shown[: skip.shown]
    place = figure.key if end == "value" else f"{figure.key}.{end}"
    return (
        _link(shown, alias, place, links),
        [SlotUse(alias, figure.key, end, form, shown)],
        skip.swallow,
        mend_before(figure, before, shown),
    )


def _find(slot: str, alias: str, key: str, record: Evidence, figures: Mapping[str, Figure]) -> tuple[Figure, End]:
    if key in figures:
        return figures[key], "value"
    stem, _, end = key.rpartition(".")
    if end in ("low", "high", "range") and stem in figures:
        if figures[stem].interval is None:
            raise ValueError(f"{slot}: {alias}.{stem} has no interval, so there is no .{end}")
        return figures[stem], end  # type: ignore[return-value]
    if key.split(".")[0] in record.result and key.split(".")[0] not in ("figures", "findings", "caveats"):
        raise ValueError(f"{slot}: {key!r} of {alias} is a result for another tool, not a figure to write")
    near = get_close_matches(key, figures, n=3, cutoff=0.4)
    hint = (
        ", ".join(f"{{{{{alias}.{name}}}}}" for name in near)
        if near
        else ", ".join(f"{{{{{alias}.{name}}}}}" for name in list(figures)[:5])
    )
    raise ValueError(f"{slot}: {alias} has no figure {key!r}; near it: {hint or 'none, it has no figures'}")


def _caveat(
    slot: str, alias: str, key: str, before: str, evidence: Mapping[str, Evidence], locale: Locale, links: bool
) -> tuple[str, list[SlotUse], int, str]:
    code = key.removeprefix("caveats.")
    found = [caveat for caveat in evidence[alias].caveats if caveat.code == code]
    if not found:
        there = ", ".join(caveat.code for caveat in evidence[alias].caveats) or "none"
        raise ValueError(f"{slot}: {alias} has no caveat {code!r}; it has {there}")
    inner = render(prefix(found[0].text, alias), evidence, locale, links=links)
    if inner.problems:
        raise ValueError(f"{slot}: {inner.problems[0]}")
    return inner.text, [*inner.used, SlotUse(alias, key, "caveat", None, inner.text)], 0, before


def _link(shown: str, alias: str, key: str, links: bool) -> str:
    return f"[{shown}](evidence:{alias}.{key})" if links else shown


def table_markdown(record: Evidence, locale: Locale) -> str:
    """The record's own table as Markdown, its numbers in the client's locale. Empty when it has none."""
    if not record.result.get("table"):
        return ""
    table = Table.model_validate(record.result["table"])
    head = [f"| {' | '.join(column.label for column in table.columns)} |", f"| {' | '.join(_rule(column) for column in table.columns)} |"]
    rows = [
        f"| {' | '.join(_cell(value, column, locale) for value, column in zip(row, table.columns, strict=True))} |" for row in table.rows
    ]
    return "\n".join([*head, *rows])


def _rule(column: Column) -> str:
    return "---" if column.unit in ("text", "date") else "---:"


def _cell(value: int | float | str | None, column: Column, locale: Locale) -> str:
    if value is None:
        return "–"
    if isinstance(value, str) or column.unit == "text":
        return str(value).replace("|", "\\|").replace("\n", " ")
    number = round(value) if column.unit == "money" else value
    return show(Figure(key="cell", value=number, unit=column.unit, metric="cell", label="cell", currency=column.currency), locale)
