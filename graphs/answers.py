"""What a model is told of a tool run: findings, caveats and the slots it may use, each with what it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grounding.evidence import Evidence, Locale
from grounding.slots import prefix, render
from tools.contract import SLOT, Figure, ToolRefusal

MOST_FIGURES = 180
"""More slots than this crowd out the conversation: those that the findings name come first, and how many are left out is said."""


def answer(evidence: Evidence, locale: Locale, results: tuple[str, ...] = ()) -> str:
    """The tool message for a run that gave a result. `results`: fields of it that other tools take."""
    alias = evidence.alias or evidence.id
    known = {alias: evidence}
    findings = [prefix(text, alias) for text in evidence.result.get("findings", ())]
    figures = _named_first(evidence)
    body: dict[str, Any] = {
        "evidence": alias,
        "tool": evidence.tool,
        "status": "ok",
        "findings": findings,
        "findings_read": [render(text, known, locale, links=False).text for text in findings],
        "caveats": [
            {
                "code": caveat.code,
                "slot": f"{{{{{alias}.caveats.{caveat.code}}}}}",
                "text": prefix(caveat.text, alias),
                **({"must_appear": True} if caveat.insist else {}),
            }
            for caveat in evidence.caveats
        ],
        "figures": [shown(figure, known, alias, locale) for figure in figures[:MOST_FIGURES]],
    }
    if len(figures) > MOST_FIGURES:
        body["figures_left_out"] = len(figures) - MOST_FIGURES
    if decision := evidence.result.get("decision"):
        body["decision"] = {"action": decision["action"], "reason": prefix(decision["reason"], alias)}
    if results:
        body["results"] = [f"{{{{{alias}.{name}}}}}" for name in results]
    return json.dumps(body, ensure_ascii=False)


def _named_first(evidence: Evidence) -> list[Figure]:
    texts = (*evidence.result.get("findings", ()), *(caveat.text for caveat in evidence.caveats))
    named = {key.removesuffix(".low").removesuffix(".high") for text in texts for key, _ in SLOT.findall(text)}
    return sorted(evidence.figures, key=lambda figure: figure.key not in named)


def shown(figure: Figure, known: Mapping[str, Evidence], alias: str, locale: Locale) -> dict[str, Any]:
    """One figure as a model sees it: its slot, what that shows, and what it is of."""
    slot = f"{{{{{alias}.{figure.key}}}}}"
    entry: dict[str, Any] = {
        "slot": slot,
        "shows": render(slot, known, locale, links=False).text,
        "what": figure.label,
        "metric": figure.metric,
    }
    optional = {"of": figure.entity, "period": figure.period, "per": figure.denominator, "n": figure.n}
    entry |= {name: value for name, value in optional.items() if value is not None}
    entry["basis"] = figure.basis
    if figure.interval is not None:
        entry["interval"] = render(f"{{{{{alias}.{figure.key}|range}}}}", known, locale, links=False).text
    if figure.basis == "benchmark":
        entry["source"] = f"{figure.source}, {figure.source_date}"
    return entry


def refusal(tool: str, reason: ToolRefusal) -> str:
    """The tool message for a refusal."""
    return json.dumps({"tool": tool, "status": "refused", **reason.as_json()}, ensure_ascii=False)
