"""What a turn begins with: the conversation so far, the client's context, and the names by which a text may refer to things."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.agent import Agent
from agents.concierge import Concierge
from agents.roster import AGENTS
from graphs import briefing
from graphs.acting import shown_task
from graphs.other_clients import names_another
from graphs.state import StepContext
from graphs.steps import stable_id
from grounding.brief import BriefError, read_brief
from grounding.evidence import Evidence
from grounding.slots import format_names, prefix
from prompts.library import load
from store import clients, documents, events, messages, preferences, runs, threads
from store import evidence as evidence_records
from store.messages import Message
from store.preferences import Preference
from store.runs import Run
from store.threads import Thread

HISTORY = 16
"""Messages that a turn reads word by word; what is older it reads in the thread's summary."""
LONGEST_SHOWN = 4_000
"""Characters of an earlier message that a turn reads."""
RECORDS = 8
"""Earlier tool runs whose figures a text may still use; the findings of the last few are shown."""
SHOWN_RECORDS = 4
SHOWN_FINDINGS = 5
PASSAGES = 4
TASKS = 8
TOLD = re.compile(r"\]\(evidence:(E\d+\.[a-z0-9_.]+?)(?:\.(?:low|high))?\)")
SLOT_KEY = re.compile(r"\{\{(E\d+\.[a-z0-9_.]+)")
LINK = re.compile(r"\[([^\[\]]*)\]\((?:evidence|task):[^()]*\)")
OTHER_CLIENT = (
    "- the message names another client of the agency: this conversation has none of its data; say so, and speak of this client only"
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was found for a turn: `messages` for the model, the rest for the steps."""

    messages: list[BaseMessage]
    waiting: list[Message]
    aliases: dict[str, str]
    evidence: tuple[Evidence, ...]
    passages: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    tasks: dict[str, str]
    preferences: dict[str, str]
    references: dict[str, str]
    said: str
    may: list[str] | None
    other_client: bool
    long: bool


@dataclass(frozen=True, slots=True)
class _Read:
    thread: Thread
    history: list[Message]
    waiting: list[Message]
    kept: list[Preference]
    runs: list[Run]
    records: dict[str, Evidence]
    others: list[tuple[str, str]]
    may: list[str] | None


async def recall(context: StepContext, concierge: Concierge, as_of: Any) -> Recalled:
    """All of it, read in two transactions at most, and the client's tables beside them."""
    client, services = context.client, context.services
    counted = asyncio.create_task(briefing.tables(services.store.facts_root, services.store.engine, context.workspace_id, client, as_of))
    try:
        async with services.database.transaction(context.workspace_id) as connection:
            read = await _read(connection, context)
            question = "\n".join(message.text for message in read.waiting)[:2_000] or context.run.brief[:2_000]
            found = await documents.search(connection, client.id, question, PASSAGES, embedder=services.embedder)
        tables = await counted
    finally:
        counted.cancel()
    passages: list[dict[str, Any]] = [
        {"id": f"C{number}", "title": passage.title, "dated": passage.dated.isoformat() if passage.dated else None, "text": passage.text}
        for number, passage in enumerate(found, start=1)
    ]
    said = [*(message.text for message in reversed(read.waiting)), *(m.text for m in reversed(read.history) if m.role == "user")]
    brief, problem = stated(context, said, as_of, 0)
    profile = briefing.profile_evidence(client, stable_id("ev", context.run.id, "F"))
    tasks = {f"T{number}": run.id for number, run in enumerate(read.runs, start=1)}
    kept = {f"P{number}": one.id for number, one in enumerate(read.kept, start=1)}
    references = {name: shown_task(run.kind, run.id) for name, run in zip(tasks, read.runs, strict=True)}
    references |= {name: f"“{one.text}”" for name, one in zip(kept, read.kept, strict=True)}
    other = names_another("\n".join(message.text for message in read.waiting), read.others, own=f"{client.name} {client.slug}")
    locale = client.locale
    filled = load("chat_turn").fill(
        client="\n".join(
            [
                f"- name: {client.name}",
                f"- currency: {locale.currency}; locale: {locale.language}; zone: {locale.zone}",
                *briefing.stated_lines(profile, locale),
                *([OTHER_CLIENT] if other else []),
            ]
        ),
        tables="\n".join(f"- {t['name']}: {t['rows']} rows" + (f", {t['first']} to {t['last']}" if t.get("first") else "") for t in tables)
        or "none",
        specialists="\n".join(f"- {kind}: the {agent.name}; {_makes(agent)}" for kind, agent in AGENTS.items()),
        tasks="\n".join(f"- [[{name}]] {run.kind}: {run.status}" for name, run in zip(tasks, read.runs, strict=True)) or "none",
        preferences="\n".join(f"- [[{name}]] {one.text}" for name, one in zip(kept, read.kept, strict=True)) or "none",
        documents="\n".join(f"- [[{p['id']}]] {p['title']} ({p['dated'] or 'undated'}): {' '.join(p['text'].split())}" for p in passages)
        or "none",
        earlier="\n".join(
            [
                *([read.thread.summary] if read.thread.summary else []),
                *_findings(read.records, read.history),
            ]
        )
        or "nothing",
        stated="\n".join(
            [*briefing.stated_lines(brief, locale), *briefing.stated_fields(brief.result), *([f"- {problem}"] if problem else [])]
        )
        or "nothing with a number",
        today=as_of.isoformat(),
        message="\n\n".join(message.text for message in read.waiting) or context.run.brief,
    )
    history: list[BaseMessage] = [_message(one) for one in read.history[-HISTORY:] if one.text]
    first = SystemMessage(load(concierge.prompt).fill(formats=format_names()))
    return Recalled(
        messages=[first, *history, HumanMessage(filled)],
        waiting=read.waiting,
        aliases={"B": brief.id, "F": profile.id, **{alias: record.id for alias, record in read.records.items()}},
        evidence=(brief, profile),
        passages=passages,
        tables=tables,
        tasks=tasks,
        preferences=kept,
        references=references,
        said="\n".join(said),
        may=read.may,
        other_client=other,
        long=len(read.history) > 2 * HISTORY,
    )


async def _read(connection: Any, context: StepContext) -> _Read:
    assert context.run.conversation is not None
    thread = await threads.get_thread(connection, context.run.conversation)
    if thread is None:
        raise LookupError("the conversation is gone")
    since = await messages.of_thread(connection, thread.id, after=thread.summarised)
    waiting = [message for message in since if message.role == "user" and not message.taken]
    history = [message for message in since if message not in waiting]
    last = next((message for message in reversed(history) if message.aliases), None)
    aliases = dict(list(last.aliases.items())[-RECORDS:]) if last else {}
    stored = await evidence_records.many(connection, aliases.values()) if aliases else {}
    queued = next((event for event in await events.after(connection, context.run.id, 0, 3) if event.kind == "queued"), None)
    return _Read(
        thread=thread,
        history=history,
        waiting=waiting,
        kept=await preferences.of_client(connection, context.client.id),
        runs=await runs.list_runs(connection, client_id=context.client.id, limit=TASKS),
        # a record that another client's conversation could have left is none of ours
        records={
            alias: stored[identity].evidence.model_copy(update={"alias": alias})
            for alias, identity in aliases.items()
            if identity in stored and stored[identity].client_id == context.client.id
        },
        others=[(one.slug, one.name) for one in await clients.list_clients(connection) if one.id != context.client.id],
        may=queued.payload.get("may") if queued else [],
    )


def stated(context: StepContext, said: Sequence[str], as_of: Any, count: int) -> tuple[Evidence, str | None]:
    """What people stated in the conversation, the newest first, as evidence B; and why some of it cannot be read, if so."""
    problem = None
    for text in ("\n".join(said), said[0] if said else ""):
        try:
            brief = read_brief(text, context.client.locale, as_of=as_of, now=datetime.now(UTC))
        except BriefError as error:
            problem = error.message
            continue
        return brief.model_copy(update={"id": stable_id("ev", context.run.id, "B", str(count)), "alias": "B"}), None
    empty = Evidence(
        id=stable_id("ev", context.run.id, "B", str(count)),
        alias="B",
        tool="brief",
        version=1,
        request={"text": said[0] if said else "", "as_of": as_of.isoformat()},
        result={"figures": [], "findings": [], "caveats": []},
        created_at=datetime.now(UTC),
    )
    return empty, f"what the message states cannot be read: {problem}"


def _makes(agent: Agent) -> str:
    """What a specialist makes, in a line."""
    said: str = agent.deliverable.__doc__ or ""
    return said.partition(".")[0].strip()


def _message(one: Message) -> BaseMessage:
    text = LINK.sub(r"\1", one.text)
    text = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} …"
    return AIMessage(text) if one.role == "assistant" else HumanMessage(text)


def _findings(records: dict[str, Evidence], history: Sequence[Message]) -> list[str]:
    """Findings of the last tool runs: of each those whose figures were told, before others."""
    told = {slot for message in history for slot in TOLD.findall(message.text)}
    lines = []
    latest = list(records)
    of = {alias: sum(slot.startswith(f"{alias}.") for slot in told) for alias in latest}
    for alias in sorted(sorted(latest, key=lambda name: (-bool(of[name]), -latest.index(name)))[:SHOWN_RECORDS], key=latest.index):
        record = records[alias]
        texts = [prefix(text, alias) for text in record.result.get("findings", ())]
        nearest = sorted(range(len(texts)), key=lambda index: -len(told & set(SLOT_KEY.findall(texts[index]))))[:SHOWN_FINDINGS]
        lines += [f"- {alias} ({record.tool}): {texts[index]}" for index in sorted(nearest)]
    return lines
