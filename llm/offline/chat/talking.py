"""The rules of a conversation. They say what they are, and when they have no rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llm.offline.arguments import CannotFill
from llm.offline.chat.answering import WORDS, quoted, told, words_of
from llm.offline.chat.choosing import wanted
from llm.offline.chat.reading import ACTIONS, Reply, Talk

Calls = tuple[tuple[str, dict[str, Any]], ...]
Said = tuple[Calls, str]

WHO = "I answer by rules, I am not a language model: I choose a tool by the words of a question and tell what it found."
ASK_ME = (
    "You can ask me about channels and their costs, customers, prices, what the data covers, benchmarks, a split of a budget, a forecast "
    "or the size of a test, and I can hand a strategy to the strategist."
)
NO_RULE = f"I have no rule for this. {WHO} {ASK_ME}"
NO_OTHER = "This conversation is about one client, and I have no data of any other client and no way to get it."
NO_APPROVAL = (
    "I cannot approve, send or publish anything, and no approval can be skipped: a person with that role settles it under approvals."
)
ASK_BUDGET = "Which budget should the strategy plan with, and is it per week or per month?"
NOT_ENGLISH = f"I read English only. {WHO} A language model, if one is set up, answers in other languages."
NOTHING_INSTEAD = "-"

APPROVAL = re.compile(
    r"\b(?:skip|bypass|without|ignore|forget about|no need for)\b.{0,40}\b(?:approv\w*|sign-?off|review)\b|\bapprove (?:it|this|that|the)\b"
    r"|\b(?:send|publish|post) (?:it|this|that|everything)\b",
    re.IGNORECASE | re.DOTALL,
)
OTHER = re.compile(r"\b(?:other|another|different) (?:client|customer|account|brand|agency)(?:['’]?s)?\b", re.IGNORECASE)
MAKE = re.compile(r"\b(?:make|write|draft|prepare|create|build|generate|start|need|want|plan|do)\b", re.IGNORECASE)
HOW_GOES = re.compile(r"\b(?:status|progress|how (?:is|are|does|far)|done|ready|finished|going)\b", re.IGNORECASE)
STOP_IT = re.compile(r"\b(?:cancel|stop|abort|call off)\b", re.IGNORECASE)
OF_TASK = re.compile(r"\b(?:task|strategy|plan|it|that|work)\b|\bT\d+\b", re.IGNORECASE)
REMEMBER = re.compile(r"^\s*(?:please\s+)?remember(?:\s+that|\s+to|:)?\s+(?P<what>.{3,300}?)\s*$", re.IGNORECASE | re.DOTALL)
FORGET = re.compile(r"^\s*(?:please\s+)?forget(?:\s+that|\s+about)?\s+(?P<what>.{2,300}?)\s*$", re.IGNORECASE | re.DOTALL)
SHOW = re.compile(
    r"\bwhat (?:do|did) (?:you|i|we) .{0,20}(?:remember|keep|prefer)|\b(?:show|list|which|what)\b.{0,20}\bpreferences\b", re.IGNORECASE
)
WHO_ARE = re.compile(
    r"\b(?:who|what) are you\b|\bare you (?:an? )?(?:ai|human|robot|bot|person|language model|llm)\b|\bwhat can (?:you|i ask)\b",
    re.IGNORECASE,
)
GREETING = re.compile(r"\s*(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?|thank you)[\s!.,]*$", re.IGNORECASE)
OF_DOCUMENTS = re.compile(r"\b(?:document|brand|voice|tone|banned|words?|offer|review|says?|said|location|opening)\b", re.IGNORECASE)


def talk(seen: Talk) -> Said:
    """Calls, or an answer."""
    for rule in (_repair, _after_actions, _boundaries, _about_me, _preferences, _tasks, _handover, _language, _question):
        said = rule(seen)
        if said is not None:
            return said
    return (), NO_RULE


def _repair(seen: Talk) -> Said | None:
    return ((), NOTHING_INSTEAD) if seen.repair else None


def _after_actions(seen: Talk) -> Said | None:
    done = [reply for reply in seen.replies if reply.name in ACTIONS]
    return ((), " ".join(map(_done, done))) if done else None


def _done(reply: Reply) -> str:
    if reply.body.get("status") != "done":
        return f"That could not be done: {reply.say}." if reply.say else "That could not be done."
    match reply.name:
        case "start_task":
            return f"I handed it over: [[{reply.body['task']}]] is queued. Ask me how it goes; it takes some minutes."
        case "follow_task":
            state, name = str(reply.body.get("state", "")).replace("_", " "), reply.body["task"]
            steps = reply.body.get("last_steps") or []
            last = f" Its last step was {str(steps[-1]).replace('_', ' ')}." if steps and not reply.body.get("made") else ""
            made = " Its deliverable is there to read." if reply.body.get("made") else ""
            return f"The [[{name}]] is {state}.{last}{made}"
        case "cancel_task":
            return f"The [[{reply.body['task']}]] is {reply.body['state']}."
        case "remember":
            return f"I keep that in mind: [[{reply.body['preference']}]]."
    return "I have forgotten it."


def _boundaries(seen: Talk) -> Said | None:
    if "another client of the agency" in seen.sections.get("Client", "") or OTHER.search(seen.message):
        return (), NO_OTHER
    return ((), NO_APPROVAL) if APPROVAL.search(seen.message) else None


def _about_me(seen: Talk) -> Said | None:
    if WHO_ARE.search(seen.message):
        return (), f"{WHO} {ASK_ME}"
    return ((), ASK_ME) if GREETING.match(seen.message) else None


def _preferences(seen: Talk) -> Said | None:
    if SHOW.search(seen.message):
        kept = "\n".join(f"- [[{name}]]" for name in seen.preferences)
        return (), f"I was asked to remember:\n{kept}" if kept else "I was not asked to remember anything."
    if match := REMEMBER.match(seen.message):
        return (("remember", {"preference": match["what"].rstrip(".")}),), ""
    if match := FORGET.match(seen.message):
        asked = words_of(match["what"])
        found = max(seen.preferences.items(), key=lambda kept: len(asked & words_of(kept[1])), default=None)
        named = re.search(r"\bP\d+\b", match["what"])
        if named and named[0] in seen.preferences:
            return (("forget", {"preference": named[0]}),), ""
        if found is None or not asked & words_of(found[1]):
            return (), "I remember nothing of that."
        return (("forget", {"preference": found[0]}),), ""
    return None


def _tasks(seen: Talk) -> Said | None:
    if not OF_TASK.search(seen.message):
        return None
    named = re.search(r"\bT\d+\b", seen.message)
    name = named[0] if named else next(iter(seen.tasks), None)
    about = named is not None or re.search(r"\b(?:task|strategy|plan)\b", seen.message, re.IGNORECASE)
    if STOP_IT.search(seen.message) and (about or re.fullmatch(r"\s*\w+ (?:it|that)[.!\s]*", seen.message)):
        return ((("cancel_task", {"task": name}),), "") if name else ((), "There is no task to stop.")
    if HOW_GOES.search(seen.message) and about and not MAKE.search(seen.message):
        return ((("follow_task", {"task": name}),), "") if name else ((), "There is no task yet.")
    return None


def _handover(seen: Talk) -> Said | None:
    asked_budget = ASK_BUDGET in seen.before[1]
    kind = _kind(seen, seen.message) or (_kind(seen, seen.before[0]) if asked_budget else None)
    if kind is None or not (MAKE.search(seen.message) or asked_budget):
        return None
    budget = seen.desk.stated_as("B.budget")
    if budget is None:
        return (), ASK_BUDGET
    parts = [seen.before[0], seen.message] if asked_budget and not _kind(seen, seen.message) else [seen.message]
    if budget.source and all(budget.source not in part for part in parts):
        parts.append(budget.source)
    return (("start_task", {"kind": kind, "brief": ". ".join(part.strip().rstrip(".") for part in parts) + "."}),), ""


def _kind(seen: Talk, text: str) -> str | None:
    return next((kind for kind in seen.kinds if re.search(rf"\b{kind.replace('_', '[ _-]')}\b", text, re.IGNORECASE)), None)


def _language(seen: Talk) -> Said | None:
    words = re.findall(r"[^\W\d_]+", seen.message.lower())
    letters = [letter for letter in seen.message if letter.isalpha()]
    strange = sum(not "\u0000" <= letter <= "\u024f" for letter in letters)
    foreign, english = sum(word in WORDS["foreign"] for word in words), sum(word in WORDS["english"] for word in words)
    return ((), NOT_ENGLISH) if strange > len(letters) / 2 or (foreign >= 2 and foreign > english) else None


def _question(seen: Talk) -> Said | None:
    rule = wanted(seen)
    documents = quoted(seen.desk.passages, seen.message)
    if documents and (rule is None or OF_DOCUMENTS.search(seen.message)) and not seen.replies:
        return (), documents
    if rule is None:
        return None
    reply = seen.reply(rule.tool)
    if reply is not None and reply.answer.ok:
        return (), " ".join(told(reply.answer, seen.message)) or NO_RULE
    if reply is not None and len([one for one in seen.replies if one.name == rule.tool]) > 1:
        return (), _refused(reply)
    return _call(seen, rule.tool, rule.first)


def _call(seen: Talk, name: str, first: tuple[str, ...]) -> Said:
    """The call of a tool, or first of the one whose result it takes; a refusal is told when nothing more can be tried."""
    from llm.offline.planner import again, arguments_for

    tool = seen.desk.tool(name)
    assert tool is not None
    refused = seen.reply(name)
    if refused is not None:
        mended = again(tool, refused.answer, seen.desk)
        return (((name, mended),), "") if mended is not None else ((), _refused(refused))
    try:
        for before in first:
            if seen.reply(before) is None and seen.desk.tool(before):
                return _call(seen, before, ())
        return ((name, arguments_for(tool, seen.desk)),), ""
    except CannotFill as missing:
        needed = seen.desk.tool(missing.tool) if missing.tool else None
        if needed is not None and (reply := seen.reply(needed.name)) is None:
            return _call(seen, needed.name, ())
        if needed is not None and reply is not None and not reply.answer.ok:
            return (), _refused(reply)
        return (), _question_for(str(missing.args[0]), name)


def _refused(reply: Reply) -> str:
    return f"This cannot be answered from the data: {reply.say}." if reply.say else "This cannot be answered from the data."


ASKS: Mapping[str, str] = {
    "budget": "Which budget do you mean, and is it per week or per month?",
    "rates": "There is no record of your channels to forecast from: which of them has run before, and can its export be imported?",
}


def _question_for(missing: str, tool: str) -> str:
    """The one question whose answer the tool waits for."""
    plain = missing.replace("_", " ")
    return ASKS.get(missing, f"To answer this with {tool.replace('_', ' ')} I need to know one thing: what is the {plain}?")


def notes(text: str) -> str:
    """A conversation in short, by rule: the first sentence of each message, the newest kept."""
    earlier, _, spoken = text.partition("# Messages")
    kept = [line for line in earlier.splitlines() if line.startswith("- ")]
    for part in re.split(r"\n\n(?=(?:user|assistant): )", spoken):
        match = re.match(r"\s*(user|assistant): (.+)", part.strip(), re.DOTALL)
        if match:
            line = " ".join(match[2].split())
            kept.append(f"- {'asked' if match[1] == 'user' else 'answered'}: {re.split(r'(?<=[.!?]) ', line)[0][:160]}")
    return "\n".join(kept[-12:]) or "- nothing was said"
