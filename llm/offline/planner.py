"""What to do next: the playbook's steps that are due, then the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from llm.offline.arguments import CannotFill, corrected, fill, properties, role
from llm.offline.playbook import NotYet, holds
from llm.offline.reading import Answer, Desk, Offered, read
from llm.offline.recipes import AFTER_THE_REST, AGAIN, RECIPES
from llm.offline.repair import mend
from llm.offline.writers import writer_for

MOST_TRIES = 2
CANNOT = (
    "I am a rule-based model, not a language model: I follow a playbook with the tools it names and write from what they find. "
    "I have no rule for this request."
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the rules say: tool calls, or a sentence."""

    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    text: str = ""


def turn_of(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Turn:
    """What the rules say to a call: in a conversation by the rules of talk, else by the playbook of a deliverable."""
    from llm.offline.chat.reading import is_notes, is_talk, read_talk
    from llm.offline.chat.talking import notes, talk

    if is_notes(messages):
        return Turn(text=notes(messages[-1].text))
    desk = read(messages, tools)
    if is_talk(messages):
        calls, text = talk(read_talk(messages, desk))
        return Turn(calls, text)
    return next_turn(desk)


def next_turn(desk: Desk) -> Turn:
    """The next turn of a deliverable."""
    writer = writer_for(desk.answer_tool)
    if desk.answer_tool is None or writer is None or not desk.steps:
        return Turn(text=CANNOT)
    if desk.repair is not None and desk.drafts:
        caveats = {caveat.slot: caveat.text for answer in desk.answers for caveat in answer.caveats}
        return Turn(((desk.answer_tool, mend(desk.drafts[-1], desk.repair, writer.fallback, caveats)),))
    due = tuple(_due(desk))
    if due:
        return Turn(due)
    if (
        "calculate" in {tool for tool, _ in desk.steps}
        and desk.tool("calculate")
        and (sums := writer.sums(desk))
        and not desk.tries("calculate")
    ):
        return Turn(tuple(("calculate", arguments) for arguments in sums))
    return Turn(((desk.answer_tool, writer.write(desk)),))


def _due(desk: Desk) -> Iterator[tuple[str, dict[str, Any]]]:
    """The steps of the playbook that can be taken now: those that wait for no answer of each other go together."""
    waiting: set[str] = set()
    for name, condition in desk.steps:
        tool = desk.tool(name)
        if tool is None:
            continue
        try:
            call = _call(tool, condition, desk, waiting)
        except NotYet:
            waiting.add(name)
            continue
        if call is not None:
            waiting.add(call[0])
            yield call


def _call(tool: Offered, condition: str, desk: Desk, waiting: set[str]) -> tuple[str, dict[str, Any]] | None:
    """What to call for a step; None when it is done, left out, or no rule can fill its arguments. Raises NotYet.

    A step that needs the result of a tool that was not called calls for that tool first.
    """
    last, tries = desk.last(tool.name), desk.tries(tool.name)
    if last is not None:
        mended = again(tool, last, desk) if last.refusal is not None and tries < MOST_TRIES else None
        return (tool.name, mended) if mended is not None else None
    if not holds(condition, desk, waiting):
        return None
    if waiting and takes_figures(tool):
        raise NotYet(tool.name)
    try:
        return tool.name, arguments_for(tool, desk)
    except CannotFill as missing:
        first = desk.tool(missing.tool) if missing.tool else None
        if first is None or desk.last(first.name) is not None:
            return None
    try:
        return first.name, arguments_for(first, desk)
    except CannotFill:
        return None


def again(tool: Offered, last: Answer, desk: Desk) -> dict[str, Any] | None:
    """The arguments of a second try; None when the refusal stands."""
    kind = (last.refusal or {}).get("kind")
    if kind == "not_enough_data" and tool.name in AGAIN:
        return AGAIN[tool.name](tool, last, desk)
    return corrected(tool, last, desk) if kind == "input" else None


def arguments_for(tool: Offered, desk: Desk) -> dict[str, Any]:
    """The arguments of a tool, by its recipe or by its schema alone. Raises CannotFill."""
    return RECIPES[tool.name](tool, desk) if tool.name in RECIPES else fill(tool, desk)


def takes_figures(tool: Offered) -> bool:
    """Whether a tool's arguments may come from earlier answers, so that it goes after them."""
    required = tool.schema.get("required", ())
    needs = {role(part, tool.schema) for name, part in properties(tool).items() if name in required}
    return bool(needs & {"quantity", "result"}) or tool.name in AFTER_THE_REST
