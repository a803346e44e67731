"""The graph that makes a deliverable: brief, recall, analyse with tools, draft, verify, repair, review, publish."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage, messages_from_dict, messages_to_dict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from graphs import briefing, spending
from graphs.answers import answer, refusal
from graphs.calling import call_tool, results_taken, unreadable
from graphs.drafting import Draft, Problem, read_draft
from graphs.publishing import finished
from graphs.state import Outcome, RunContext, RunState
from graphs.steps import Done, stable_id, step
from grounding.brief import read_brief
from grounding.evidence import Evidence
from grounding.offering import agent_schema
from grounding.quoting import Passage
from llm.complete import complete
from llm.models import chat_model, describe
from prompts.library import load as load_prompt
from store import evidence as evidence_records
from tools.contract import ToolInputError, ToolRefusal
from tools.registry import load as load_tool

MOST_MODEL_CALLS = 40
MOST_TOOL_CALLS = 30
MOST_NUDGES = 2
MOST_REPAIRS = 2


class RunFailed(Exception):
    """The run ends without a deliverable, for a reason that a person can act on."""


async def known_evidence(state: RunState, context: RunContext) -> dict[str, Evidence]:
    """Alias to evidence of this run, in the order made; the assumptions last, as far as they were named."""
    async with context.services.database.transaction(context.workspace_id) as connection:
        kept = {record.id: record for record in await evidence_records.of_run(connection, context.run.id)}
    known = {alias: kept[identity].model_copy(update={"alias": alias}) for alias, identity in state["aliases"].items()}
    if state.get("assumptions"):
        known["A"] = briefing.assumptions_evidence(state["assumptions"], stable_id("ev", context.run.id, "A"))
    return known


@step("brief")
async def read_the_brief(state: RunState, context: RunContext) -> Done:
    """What the brief and the profile state, as evidence."""
    run, client = context.run, context.client
    brief = read_brief(run.brief, client.locale, as_of=context.as_of, now=datetime.now(UTC))
    brief = brief.model_copy(update={"id": stable_id("ev", run.id, "B"), "alias": "B"})
    profile = briefing.profile_evidence(client, stable_id("ev", run.id, "F"))
    return Done(
        goto="recall",
        update={
            "aliases": {"B": brief.id, "F": profile.id},
            "assumptions": [],
            "model_calls": 0,
            "tool_calls": 0,
            "nudges": 0,
            "repairs": 0,
        },
        events=(("brief", {"stated": [figure.key for figure in brief.figures], "goal": brief.result.get("goal")}),),
        evidence=(brief, profile),
    )


@step("recall")
async def recall_context(state: RunState, context: RunContext) -> Done:
    """The client's passages, and the first messages."""
    services, client = context.services, context.client
    async with services.database.transaction(context.workspace_id) as connection:
        passages = await briefing.recall(connection, client, context.run.brief, services.embedder)
    found = await briefing.tables(services.store.facts_root, services.store.engine, context.workspace_id, client, context.as_of)
    evidence = await known_evidence(state, context)
    messages = [
        SystemMessage(briefing.system_prompt(context.agent)),
        HumanMessage(briefing.request_prompt(evidence["B"], evidence["F"], client, found, passages, context.as_of)),
    ]
    return Done(
        goto="analyse",
        update={"passages": passages, "messages": messages_to_dict(messages)},
        events=(("context", {"passages": [{"title": p["title"], "dated": p["dated"]} for p in passages], "tables": found}),),
    )


def offered(context: RunContext) -> list[dict[str, Any]]:
    """The tools and the answer format, as a model is offered them."""
    agent = context.agent
    declared = [load_tool(name) for name in agent.tools]
    formats = [(tool.name, tool.description, agent_schema(tool)) for tool in declared]
    formats.append((agent.answer_tool, (agent.deliverable.__doc__ or "").strip(), agent.deliverable.model_json_schema()))
    return [{"type": "function", "function": {"name": n, "description": d, "parameters": schema}} for n, d, schema in formats]


@step("analyse")
async def ask_the_model(state: RunState, context: RunContext) -> Done:
    """One model call: it asks for tools, or gives its answer."""
    if state["model_calls"] >= MOST_MODEL_CALLS:
        raise RunFailed(f"the model made {MOST_MODEL_CALLS} calls without an answer")
    await spending.check(context.services.database, context.workspace_id, context.client.id, context.services.spending)
    messages = messages_from_dict(state["messages"])
    tools = await asyncio.to_thread(offered, context)
    model = await asyncio.to_thread(chat_model, context.agent.model_tier, context.services.models)
    completion = await complete(model, messages, tools, limits=context.services.models.limits, spent=state.get("usage"))
    calls = completion.message.tool_calls + [
        {"name": bad["name"], "args": None, "id": bad["id"], "error": bad["error"], "received": bad["args"]}
        for bad in completion.message.invalid_tool_calls
    ]
    answers = [call for call in calls if call["name"] == context.agent.answer_tool]
    update: RunState = {
        "messages": [*state["messages"], *messages_to_dict([completion.message])],
        "model_calls": state["model_calls"] + 1,
        "usage": completion.total,
        "model": {**describe(context.services.models, context.agent.model_tier).as_json()},
        "pending": [
            {"id": c["id"], "name": c["name"], "args": c["args"], "error": c.get("error"), "received": c.get("received")} for c in calls
        ],
    }
    events = [("usage", completion.usage.as_json())]
    events += [("tool_call", {"tool": call["name"], "arguments": call["args"]}) for call in calls if call not in answers]
    if not calls:
        if state["nudges"] >= MOST_NUDGES:
            raise RunFailed(f"the model answered in prose instead of with {context.agent.answer_tool}: {completion.message.text[:200]!r}")
        nudge = HumanMessage(f"Go on with the playbook's next tool, or give the whole answer with `{context.agent.answer_tool}`.")
        update |= {"nudges": state["nudges"] + 1, "messages": [*update["messages"], *messages_to_dict([nudge])]}
        return Done("analyse", update, tuple(events))
    return Done("draft" if answers and len(calls) == len(answers) else "run_tools", update, tuple(events))


@step("run_tools")
async def run_the_tools(state: RunState, context: RunContext) -> Done:
    """Run what the model asked for, in its order: a later call may take an earlier one's result."""
    known = await known_evidence(state, context)
    passages = {p["id"]: Passage(p["title"], p["dated"], p["text"]) for p in state["passages"]}
    aliases, assumptions = dict(state["aliases"]), list(state["assumptions"])
    messages: list[ToolMessage] = []
    events: list[tuple[str, dict[str, Any]]] = []
    kept: list[Evidence] = []
    for call in state["pending"]:
        number = state["tool_calls"] + len(messages) + 1
        try:
            if call["name"] == context.agent.answer_tool:
                raise ToolInputError("give the answer in a turn of its own, after the tools have answered")
            if number > MOST_TOOL_CALLS:
                raise ToolInputError(f"{MOST_TOOL_CALLS} tool calls were made: give the answer now, with what there is")
            alias = f"E{sum(name.startswith('E') for name in aliases) + 1}"
            evidence, named = await call_tool(
                call, context.agent.tools, known, context, alias=alias, brief=context.run.brief, passages=passages
            )
        except ToolRefusal as reason:
            messages.append(ToolMessage(refusal(call["name"], reason), tool_call_id=call["id"], name=call["name"], status="error"))
            events.append(("tool_refused", {"tool": call["name"], **reason.as_json()}))
            continue
        kept.append(evidence)
        aliases[alias], known[alias] = evidence.id, evidence
        assumptions += [figure.model_dump(mode="json") for figure in named]
        results = await asyncio.to_thread(results_taken, evidence.tool, context.agent.tools)
        text = await asyncio.to_thread(answer, evidence, context.client.locale, results)
        messages.append(ToolMessage(text, tool_call_id=call["id"], name=call["name"]))
        summary = {"tool": evidence.tool, "evidence": evidence.id, "alias": evidence.alias, "figures": len(evidence.figures)}
        events.append(
            ("tool_result", summary | {"duration_ms": evidence.duration_ms, "findings": len(evidence.result.get("findings", ()))})
        )
    update: RunState = {
        "messages": [*state["messages"], *messages_to_dict(messages)],
        "aliases": aliases,
        "assumptions": assumptions,
        "tool_calls": state["tool_calls"] + len(messages),
        "pending": [],
    }
    return Done("analyse", update, tuple(events), tuple(kept))


@step("draft")
async def read_the_draft(state: RunState, context: RunContext) -> Done:
    """Read, render and verify the answer; send it back with its problems while repairs are left."""
    known = await known_evidence(state, context)
    call = state["pending"][0]
    if isinstance(call["args"], dict):
        draft = await asyncio.to_thread(
            read_draft,
            context.agent,
            call["args"],
            known,
            state["passages"],
            locale=context.client.locale,
            brief=context.run.brief,
            as_of=context.as_of,
        )
    else:
        draft = Draft(None, "", None, (Problem("the whole answer", "", unreadable(call).message),))
    counts = draft.verdict.counts() if draft.verdict else {}
    events = (
        (
            "verdict",
            {"ok": not draft.problems, "numerals": counts, "problems": [vars_of(p) for p in draft.problems], "round": state["repairs"]},
        ),
    )
    update: RunState = {
        "answer": call["args"],
        "problems": [vars_of(p) for p in draft.problems],
        "verdict": draft.verdict.model_dump(mode="json") if draft.verdict else None,
    }
    if not draft.problems:
        return Done("review", update, events)
    if state["repairs"] < MOST_REPAIRS:
        text = load_prompt("repair").fill(answer_tool=context.agent.answer_tool, problems="\n".join(p.line() for p in draft.problems))
        replies = [ToolMessage(text, tool_call_id=c["id"], name=c["name"], status="error") for c in state["pending"]]
        update |= {"messages": [*state["messages"], *messages_to_dict(replies)], "repairs": state["repairs"] + 1}
        return Done("analyse", update, events)
    if draft.deliverable is None:
        raise RunFailed("the model's answer did not fit its format after two repairs: " + "; ".join(p.line() for p in draft.problems[:3]))
    return Done("publish", update | {"outcome": "needs_person"}, events)


def vars_of(problem: Problem) -> dict[str, str]:
    """A problem as JSON."""
    return {"where": problem.where, "text": problem.text, "problem": problem.problem}


@step("review")
async def wait_for_approval(state: RunState, context: RunContext) -> Done:
    """Wait for a person when the client's policy asks for one; an approval holds for this content only."""
    if context.agent.kind not in context.client.profile.get("approval", ()):
        return Done("publish", {"outcome": "published"})
    asked = {"kind": context.agent.kind, "content_hash": content_hash(state["answer"] or {})}
    given = interrupt(asked)
    if given.get("content_hash") != asked["content_hash"]:
        raise RunFailed("the approval was for another content and does not hold")
    verdict: Outcome = "published" if given.get("approved") else "rejected"
    return Done("publish", {"outcome": verdict, "reason": given.get("reason")}, (("approval", given),))


@step("publish")
async def publish(state: RunState, context: RunContext) -> Done:
    """Keep the finished deliverable, or the marked draft for a person."""
    known = await known_evidence(state, context)
    deliverable = context.agent.deliverable.model_validate(state["answer"])
    prompt = load_prompt(context.agent.prompt)
    problems = [Problem(**problem) for problem in state["problems"]] if state["outcome"] == "needs_person" else []
    markdown = await asyncio.to_thread(
        finished,
        deliverable,
        known,
        state["passages"],
        locale=context.client.locale,
        as_of=context.as_of,
        model=state["model"],
        problems=problems,
    )
    record = {
        "kind": context.agent.kind,
        "title": deliverable.title,
        "status": state["outcome"] or "needs_person",
        "content": deliverable.model_dump(mode="json"),
        "markdown": markdown,
        "verdict": state["verdict"] or {},
        "evidence_aliases": {alias: evidence.id for alias, evidence in known.items()},
        "model": state["model"],
        "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
    }
    return Done(END, {}, evidence=tuple(known[alias] for alias in ("A",) if alias in known), deliverable=record)


def content_hash(content: dict[str, Any]) -> str:
    """The hash that an approval is bound to."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def build() -> StateGraph[RunState, RunContext, RunState, RunState]:
    """The graph, not yet compiled."""
    graph = StateGraph(RunState, context_schema=RunContext)
    nodes: dict[str, tuple[Any, tuple[str, ...]]] = {
        "brief": (read_the_brief, ("recall",)),
        "recall": (recall_context, ("analyse",)),
        "analyse": (ask_the_model, ("analyse", "run_tools", "draft")),
        "run_tools": (run_the_tools, ("analyse",)),
        "draft": (read_the_draft, ("analyse", "review", "publish")),
        "review": (wait_for_approval, ("publish",)),
        "publish": (publish, (END,)),
    }
    for name, (node, destinations) in nodes.items():
        graph.add_node(name, node, destinations=destinations)
    graph.add_edge(START, "brief")
    return graph
