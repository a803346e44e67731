"""What a model is told of a tool run: findings, caveats and the slots it may use, each with what it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grounding.evidence import Evidence, Locale
from grounding.slots import prefix, render
from tools.contract import SLOT, Figure, ToolInputError, ToolRefusal

MOST_FIGURES = 180
"""More slots than this crowd out the conversation: those that the findings name come first, and how many are left out is said."""

SPARSE: Mapping[str, frozenset[str]] = {"describe_data": frozenset({"tables", "longest_record", "event_people"})}
"""Tools with a figure for every column, of which a text needs what the sentences name and these."""

SHOWN_OF_MALFORMED = 240
"""Characters of arguments that could not be read, from their beginning and their end."""


def answer(evidence: Evidence, locale: Locale, results: tuple[str, ...] = ()) -> str:
    """The tool message for a run that gave a result. `results`: fields of it that other tools take."""
    alias = evidence.alias or evidence.id
    known = {alias: evidence}
    findings = [prefix(text, alias) for text in evidence.result.get("findings", ())]
    figures = _figures(evidence)
    listed = figures[:MOST_FIGURES]
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
        "figures": [shown(figure, known, alias, locale) for figure in listed],
    }
    if left_out := len(evidence.figures) - len(listed):
        body["figures_left_out"] = left_out
    if decision := evidence.result.get("decision"):
        body["decision"] = {"action": decision["action"], "reason": prefix(decision["reason"], alias)}
    if results:
        body["results"] = [f"{{{{{alias}.{name}}}}}" for name in results]
    return json.dumps(body, ensure_ascii=False)


def _figures(evidence: Evidence) -> list[Figure]:
    """The figures that the sentences name, then the others that are worth listing."""
    decision = evidence.result.get("decision") or {}
    texts = (*evidence.result.get("findings", ()), *(caveat.text for caveat in evidence.caveats), decision.get("reason", ""))
    named = {key.removesuffix(".low").removesuffix(".high") for text in texts for key, _ in SLOT.findall(text)}
    kept = SPARSE.get(evidence.tool)
    figures = [figure for figure in evidence.figures if kept is None or figure.key in named or figure.metric in kept or figure.key in kept]
    return sorted(figures, key=lambda figure: figure.key not in named)


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
    if figure.source is not None:
        entry["source"] = f"{figure.source}, {figure.source_date}" if figure.source_date else figure.source
    return entry


def malformed(tool: str, received: str, error: str) -> ToolInputError:
    """The refusal of arguments that are no JSON object: what is wrong with them, and what arrived, shortened in its middle."""
    text = received.strip()
    if len(text) > SHOWN_OF_MALFORMED:
        text = f"{text[: SHOWN_OF_MALFORMED // 2]} … {text[-SHOWN_OF_MALFORMED // 2 :]}"
    return ToolInputError(
        f"the arguments of {tool} are not one JSON object ({error}); received: {text or 'nothing'}; give the call again with one object",
        field="arguments",
        needed='one JSON object, such as {"name": "value"}, or {} for none',
        found=text or None,
    )


def refusal(tool: str, reason: ToolRefusal) -> str:
    """The tool message for a refusal."""
    return json.dumps({"tool": tool, "status": "refused", **reason.as_json()}, ensure_ascii=False)
