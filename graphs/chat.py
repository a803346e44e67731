"""The graph of one turn: recall, answer sentence by sentence, act, close. What is said meanwhile is taken up at the next step."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage, messages_from_dict, messages_to_dict
from langgraph.graph import END, START, StateGraph

from agents.concierge import Concierge
from graphs import acting, briefing, recalling, spending
from graphs.answers import answer, refusal
from graphs.calling import call_tool, results_taken, unreadable
from graphs.services import Services
from graphs.speaking import Desk, Speaker, judge, owed, text_of
from graphs.state import RunState
from graphs.steps import Cancelled, Done, stable_id, step
from grounding.evidence import Evidence
from grounding.offering import agent_schema
from grounding.quoting import Passage
from llm.complete import complete
from llm.models import chat_model, describe
from prompts.library import load as load_prompt
from store import audit, events, messages, threads
from store import evidence as evidence_records
from store.clients import Client
from store.messages import Message
from store.runs import Run
from tools.contract import ToolInputError, ToolRefusal
from tools.registry import load as load_tool

MOST_MODEL_CALLS = 14
MOST_TOOL_CALLS = 12
MOST_REPAIRS = 1
LOOK_SECONDS = 0.2
"""How often a turn that waits for a model or a tool looks whether somebody stopped it."""
HEADING = re.compile(r"^#+\s*", re.MULTILINE)
LEFT_OUT = "I left out a part of this answer: it did not hold against the evidence."
NOTHING_TO_SAY = "That is all I can say from the data."
TOO_LONG = "I stop here: this turn has made as many model calls as it may. Ask again with one thing at a time."

Result = TypeVar("Result")


class ChatState(RunState, total=False):
    """What a turn remembers between its steps."""

    said: str
    part: int
    after: list[str]
    refusals: dict[str, str]
    references: dict[str, str]
    tasks: dict[str, str]
    preferences: dict[str, str]
    may: list[str] | None
    words: str
    long: bool
    heard: int


@dataclass(frozen=True, slots=True)
class ChatContext:
    """What a step may use and no model can name. Tenant and client are the thread's."""

    services: Services
    workspace_id: str
    client: Client
    run: Run
    concierge: Concierge
    owner: str
    as_of: date

    @property
    def thread(self) -> str:
        """The conversation of this turn."""
        assert self.run.conversation is not None
        return self.run.conversation


async def interruptible(context: ChatContext, work: Awaitable[Result]) -> Result:
    """The work's result, unless somebody stops the turn: then the work is broken off at once. Raises Cancelled."""
    task = asyncio.ensure_future(work)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=LOOK_SECONDS)
            if done:
                return task.result()
            rows = await context.services.database.read(
                context.workspace_id, "SELECT cancel_requested FROM runs WHERE id = %s", (context.run.id,)
            )
            if not rows or rows[0]["cancel_requested"]:
                raise Cancelled
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def known_evidence(state: ChatState, context: ChatContext) -> dict[str, Evidence]:
    """Alias to evidence of this conversation, as far as this turn may use it."""
    async with context.services.database.transaction(context.workspace_id) as connection:
        return await _known(connection, state, context)


async def _known(connection: Any, state: ChatState, context: ChatContext) -> dict[str, Evidence]:
    kept = await evidence_records.many(connection, state["aliases"].values())
    known = {
        alias: kept[identity].evidence.model_copy(update={"alias": alias})
        for alias, identity in state["aliases"].items()
        if identity in kept and kept[identity].client_id == context.client.id
    }
    if state.get("assumptions"):
        known["A"] = briefing.assumptions_evidence(state["assumptions"], stable_id("ev", context.run.id, "A"))
    return known


def desk_of(state: ChatState, context: ChatContext, known: Mapping[str, Evidence]) -> Desk:
    """What the sentences of this turn are read against."""
    references = {**state["references"], **state["refusals"]}
    return Desk(known, state["passages"], references, context.client.locale, context.as_of)


@step("recall")
async def recall(state: ChatState, context: ChatContext) -> Done:
    """The conversation so far, the client's tables, passages and tasks."""
    found = await recalling.recall(context, context.concierge, context.as_of)
    update: ChatState = {
        "messages": messages_to_dict(found.messages),
        "aliases": found.aliases,
        "assumptions": [],
        "passages": found.passages,
        "references": found.references,
        "refusals": {},
        "tasks": found.tasks,
        "preferences": found.preferences,
        "may": found.may,
        "words": found.said,
        "long": found.long,
        "said": "",
        "part": 0,
        "after": [],
        "heard": 0,
        "model_calls": 0,
        "tool_calls": 0,
        "repairs": 0,
    }
    told = {"passages": [{"title": p["title"], "dated": p["dated"]} for p in found.passages], "tables": found.tables}

    async def also(connection: Any) -> None:
        await messages.take(connection, [message.id for message in found.waiting], context.run.id)
        if found.other_client:
            await events.append(connection, context.run.id, "boundary", {"reason": "another client was named"}, key="boundary")
            await audit.note(connection, context.owner, "thread.other_client_named", context.thread, {"run": context.run.id})

    return Done("answer", update, (("context", told),), found.evidence, also=also)


@cache
def offered(concierge: Concierge) -> tuple[dict[str, Any], ...]:
    """The tools and actions, as a model is offered them."""
    declared = [load_tool(name) for name in concierge.tools]
    given = [(tool.name, tool.description, agent_schema(tool)) for tool in declared]
    given += [(action.name, (action.__doc__ or "").strip(), action.model_json_schema()) for action in concierge.actions]
    return tuple({"type": "function", "function": {"name": n, "description": d, "parameters": schema}} for n, d, schema in given)


@step("answer")
async def answer_the_message(state: ChatState, context: ChatContext) -> Done:
    """One model call. What it says is released while it says it; it may ask for tools."""
    services = context.services
    number = state.get("step", 0) + 1
    async with services.database.transaction(context.workspace_id) as connection:
        known = await _known(connection, state, context)
        waiting = await messages.waiting(connection, context.thread)
        released = await events.keys(connection, context.run.id, f"{number}:said:")
    update, kept, taken = _heard_meanwhile(state, context, waiting)
    known |= {record.alias or "": record for record in kept}
    state = {**state, **update}
    if state["model_calls"] >= MOST_MODEL_CALLS:
        return Done(
            "close", {**update, "part": state["part"] + 1}, (("text", {"part": state["part"], "text": TOO_LONG}),), tuple(kept), also=taken
        )
    await spending.check(services.database, context.workspace_id, context.client.id, services.spending)
    tier = context.concierge.model_tier
    model = await asyncio.to_thread(chat_model, tier, services.models)
    tools = await asyncio.to_thread(offered, context.concierge)
    speaker = Speaker(context, number, desk_of(state, context, known), state["said"], state["part"], life=len(released))
    await speaker.begin()
    spoken = messages_from_dict(state["messages"])
    limits = services.models.limits
    completion = await interruptible(context, complete(model, spoken, tools, limits=limits, spent=state.get("usage"), on_text=speaker.hear))
    if not limits.stream:
        await speaker.hear(completion.message.text, 1)
    await speaker.end()
    asked, mends = bool(completion.message.tool_calls), state["repairs"] < MOST_REPAIRS
    if asked or not speaker.held or not mends:
        await speaker.go_on([*speaker.after, *state["after"]])
    calls = [{"id": c["id"], "name": c["name"], "args": c["args"], "error": None, "received": None} for c in completion.message.tool_calls]
    calls += [
        {"id": c["id"], "name": c["name"], "args": None, "error": c["error"], "received": c["args"]}
        for c in completion.message.invalid_tool_calls
    ]
    update |= {
        "messages": [*state["messages"], *messages_to_dict([completion.message])],
        "model_calls": state["model_calls"] + 1,
        "usage": completion.total,
        "model": describe(services.models, tier).as_json(),
        "pending": calls,
        "said": speaker.said,
        "part": speaker.part,
        "after": speaker.after,
    }
    told: list[tuple[str, dict[str, Any]]] = [("usage", completion.usage.as_json())]
    if calls:
        told += [("tool_call", {"call": call["id"], "tool": call["name"], "arguments": call["args"]}) for call in calls]
        # a break between what was said before a tool and what comes after it
        if speaker.said and not speaker.said.endswith("\n"):
            told.append(("text", {"part": speaker.part, "text": "\n\n"}))
            update |= {"said": speaker.said + "\n\n", "part": speaker.part + 1}
        return Done("act", update, tuple(told), tuple(kept), also=taken)
    if speaker.held and mends:
        told.append(("held_back", {"sentences": len({problem.text for problem in speaker.held}), "repair": state["repairs"] + 1}))
        repair = load_prompt("chat_repair").fill(problems="\n".join(problem.line() for problem in speaker.held))
        update |= {"messages": [*update["messages"], *messages_to_dict([HumanMessage(repair)])], "repairs": state["repairs"] + 1}
        return Done("answer", update, tuple(told), tuple(kept), also=taken)
    closing = await asyncio.to_thread(_closing, state, context, known, speaker)
    for text in closing:
        told.append(("text", {"part": update["part"], "text": text}))
        update |= {"said": update["said"] + text, "part": update["part"] + 1}
    if speaker.held:
        told.append(("left_out", {"sentences": len({problem.text for problem in speaker.held})}))
    return Done("summarise" if state["long"] else "close", update, tuple(told), tuple(kept), also=taken)


def _closing(state: ChatState, context: ChatContext, known: Mapping[str, Evidence], speaker: Speaker) -> list[str]:
    """What the house adds: caveats that have to be said, assumptions that were made, that something was left out."""
    desk = speaker.desk
    lines = list(dict.fromkeys(judge(slot, speaker.said, desk).text for slot in owed(speaker.said, desk)))
    for figure in known["A"].figures if "A" in known else ():
        shown = judge(f"{{{{A.{figure.key}}}}}", "", desk).text
        lines.append(f"Assumed: {figure.label} {shown} ({figure.source}).")
    lines += [LEFT_OUT] if speaker.held else []
    lines = lines or ([] if speaker.said.strip() else [NOTHING_TO_SAY])
    gap = "\n\n" if speaker.said.strip() else ""
    return [f"{gap if index == 0 else chr(10)}{line}" for index, line in enumerate(lines)]


def _heard_meanwhile(state: ChatState, context: ChatContext, waiting: list[Message]) -> tuple[ChatState, list[Evidence], Any]:
    """What was said since the turn began to work, for the model, with what it states; and its taking, for the step's commit."""
    if not waiting:
        return {}, [], None
    heard = state["heard"] + len(waiting)
    words = "\n".join([*(message.text for message in reversed(waiting)), state["words"]])
    brief, problem = recalling.stated(context, [words], context.as_of, heard)
    lines = [*briefing.stated_lines(brief, context.client.locale), *([f"- {problem}"] if problem else [])]
    text = "\n\n".join(message.text for message in waiting)
    said = HumanMessage("# Stated\n" + ("\n".join(lines) or "nothing with a number") + "\n\n# Message\n" + text)
    update: ChatState = {
        "messages": [*state["messages"], *messages_to_dict([said])],
        "aliases": {**state["aliases"], "B": brief.id},
        "words": words,
        "heard": heard,
        "repairs": 0,
    }

    async def also(connection: Any) -> None:
        await messages.take(connection, [message.id for message in waiting], context.run.id)
        await events.append(connection, context.run.id, "heard", {"messages": [message.id for message in waiting]}, key=f"heard:{heard}")

    return update, [brief], also


@step("act")
async def run_what_was_asked(state: ChatState, context: ChatContext) -> Done:
    """Run the tools that the model asked for, and do what it asked to be done."""
    known = await known_evidence(state, context)
    passages = {p["id"]: Passage(p["title"], p["dated"], p["text"]) for p in state["passages"]}
    aliases, assumptions, refusals = dict(state["aliases"]), list(state["assumptions"]), dict(state["refusals"])
    answers: dict[str, ToolMessage] = {}
    told: list[tuple[str, dict[str, Any]]] = []
    kept: list[Evidence] = []
    deeds: list[tuple[dict[str, Any], acting.Action]] = []

    def refused(call: Mapping[str, Any], reason: ToolRefusal) -> None:
        name = f"R{len(refusals) + 1}"
        refusals[name] = reason.message
        text = refusal(call["name"], reason)[:-1] + f', "say": "[[{name}]]"}}'
        answers[call["id"]] = ToolMessage(text, tool_call_id=call["id"], name=call["name"], status="error")
        told.append(("tool_refused", {"call": call["id"], "tool": call["name"], **reason.as_json()}))

    for number, call in enumerate(state["pending"], start=state["tool_calls"] + 1):
        try:
            if number > MOST_TOOL_CALLS:
                raise ToolInputError(f"{MOST_TOOL_CALLS} tool calls were made in this turn: answer now, with what there is")
            if call["name"] in {action.name for action in context.concierge.actions}:
                if not isinstance(call["args"], dict):
                    raise unreadable(call)
                deeds.append((call, acting.read_action(context.concierge.actions, call)))
                continue
            alias = f"E{1 + max((int(name[1:]) for name in aliases if name[0] == 'E'), default=0)}"
            evidence, named = await interruptible(
                context, call_tool(call, context.concierge.tools, known, context, alias=alias, brief=state["words"], passages=passages)
            )
        except ToolRefusal as reason:
            refused(call, reason)
            continue
        kept.append(evidence)
        aliases[alias], known[alias] = evidence.id, evidence
        assumptions += [figure.model_dump(mode="json") for figure in named]
        results = await asyncio.to_thread(results_taken, evidence.tool, context.concierge.tools)
        text = await asyncio.to_thread(answer, evidence, context.client.locale, results)
        answers[call["id"]] = ToolMessage(text, tool_call_id=call["id"], name=call["name"])
        summary = {"call": call["id"], "tool": evidence.tool, "evidence": evidence.id, "alias": alias, "figures": len(evidence.figures)}
        summary |= {"duration_ms": evidence.duration_ms, "findings": len(evidence.result.get("findings", ()))}
        told.append(("tool_result", summary | {"chart": bool(evidence.result.get("chart"))}))
    update: ChatState = {
        "aliases": aliases,
        "assumptions": assumptions,
        "tool_calls": state["tool_calls"] + len(state["pending"]),
        "pending": [],
    }

    async def also(connection: Any) -> None:
        references, tasks, wishes = dict(state["references"]), dict(state["tasks"]), dict(state["preferences"])
        for call, action in deeds:
            doing = acting.Doing(context, context.owner, context.thread, tasks, wishes, state["may"])
            try:
                deed = await acting.act(connection, doing, call, action)
            except ToolRefusal as reason:
                refused(call, reason)
                await events.append(connection, context.run.id, *told.pop(), key=f"refused:{call['id']}")
                continue
            kind, payload = deed.event[0], {"call": call["id"], **deed.event[1]}
            references |= deed.named
            tasks |= {name: payload["task"] for name in deed.named if name[0] == "T"}
            wishes |= {name: payload["preference"] for name in deed.named if name[0] == "P"}
            answers[call["id"]] = ToolMessage(acting.message(call, deed.told), tool_call_id=call["id"], name=call["name"])
            await events.append(connection, context.run.id, kind, payload, key=f"deed:{call['id']}")
        update["references"], update["tasks"], update["preferences"], update["refusals"] = references, tasks, wishes, refusals
        update["messages"] = [*state["messages"], *messages_to_dict([answers[call["id"]] for call in state["pending"]])]

    return Done("answer", update, tuple(told), tuple(kept), also=also)


@step("summarise")
async def summarise(state: ChatState, context: ChatContext) -> Done:
    """Put a summary in the place of the older messages, so that what a turn reads stays bounded."""
    async with context.services.database.transaction(context.workspace_id) as connection:
        thread = await threads.get_thread(connection, context.thread)
        since = await messages.of_thread(connection, context.thread, after=thread.summarised if thread else 0)
    old = [message for message in since if message.taken or message.role == "assistant"][: -recalling.HISTORY // 2]
    if thread is None or not old:
        return Done("close", {"long": False})
    spoken = [f"# Notes so far\n{thread.summary or 'none'}\n\n# Messages"]
    spoken += [f"{message.role}: {recalling.LINK.sub(chr(92) + '1', message.text)[: recalling.LONGEST_SHOWN]}" for message in old]
    tier = context.concierge.model_tier
    model = await asyncio.to_thread(chat_model, tier, context.services.models)
    asked = [SystemMessage(load_prompt("chat_summary").text), HumanMessage("\n\n".join(spoken))]
    completion = await interruptible(context, complete(model, asked, [], limits=context.services.models.limits, spent=state.get("usage")))
    summary = HEADING.sub("", completion.message.text.strip())[: recalling.LONGEST_SHOWN]

    async def also(connection: Any) -> None:
        await threads.set_summary(connection, context.thread, summary, old[-1].number)

    told = (("usage", completion.usage.as_json()), ("summarised", {"messages": len(old)}))
    return Done("close", {"long": False, "usage": completion.total}, told, also=also)


@step("close")
async def close(state: ChatState, context: ChatContext) -> Done:
    """End the turn, unless something was said meanwhile: that is taken up first."""

    async def also(connection: Any) -> str | None:
        # whoever speaks holds this lock too: either we see the message, or it begins a turn of its own
        await threads.get_thread(connection, context.thread, lock=True)
        if await messages.waiting(connection, context.thread):
            return "answer"
        aliases = {alias: identity for alias, identity in state["aliases"].items() if alias[0] == "E"}
        await leave(connection, context.run, aliases)
        return None

    return Done(END, {"outcome": "published"}, also=also)


async def leave(connection: Any, run: Run, aliases: Mapping[str, str] | None = None) -> None:
    """Keep what the turn has said as its message, and let the next question begin a new turn. Safe to repeat."""
    if run.conversation is None:
        return
    if aliases is None:
        log = await events.after(connection, run.id, 0, 10_000)
        aliases = {e.payload["alias"]: e.payload["evidence"] for e in log if e.kind == "tool_result"}
    else:
        log = await events.after(connection, run.id, 0, 10_000)
    if text := text_of(log):
        identity = stable_id("msg", run.id)
        await messages.add(connection, run.conversation, "assistant", text, run_id=run.id, aliases=aliases, taken=True, id=identity)
    await threads.close_turn(connection, run.conversation, run.id)


def build() -> StateGraph[ChatState, ChatContext, ChatState, ChatState]:
    """The graph, not yet compiled."""
    graph = StateGraph(ChatState, context_schema=ChatContext)
    nodes: dict[str, tuple[Any, tuple[str, ...]]] = {
        "recall": (recall, ("answer",)),
        "answer": (answer_the_message, ("answer", "act", "summarise", "close")),
        "act": (run_what_was_asked, ("answer",)),
        "summarise": (summarise, ("close",)),
        "close": (close, ("answer", END)),
    }
    for name, (node, destinations) in nodes.items():
        graph.add_node(name, node, destinations=destinations)
    graph.add_edge(START, "recall")
    return graph
