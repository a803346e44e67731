"""Every figure of the text read again from the records, by a verifier call of our own, and where each argument came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agents.deliverable import to_markdown
from agents.roster import AGENTS
from evals.house import House
from evals.seen import Seen
from graphs.drafting import cite
from grounding.slots import render
from grounding.verdict import FAILING, Verdict
from grounding.verify import verify as read_again
from tools.contract import Figure
from tools.registry import load

QUOTED = re.compile(r"“[^”]*” \([^()]*\)|^Assumed: .*$", re.MULTILINE)
"""What the house writes itself in a conversation: quotations held against their passage, and the assumptions that were made."""
CAVEATS = {
    "summarize_channels": ("platform_claimed",),
    "fit_response_curves": ("platform_claims", "not_causal", "credited_by_source"),
    "select_recipients": ("consent",),
    "compare_competitors": ("as_seen",),
    "summarize_cancellations": ("as_said",),
    "find_benchmarks": ("benchmark_only", "no_benchmark"),
}
"""Limits, one of which each of these tools always names: a result without any has lost them on its way."""


def _verdict(seen: Seen) -> Verdict | None:
    known = seen.by_alias()
    if seen.chat:
        if not seen.markdown.strip():
            return None
        return read_again(
            QUOTED.sub("", seen.markdown),
            list(known.values()),
            locale=seen.locale,
            brief="\n".join(seen.case.words()),
            as_of=seen.case.as_of,
        )
    if seen.content is None:
        return None
    made = AGENTS[seen.case.suite].deliverable.model_validate(seen.content)
    text = render(cite(to_markdown(made, as_of=seen.case.as_of), seen.passages, quote=False), known, seen.locale).text
    return read_again(text, list(known.values()), locale=seen.locale, brief=seen.case.words()[-1], as_of=seen.case.as_of)


def figures(seen: Seen, house: House) -> list[str]:
    """No numeral is contradicted or without support, no word claims more than its figure's basis; drafts that were sent back count too."""
    read = _verdict(seen)
    problems = [f"{n.text!r} is {n.verdict.lower()}: {n.sentence[:120]!r}" for n in read.numerals if n.verdict in FAILING] if read else []
    problems += [f"{word.text!r}: {word.reason}" for word in read.words] if read else []
    for kind, payload in seen.events:
        if kind == "verdict" and any(
            "is unsupported" in p["problem"] or "is contradicted" in p["problem"] for p in payload.get("problems", ())
        ):
            problems.append(f"a draft held figures that no tool gave: {payload['problems'][0]['text'][:120]!r}")
        if kind in ("held_back", "left_out"):
            problems.append("sentences did not hold and were not shown")
    return problems


def verdict(seen: Seen, house: House) -> list[str]:
    """What the house says that it verified is what stands in the text."""
    read = _verdict(seen) if seen.content is not None else None
    if read is None:
        return []
    kept = [(n["text"], n["verdict"]) for n in seen.verdict.get("numerals", ())]
    mine = [(n.text, n.verdict) for n in read.numerals]
    if kept == mine and bool(seen.verdict.get("ok")) == read.ok:
        return []
    return [f"the verdict kept has {len(kept)} numerals, a reading of the text finds {len(mine)}"]


def caveats(seen: Seen, house: House) -> list[str]:
    """No insistent limit of the evidence used is left unsaid, and no tool has lost the limits that it always names."""
    read = _verdict(seen)
    problems = [f"unsaid: {missing.text[:160]}" for missing in read.missing_caveats] if read and not seen.chat else []
    for record in seen.evidence:
        codes = {caveat.code for caveat in record.caveats}
        if record.tool in CAVEATS and not codes & set(CAVEATS[record.tool]):
            problems.append(f"{record.tool} came without a limit that it always names")
    return problems


def arguments(seen: Seen, house: House) -> list[str]:
    """Each number that went into a tool stands where it is said to come from, and assumptions stay as few as the data allows."""
    problems: list[str] = []
    known, by_id = seen.by_alias(), {record.id: record for record in seen.evidence}
    material = [*seen.case.words(), *(passage["text"] for passage in seen.passages)]
    assumed: set[str] = set()
    stated = _stated_budget(seen)
    for record in seen.evidence:
        if record.alias is None or not record.alias.startswith("E"):
            continue
        given = {entry.path: entry for entry in record.inputs}
        for path, value in _quantities(load(record.tool).request.model_json_schema(), record.request):
            entry = next((one for start, one in given.items() if path == start or path.startswith(f"{start}.")), None)
            if path == "budget" and stated is not None and not _is_stated(stated, value, record.request):
                problems.append(f"{record.tool}.{path} is {value}, not the budget that the brief states")
            if entry is None:
                problems.append(f"{record.tool}.{path} = {value} came from nowhere")
            elif entry.kind == "assumption":
                assumed.add(f"{record.tool}.{entry.ref}")
            elif entry.kind == "quote":
                words = entry.ref.partition(": ")[2] if re.match(r"C\d+: ", entry.ref) else entry.ref
                if not any(_flat(words) in _flat(text) for text in material):
                    problems.append(f"{record.tool}.{path} quotes {words!r}, which nobody said")
            elif entry.kind == "slot" and entry.ref.split()[0].split(".")[0] not in {*by_id, *known}:
                problems.append(f"{record.tool}.{path} comes from {entry.ref!r}, which is none of this run's records")
    problems += [f"{name} was asked and refused its arguments: {why}" for name, why in _laundered(seen)]
    if len(assumed) > seen.case.assumes:
        problems.append(f"{len(assumed)} assumptions where {seen.case.assumes} are called for: {', '.join(sorted(assumed))}")
    return problems


def _stated_budget(seen: Seen) -> Figure | None:
    """The budget that the brief of a deliverable states."""
    briefed = seen.by_alias().get("B")
    return briefed.by_key.get("budget") if briefed is not None and not seen.chat else None


def _is_stated(stated: Figure, given: Any, request: Mapping[str, Any]) -> bool:
    """Whether a budget is the stated one; one per another time than was asked for is not judged here."""
    return stated.denominator not in (None, request.get("period")) or given == stated.value


def _laundered(seen: Seen) -> list[tuple[str, str]]:
    """Calls that were refused because a number had no source."""
    return [
        (payload["tool"], payload["message"][:160])
        for kind, payload in seen.events
        if kind == "tool_refused"
        and re.search(r"slot|quot|assum|say where|comes from", payload.get("message", ""))
        and payload.get("kind") == "input"
    ]


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _quantities(schema: dict[str, Any], value: Any, path: str = "", root: dict[str, Any] | None = None) -> list[tuple[str, Any]]:
    """The numbers of a request that claim something about the world, with their paths."""
    root = root or schema
    if "$ref" in schema:
        schema = {**root["$defs"][schema["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in schema.items() if k != "$ref"}}
    if schema.get("x-role") in ("choice", "result") or value is None:
        return []
    if schema.get("x-role") == "quantity":
        # what a tool sets by itself is no claim of the writer's
        return [(path, value)] if value != schema.get("default") else []
    found: list[tuple[str, Any]] = []
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += [one for one in _quantities(option, value, path, root) if one not in found]
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                found += _quantities(part, value[name], f"{path}.{name}".lstrip("."), root)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            found += _quantities(schema["items"], item, f"{path}.{index}".lstrip("."), root)
    return found
