"""What a run begins with: the brief and the profile as evidence, the client's context, and the first messages."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from agents.agent import Agent
from grounding.evidence import Evidence, Locale
from grounding.slots import format_names, render
from prompts.library import load
from store import delta, documents
from store.clients import Client
from store.engines import EngineName
from store.facts import open_facts
from tools.contract import Figure
from tools.contracts import CONTRACTS

QUESTIONS = ("brand voice, tone and banned words", "audience, positioning and offer", "results of past campaigns")
"""Asked of every client's documents beside the brief itself: what a writer needs whatever the brief says."""


def fact_figure(name: str, fact: Mapping[str, Any], currency: str) -> Figure:
    """A stored fact as a figure: `{"value": 0.15, "unit": "share", "label": "VAT rate"}`; money in minor units, a rate with `per`."""
    return Figure(
        key=name,
        value=fact["value"],
        unit=fact["unit"],
        metric=name,
        label=fact["label"],
        entity=fact.get("entity"),
        denominator=fact.get("per"),
        currency=currency if fact["unit"] == "money" else None,
        basis="stated",
        source="client profile",
    )


def profile_evidence(client: Client, identity: str) -> Evidence:
    """The client's stored facts (VAT rate, fees, margins) as evidence with the alias F."""
    figures = tuple(fact_figure(name, fact, client.locale.currency) for name, fact in sorted(client.profile.get("facts", {}).items()))
    result = {"figures": [figure.model_dump(mode="json") for figure in figures], "findings": [], "caveats": []}
    return Evidence(id=identity, alias="F", tool="profile", version=1, request={}, result=result, created_at=datetime.now(UTC))


def assumptions_evidence(figures: Sequence[Mapping[str, Any]], identity: str) -> Evidence:
    """The assumptions that the agent named, as evidence with the alias A."""
    result = {"figures": list(figures), "findings": [], "caveats": []}
    return Evidence(id=identity, alias="A", tool="assume", version=1, request={}, result=result, created_at=datetime.now(UTC))


async def recall(
    connection: Any, client: Client, brief: str, embedder: Any, own: Sequence[str] = (), limit: int = 8
) -> list[dict[str, Any]]:
    """The client's passages nearest to the brief, the standing questions and an agent's own, best first, each once, as C1, C2 …"""
    found: dict[str, documents.Passage] = {}
    for question in (*own, *QUESTIONS, brief):
        for passage in await documents.search(connection, client.id, question, 3, embedder=embedder):
            found.setdefault(passage.text, passage)
    return [
        {"id": f"C{number}", "title": passage.title, "dated": passage.dated.isoformat() if passage.dated else None, "text": passage.text}
        for number, passage in enumerate(list(found.values())[:limit], start=1)
    ]


async def tables(facts_root: Any, engine: EngineName, workspace_id: str, client: Client, as_of: date) -> list[dict[str, Any]]:
    """The client's tables with rows and span, for the prompt. Counted once for each version of them."""
    return await asyncio.to_thread(_tables, facts_root, engine, workspace_id, client, as_of)


MOST_COUNTED = 256
"""clients whose counts are remembered in this process"""
_counted: OrderedDict[tuple[Any, ...], list[dict[str, Any]]] = OrderedDict()


def _tables(facts_root: Any, engine: EngineName, workspace_id: str, client: Client, as_of: date) -> list[dict[str, Any]]:
    folder = delta.client_folder(facts_root, workspace_id, client.id)
    versions = tuple((name, delta.version(folder, name)) for name in delta.table_names(folder))
    key = (str(folder), engine, as_of, versions)
    counted = _counted.get(key)
    if counted is None:
        counted = _counted[key] = _count(facts_root, engine, workspace_id, client, as_of)
        while len(_counted) > MOST_COUNTED:
            _counted.popitem(last=False)
    return [dict(found) for found in counted]


def _count(facts_root: Any, engine: EngineName, workspace_id: str, client: Client, as_of: date) -> list[dict[str, Any]]:
    facts = open_facts(facts_root, workspace_id, client, as_of=as_of, engine=engine)
    try:
        found = []
        for name in facts.names():
            table = facts.table(name)
            time = CONTRACTS[name].time if name in CONTRACTS else None
            row = {"rows": table.count()} | (
                {"first": table[time].min().cast("string"), "last": table[time].max().cast("string")} if time else {}
            )
            values = facts.fetch(table.aggregate(**row)).to_pylist()[0]
            found.append({"name": name, **{key: value[:10] if isinstance(value, str) else value for key, value in values.items()}})
        return found
    finally:
        facts.close()


def system_prompt(agent: Agent) -> str:
    """What the specialist is told, the same for every client and every model."""
    return load(agent.prompt).fill(formats=format_names())


def request_prompt(
    brief: Evidence,
    profile: Evidence,
    client: Client,
    found: Sequence[Mapping[str, Any]],
    passages: Sequence[Mapping[str, Any]],
    as_of: date,
    promised: Evidence | None = None,
    wishes: Sequence[str] = (),
) -> str:
    """The first message: the brief and all that the run knows before it computes."""
    locale = client.locale
    lines = [f"- name: {client.name}", f"- currency: {locale.currency}; locale: {locale.language}; zone: {locale.zone}"]
    return load("request").fill(
        brief=brief.request["text"],
        stated="\n".join([*stated_lines(brief, locale), *stated_fields(brief.result)]) or "nothing with a number",
        client="\n".join([*lines, *stated_lines(profile, locale)]),
        tables="\n".join(f"- {t['name']}: {t['rows']} rows" + (f", {t['first']} to {t['last']}" if t.get("first") else "") for t in found)
        or "none",
        context="\n".join(f"- [[{p['id']}]] {p['title']} ({p['dated'] or 'undated'}): {p['text']}" for p in passages) or "none",
        preferences="\n".join(f"- {wish}" for wish in wishes) or "none",
        promised="\n".join(promised_lines(promised, locale)) if promised else "none",
        today=as_of.isoformat(),
    )


def stated_lines(evidence: Evidence, locale: Locale) -> list[str]:
    """Each stated figure as its slot, what that shows and what it is of."""
    alias = evidence.alias or ""
    known = {alias: evidence}
    lines = []
    for figure in evidence.figures:
        slot = f"{{{{{alias}.{figure.key}}}}}"
        per = f", per {figure.denominator}" if figure.denominator else ""
        said = f'; "{figure.source}"' if alias == "B" and figure.source else ""
        lines.append(f"- `{slot}` {render(slot, known, locale, links=False).text} ({figure.label}{per}{said})")
    return lines


def promised_lines(promised: Evidence, locale: Locale) -> list[str]:
    """Each promise as its slot, what that shows with its range, what it is of and who gave it; all together go to the tool that scores."""
    alias = promised.alias or ""
    known, lines = {alias: promised}, [f"- all of them, as `score_promises` takes them: `{{{{{alias}.promises}}}}`"]
    for figure in promised.figures:
        slot = f"{{{{{alias}.{figure.key}}}}}"
        shown, ends = (render(text, known, locale, links=False).text for text in (slot, f"{{{{{alias}.{figure.key}|range}}}}"))
        lines.append(f"- `{slot}` {shown}, range {ends} ({figure.label}; {figure.source})")
    return lines


def stated_fields(result: Mapping[str, Any]) -> list[str]:
    """What a brief says without a number."""
    shown = ("goal", "channels", "period")
    return [f"- {name}: {', '.join(value) if isinstance(value, (list, tuple)) else value}" for name in shown if (value := result.get(name))]
