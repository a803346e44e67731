"""The last look of a deliverable: the house adds tables, the assumptions register, the evidence list and who wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from agents.deliverable import Deliverable, to_markdown
from graphs.drafting import Problem, cite
from grounding.evidence import Evidence, Locale
from grounding.register import register
from grounding.register import to_markdown as register_markdown
from grounding.slots import SlotUse, render, table_markdown


def finished(
    deliverable: Deliverable,
    evidence: Mapping[str, Evidence],
    passages: Sequence[Mapping[str, Any]],
    *,
    locale: Locale,
    as_of: date,
    model: Mapping[str, Any],
    problems: Sequence[Problem] = (),
    edited: bool = False,
) -> str:
    """The whole text, rendered. With problems, the failing places come first, for the person who takes over. `edited`: by an approver."""
    body = render(
        cite(to_markdown(deliverable, as_of=as_of, attachments=attachments(deliverable, evidence, locale)), passages), evidence, locale
    )
    parts = [handover(problems, evidence, locale)] if problems else []
    parts += [body.text, assumptions(body.used, evidence, locale), sources(evidence, passages), colophon(evidence, model, edited=edited)]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def attachments(deliverable: Deliverable, evidence: Mapping[str, Evidence], locale: Locale) -> dict[str, str]:
    """Section to the table of the last run of the tool that the section names."""
    found: dict[str, str] = {}
    for name, field in type(deliverable).model_fields.items():
        wanted = (field.json_schema_extra or {}).get("x-table") if isinstance(field.json_schema_extra, dict) else None
        for record in evidence.values():
            if wanted and record.tool == wanted and record.result.get("table"):
                found[name] = f"{table_markdown(record, locale)}\n\n*Table: {record.alias}, {record.tool}.*"
    return found


def assumptions(used: Sequence[SlotUse], evidence: Mapping[str, Evidence], locale: Locale) -> str:
    """The assumptions register: what the text rests on that was not observed."""
    rows = register(used, evidence, locale)
    return "## Assumptions register\n\n" + (register_markdown(rows) if rows else "Every figure in this text was observed.")


def sources(evidence: Mapping[str, Evidence], passages: Sequence[Mapping[str, Any]]) -> str:
    """Which tool ran on which version of which table, and which passages were read."""
    rows = ["| Evidence | Tool | Data versions | Record |", "| --- | --- | --- | --- |"]
    for alias, record in evidence.items():
        versions = ", ".join(f"{table} v{version}" for table, version in sorted(record.facts.items())) or "none"
        rows.append(f"| {alias} | {record.tool} | {versions} | {record.id} |")
    read = [f"- {p['title']} ({p['dated'] or 'undated'})" for p in {(p["title"], p["dated"]): p for p in passages}.values()]
    return "\n".join(["## Evidence", "", *rows] + (["", "Context read:", "", *read] if read else []))


def colophon(evidence: Mapping[str, Evidence], model: Mapping[str, Any], *, edited: bool = False) -> str:
    """Who wrote it, said openly."""
    rules = f"Written by {model['name']}: rules, not a language model. It says what the figures say and has no ideas of its own."
    writer = f"Written by the language model {model['name']}." if model.get("is_llm") else rules
    writer += " Edited by a person." if edited else ""
    return f"---\n\n*{writer} Every figure above was filled in from its tool run and checked; none was written by the writer.*"


def handover(problems: Sequence[Problem], evidence: Mapping[str, Evidence], locale: Locale) -> str:
    """For the person who takes over: what failed, and the plain findings to mend it with."""
    failing = [f"- **{problem.where}**: {problem.text or '(the whole part)'}\n    - {problem.problem}" for problem in problems]
    plain = [
        f"- {alias}: {render(text, {alias: record}, locale, own=alias).text}"
        for alias, record in evidence.items()
        for text in record.result.get("findings", ())
    ]
    return "\n".join(
        [
            "> **Needs a person.** These places did not hold after two repairs and nothing was published.",
            "",
            *failing,
            "",
            "Plain findings:",
            "",
            *plain,
            "",
            "---",
        ]
    )
