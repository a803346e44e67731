"""A conversation as pages read it: its turns folded from what is kept, and each block as HTML."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from store import events, messages
from store.clients import Client
from store.database import Connection
from store.messages import Message
from store.threads import Thread
from web import handovers
from web.handovers import Handover
from web.markdown import to_page
from web.rendering import render
from web.turns import Block, Turn
from web.visiting import Visitor

LATEST = 40
"""messages that a page reads; earlier ones are a page further back"""
EVIDENCE = re.compile(r"\[([^\[\]]*)\]\(evidence:([A-Za-z0-9]+)\.[^()]*\)")
TASK = re.compile(r"\]\(task:([a-z0-9_]+)\)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A part of a conversation. `place`: up to where a page with it has read; `earlier`: number before which there is more, if there is."""

    turns: tuple[Turn, ...]
    handovers: Mapping[str, Handover]
    place: str
    working: bool
    earlier: int | None


async def load(connection: Connection, client: Client, thread: Thread, before: int | None = None) -> Loaded:
    """The latest turns, or those before a message."""
    said = await messages.of_thread(connection, thread.id, before=before, limit=LATEST)
    earlier = None
    if len(said) == LATEST:
        # a turn that is cut through is left to the page before, unless it is all there is
        whole = [message for message in said if _turn_of(message) != _turn_of(said[0])]
        said = whole or said
        earlier = said[0].number
    grouped: dict[str, list[Message]] = {}
    for message in said:
        grouped.setdefault(_turn_of(message), []).append(message)
    logs = await events.of_runs(connection, [run for run in grouped if run.startswith("run_")])
    known: dict[str, str] = {}
    if grouped and earlier is not None:
        known = await messages.last_aliases(connection, thread.id, next(iter(grouped)))
    turns = []
    for run, spoken in grouped.items():
        turn = Turn(run, known)
        fold(turn, logs.get(run, []), spoken)
        answer = next((message for message in spoken if message.role == "assistant"), None)
        if run not in logs:
            for message in spoken:
                if message.role == "assistant":
                    turn.kept(message)
            turn.close()
        known = answer.aliases if answer is not None and answer.aliases else {a: e for a, e in turn.known.items() if a[0] == "E"}
        turns.append(turn)
    tasks = await handovers.read(connection, client.id, [task for turn in turns for task in turn.tasks])
    place = f"{turns[-1].run}:{turns[-1].number}" if turns else ""
    return Loaded(tuple(turns), tasks, place, any(not turn.finished for turn in turns), earlier)


def _turn_of(message: Message) -> str:
    """The run that a message belongs to; one that came through another door may have none and stands for itself."""
    return message.run_id or message.id


def fold(turn: Turn, log: Sequence[events.Event], spoken: Sequence[Message]) -> None:
    """Tell a turn what was said in it and what happened, from its beginning."""
    joined = {event.payload["message"] for event in log if event.kind == "message"}
    turn.told([message for message in spoken if message.id not in joined])
    said = {message.id: message for message in spoken}
    for event in log:
        turn.hear(event, said)


def drawn(block: Block, *, who: Visitor, client: Client, tasks: Mapping[str, Handover]) -> Markup:
    """One block as HTML; `data-v` tells whether it is the one that a page has."""
    shown: dict[str, Any] = {"kind": block.kind, "who": who, "client": client, **block.show}
    if block.kind == "text":
        shown["html"] = text_html(block.show["text"], block.show["known"], client.slug)
    if block.kind == "task":
        task = tasks.get(block.show["task"])
        shown["card"] = handover_html(task, who=who, client=client) if task is not None else None
    inside = Markup(render("chat_block.html", b=shown, who=who, client=client).strip())  # noqa: S704 - the template escapes
    around = Markup('<div class="block b-{}" id="{}" data-v="{:x}">{}</div>')
    return around.format(block.kind, block.id, zlib.crc32(inside.encode()), inside)


def handover_html(task: Handover, *, who: Visitor, client: Client) -> Markup:
    """A task as a card."""
    return Markup(render("chat_task.html", task=task, who=who, client=client).strip())  # noqa: S704 - the template escapes


def text_html(text: str, known: Mapping[str, str], slug: str) -> Markup:
    """A piece of an answer. A figure whose evidence is not known stays without a link, a task links to how it stands."""
    used = tuple(sorted((alias, known[alias]) for alias in {match[2] for match in EVIDENCE.finditer(text)} if alias in known))
    return _text_html(text, used, slug)


@lru_cache(maxsize=4096)
def _text_html(text: str, used: tuple[tuple[str, str], ...], slug: str) -> Markup:
    aliases = dict(used)
    text = EVIDENCE.sub(lambda match: match[0] if match[2] in aliases else match[1], text)
    inside = to_page(TASK.sub(rf"](/c/{slug}/tasks/\1)", text), aliases)
    # the page has its own first heading
    return Markup(inside.replace("<h1>", "<h2>").replace("</h1>", "</h2>"))  # noqa: S704 - cleaned by to_page


MARKS = re.compile(r"^[ \t]*[|:\- ]+$|^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+|[*_`|]", re.MULTILINE)
LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")


def aloud(texts: Collection[str]) -> list[str]:
    """Sentences for somebody who listens: without the marks of Markdown."""
    return [plain for text in texts if (plain := " ".join(MARKS.sub("", LINK.sub(r"\1", text)).split()))]
