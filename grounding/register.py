"""The assumptions register: every figure in a text that was not simply observed, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from grounding.evidence import Evidence, Locale
from grounding.rendering import show
from grounding.slots import SlotUse
from tools.contract import BASES, Basis, Figure, Frozen

LISTED: tuple[Basis, ...] = ("assumed", "benchmark", "model", "attributed", "stated")
"""What the register lists, weakest first: these figures rest on more than the client's own data."""

TOGETHER: frozenset[Basis] = frozenset({"model", "attributed"})
"""Listed by tool run, not by figure."""

MOST_NAMES = 4
"""Names of a group that are spelled out; the links in the text lead to each."""

MEANINGS: dict[Basis, str] = {
    "assumed": "assumed",
    "benchmark": "benchmark",
    "model": "model estimate",
    "attributed": "attributed by the platform",
    "stated": "stated",
    "observed": "observed",
    "experiment": "experiment",
}


class RegisterRow(Frozen):
    """One figure of the register, as a reader sees it."""

    what: str
    entity: str | None
    shown: str
    basis: Basis
    source: str
    evidence: str
    key: str


def register(used: Iterable[SlotUse], evidence: Mapping[str, Evidence], locale: Locale) -> list[RegisterRow]:
    """The used figures that were stated, assumed, taken from a benchmark or estimated, and every assumption and benchmark beneath them."""
    places = [(use.alias, use.key) for use in used if use.end != "caveat" and use.alias in evidence]
    rows: dict[tuple[str, str], RegisterRow] = {}
    figures = {alias: record.by_key for alias, record in evidence.items()}
    by_id = {record.id: alias for alias, record in evidence.items()}
    waiting, seen = list(dict.fromkeys(places)), set[tuple[str, str]]()
    while waiting:
        alias, key = waiting.pop(0)
        if (alias, key) in seen:
            continue
        seen.add((alias, key))
        figure = figures[alias].get(key)
        if figure is not None and figure.basis in LISTED:
            rows[alias, key] = _row(alias, figure, evidence[alias], locale)
        waiting += [place for place in _beneath(evidence[alias], by_id, figures) if place not in seen]
    return sorted(rows.values(), key=lambda row: (LISTED.index(row.basis), row.evidence, row.key))


def _beneath(record: Evidence, by_id: Mapping[str, str], figures: Mapping[str, Mapping[str, Figure]]) -> list[tuple[str, str]]:
    """The figures that went into a record as arguments."""
    found = []
    for given in record.inputs:
        name, _, key = given.ref.partition(" ") if " " in given.ref else given.ref.partition(".")
        alias = by_id.get(name, name)
        if given.kind == "assumption":
            alias, key = "A", given.ref.removeprefix("A.")
        if key in figures.get(alias, {}):
            found.append((alias, key))
    return found


def _row(alias: str, figure: Figure, record: Evidence, locale: Locale) -> RegisterRow:
    if figure.basis == "benchmark":
        source = f"{figure.source}, {figure.source_date}"
    elif figure.basis == "stated" and figure.source and record.tool == "brief":
        source = f"the brief: “{figure.source}”"
    else:
        source = figure.source or record.tool
    shown = show(figure, locale)
    if figure.interval is not None:
        shown += f" ({show(figure, locale, 'range')})"
    return RegisterRow(
        what=figure.label, entity=figure.entity, shown=shown, basis=figure.basis, source=source, evidence=alias, key=figure.key
    )


def to_markdown(rows: Sequence[RegisterRow]) -> str:
    """The register as a Markdown table; empty when there are no rows.

    What was assumed, stated or taken from a benchmark stands row by row; estimates and claims of one tool run stand together,
    since they are taken or left together.
    """
    if not rows:
        return ""
    lines = ["| What | Figure | Basis | Source | Evidence |", "| --- | ---: | --- | --- | --- |"]
    together: dict[tuple[Basis, str], list[RegisterRow]] = {}
    for row in sorted(rows, key=lambda row: BASES.index(row.basis), reverse=True):
        if row.basis in TOGETHER:
            together.setdefault((row.basis, row.evidence), []).append(row)
            continue
        what = f"{row.what} ({row.entity.replace('_', ' ')})" if row.entity else row.what
        place = f"[{row.shown}](evidence:{row.evidence}.{row.key})"
        lines.append(f"| {_cell(what)} | {place} | {MEANINGS[row.basis]} | {_cell(row.source)} | {row.evidence} |")
    for (basis, evidence), group in together.items():
        names = list(dict.fromkeys(row.what for row in group))
        what = "; ".join(names[:MOST_NAMES]) + ("; and others" if len(names) > MOST_NAMES else "")
        count = "in the text" if len(group) > 1 else f"[{group[0].shown}](evidence:{evidence}.{group[0].key})"
        lines.append(f"| {_cell(what)} | {count} | {MEANINGS[basis]} | {_cell(group[0].source)} | {evidence} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
