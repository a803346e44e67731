"""The graph that makes a deliverable: brief, recall, analyse with tools, draft, verify, repair, review, approval, publish."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage, messages_from_dict, messages_to_dict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from graphs import asking, briefing, spending
from graphs.answers import answer, refusal
from graphs.calling import call_tool, results_taken, unreadable
from graphs.drafting import Draft, Problem, read_draft
from graphs.promised import past_promises
from graphs.publishing import finished
from graphs.state import RunContext, RunState
from graphs.steps import Done, stable_id, step
from grounding.brief import read_brief
from grounding.evidence import Evidence
from grounding.offering import agent_schema
from grounding.quoting import Passage
from llm.complete import complete
from llm.models import chat_model, describe
from prompts.library import load as load_prompt
from store import approvals, deliverables, policies, preferences
from store import evidence as evidence_records
from store.approvals import Approval
from store.database import Connection
from store.deliverables import DeliverableStatus
from tools.contract import ToolInputError, ToolRefusal
from tools.registry import load as load_tool

MOST_MODEL_CALLS = 40
MOST_TOOL_CALLS = 30
MOST_NUDGES = 2
MOST_REPAIRS = 2
MOST_REJECTIONS = 2
"""How often a person's reason goes back to the writer; the rejection after that ends the run."""


class RunFailed(Exception):
    """The run ends without a deliverable, for a reason that a person can act on."""


async def known_evidence(state: RunState, context: RunContext) -> dict[str, Evidence]:
    """Alias to evidence of this run, in the order made; the assumptions last, as far as they were named."""
    async with context.services.database.transaction(context.workspace_id) as connection:
        kept = {record.id: record for record in await evidence_records.of_run(connection, context.run.id)}
    known = {alias: kept[identity].model_copy(update={"alias": alias}) for alias, identity in state["aliases"].items()}
    if state.get("assumptions"):
        # kept at each review and named by how many there are: after a rejection there may be more
        identity = stable_id("ev", context.run.id, "A", str(len(state["assumptions"])))
        known["A"] = briefing.assumptions_evidence(state["assumptions"], identity)
    return known


@step("brief")
async def read_the_brief(state: RunState, context: RunContext) -> Done:
    """What the brief and the profile state, as evidence."""
    run, client = context.run, context.client
    brief = read_brief(run.brief, client.locale, as_of=context.as_of, now=datetime.now(UTC))
    brief = brief.model_copy(update={"id": stable_id("ev", run.id, "B"), "alias": "B"})
    profile = briefing.profile_evidence(client, stable_id("ev", run.id, "F"))
    given: tuple[Evidence, ...] = (brief, profile)
    if "score_promises" in context.agent.tools:
        async with context.services.database.transaction(context.workspace_id) as connection:
            promised = await past_promises(connection, client, run.id, context.as_of, stable_id("ev", run.id, "D"))
        given += (promised,) if promised is not None else ()
    return Done(
        goto="recall",
        update={
            "aliases": {record.alias or "": record.id for record in given},
            "assumptions": [],
            "model_calls": 0,
            "tool_calls": 0,
            "nudges": 0,
            "repairs": 0,
        },
        events=(("brief", {"stated": [figure.key for figure in brief.figures], "goal": brief.result.get("goal")}),),
        evidence=given,
    )


@step("recall")
async def recall_context(state: RunState, context: RunContext) -> Done:
    """The client's passages, and the first messages."""
    services, client = context.services, context.client
    async with services.database.transaction(context.workspace_id) as connection:
        passages = await briefing.recall(connection, client, context.run.brief, services.embedder, context.agent.questions)
        wishes = [one.text for one in await preferences.of_client(connection, client.id)]
    found = await briefing.tables(services.store.facts_root, services.store.engine, context.workspace_id, client, context.as_of)
    evidence = await known_evidence(state, context)
    request = briefing.request_prompt(evidence["B"], evidence["F"], client, found, passages, context.as_of, evidence.get("D"), wishes)
    messages = [SystemMessage(briefing.system_prompt(context.agent)), HumanMessage(request)]
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
async def ask_for_approval(state: RunState, context: RunContext) -> Done:
    """Keep the verified text and ask for its approval when the client's policy says so."""
    client, kind = context.client, context.agent.kind
    async with context.services.database.transaction(context.workspace_id) as connection:
        seen = await policies.needed(connection, client.id, kind)
    if seen is None:
        return Done("publish", {"outcome": "published"})
    known = await known_evidence(state, context)
    record = await finished_record(state, context, known, "awaiting_approval")
    text = context.agent.deliverable.model_validate(state["answer"])

    async def ask(connection: Connection) -> None:
        await policies.hold(connection, client.id)
        # a rule that went away meanwhile still holds for this text: it was made under it
        requirement = await policies.needed(connection, client.id, kind) or seen
        [made] = await deliverables.list_(connection, run_id=context.run.id, limit=1)
        await asking.ask(connection, made, text, client, known, state["passages"], requirement)

    return Done("approval", {"outcome": None}, evidence=_assumed(known), deliverable=record, also=ask)


@step("approval")
async def wait_for_approval(state: RunState, context: RunContext) -> Done:
    """Wait for a person. What was decided stands in the database: the message that wakes the run is no answer."""
    async with context.services.database.transaction(context.workspace_id) as connection:
        asked = await approvals.latest(connection, context.run.id)
        assert asked is not None
        made = await deliverables.get(connection, asked.deliverable_id)
    assert made is not None
    if asked.state == "waiting":
        interrupt({"approval": asked.id, "hash": asked.hash, "expires_at": asked.expires_at.isoformat()})
        raise RunFailed("the run was woken without an answer to its request")
    # the version that was decided on, which a person may have edited; the calls are those that a rejection answers
    pending = [{**state["pending"][0], "args": made.content}, *state["pending"][1:]]
    update: RunState = {"answer": made.content, "deliverable_id": made.id, "pending": pending, "reason": asked.reason}
    goto = END
    if asked.state == "void":
        goto = "draft"
    elif asked.state == "rejected" and state.get("rejections", 0) < MOST_REJECTIONS:
        goto = "analyse"
        update |= {"messages": [*state["messages"], *messages_to_dict(_sent_back(state, context, asked, made.content))]}
        update |= {"rejections": state.get("rejections", 0) + 1, "repairs": 0}
    else:
        update["outcome"] = "needs_person" if asked.state == "expired" else "rejected" if asked.state == "rejected" else "published"

    async def carry_out(connection: Connection) -> str | None:
        await approvals.hold_run(connection, context.run.id)
        # an approved text that is not what was approved goes back to be verified and asked about again
        return "draft" if (await asking.carry_out(connection, asked)).state == "void" else None

    return Done(goto, update, also=carry_out)


def _sent_back(state: RunState, context: RunContext, asked: Approval, content: dict[str, Any]) -> list[ToolMessage]:
    edited = (
        ""
        if content == state["answer"]
        else f"\n\nThe text had been changed by a person before; this is what was read:\n\n{json.dumps(content, ensure_ascii=False)}"
    )
    text = load_prompt("rejected").fill(answer_tool=context.agent.answer_tool, reason=asked.reason or "", edited=edited)
    return [ToolMessage(text, tool_call_id=call["id"], name=call["name"], status="error") for call in state["pending"]]


@step("publish")
async def publish(state: RunState, context: RunContext) -> Done:
    """Keep a deliverable that needs no approval, or the marked draft for a person."""
    known = await known_evidence(state, context)
    record = await finished_record(state, context, known, state["outcome"] or "needs_person")
    return Done(END, {}, evidence=_assumed(known), deliverable=record)


async def finished_record(state: RunState, context: RunContext, known: dict[str, Evidence], status: DeliverableStatus) -> dict[str, Any]:
    """The deliverable as it is kept."""
    deliverable = context.agent.deliverable.model_validate(state["answer"])
    prompt = load_prompt(context.agent.prompt)
    markdown = await asyncio.to_thread(
        finished,
        deliverable,
        known,
        state["passages"],
        locale=context.client.locale,
        as_of=context.as_of,
        model=state["model"],
        problems=[Problem(**problem) for problem in state["problems"]] if status == "needs_person" else [],
    )
    return {
        "kind": context.agent.kind,
        "title": deliverable.title,
        "status": status,
        "content": deliverable.model_dump(mode="json"),
        "markdown": markdown,
        "verdict": state["verdict"] or {},
        "evidence_aliases": {alias: evidence.id for alias, evidence in known.items()},
        "model": state["model"],
        "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
    }


def _assumed(known: dict[str, Evidence]) -> tuple[Evidence, ...]:
    return (known["A"],) if "A" in known else ()


def build() -> StateGraph[RunState, RunContext, RunState, RunState]:
    """The graph, not yet compiled."""
    graph = StateGraph(RunState, context_schema=RunContext)
    nodes: dict[str, tuple[Any, tuple[str, ...]]] = {
        "brief": (read_the_brief, ("recall",)),
        "recall": (recall_context, ("analyse",)),
        "analyse": (ask_the_model, ("analyse", "run_tools", "draft")),
        "run_tools": (run_the_tools, ("analyse",)),
        "draft": (read_the_draft, ("analyse", "review", "publish")),
        "review": (ask_for_approval, ("approval", "publish")),
        "approval": (wait_for_approval, ("draft", "analyse", END)),
        "publish": (publish, (END,)),
    }
    for name, (node, destinations) in nodes.items():
        graph.add_node(name, node, destinations=destinations)
    graph.add_edge(START, "brief")
    return graph
