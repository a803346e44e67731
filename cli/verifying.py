"""`groundwork verify`: hold any text against evidence, numeral by numeral."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.exits import FOUND, unreadable
from cli.output import Json, read_text, show_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    draft: Annotated[str | None, typer.Argument(help="Markdown or text to check; - is standard input")] = None,
    evidence: Annotated[
        str | None, typer.Option("--evidence", "-e", help="JSON array of evidence records, as GET /evidence/{id} gives them")
    ] = None,
    brief: Annotated[str | None, typer.Option(help="file with the brief: what it states need not be computed")] = None,
    locale: Annotated[str, typer.Option(help="how the text writes numbers, as a tag: en-ZA, de-DE")] = "en-ZA",
    currency: Annotated[str | None, typer.Option(help="ISO 4217; that of the evidence when left out")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day the text is written on")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of the verdict and stop")] = False,
    as_json: Json = False,
) -> None:
    """Check every numeral and number word of a text against evidence. Exit code 0 clean, 1 found something, 2 could not read."""
    from grounding.verify import Verdict

    if schema:
        show_json(Verdict.model_json_schema())
        return
    if draft is None or evidence is None:
        raise unreadable("what to check and against what? `groundwork verify DRAFT.md --evidence FILE.json`")
    if draft == "-" and evidence == "-":
        raise unreadable("standard input cannot be both the draft and the evidence")
    verdict = judge(read_text(draft), read_evidence(evidence), read_text(brief) if brief else None, locale, currency, as_of)
    if as_json:
        show_json(verdict)
    else:
        print(in_words(verdict))
    if not verdict.ok:
        raise typer.Exit(FOUND)


def judge(text: str, records: list[Any], brief: str | None, language: str, currency: str | None, as_of: datetime | None) -> Any:
    """The verdict. Stops with code 2 for a language or currency that does not exist."""
    from api.locales import known_locale
    from grounding.evidence import Locale
    from grounding.verify import verify as check

    seen = (figure.currency for record in records for figure in record.figures if figure.currency)
    try:
        read = known_locale(Locale(language=language, currency=currency or next(seen, "ZAR")))
    except ValueError as error:
        raise unreadable(str(error)) from error
    return check(text, records, locale=read, brief=brief, as_of=as_of.date() if as_of else None)


def read_evidence(name: str) -> list[Any]:
    """The records of a file: an array, one record, or an object with `evidence`. Stops with code 2 and the first fault."""
    from pydantic import ValidationError

    from grounding.evidence import Evidence

    try:
        raw = json.loads(read_text(name))
    except json.JSONDecodeError as error:
        raise unreadable(f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", file=name) from error
    if not isinstance(raw, list):
        raw = [raw]
    records = []
    for index, entry in enumerate(raw):
        try:
            record = Evidence.model_validate(entry)
            _ = record.figures, record.caveats
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = ".".join(str(part) for part in first["loc"]) or "record"
            raise unreadable(f"{name}: record {index} is no evidence record: {path}: {first['msg']}", file=name) from error
        records.append(record)
    return records


def in_words(verdict: Any) -> str:
    """The verdict for a person: what does not hold first, then the count of what does."""
    lines = []
    for numeral in verdict.numerals:
        if numeral.verdict in ("CONTRADICTED", "UNSUPPORTED"):
            lines.append(f"{numeral.verdict}  {numeral.text!r}: {numeral.reason}\n    {numeral.sentence.strip()}")
    lines += [f"WORDS  {problem.text!r}: {problem.reason}\n    {problem.sentence.strip()}" for problem in verdict.words]
    lines += [f"MISSING CAVEAT  {caveat.evidence} {caveat.code}: {caveat.text}" for caveat in verdict.missing_caveats]
    counts = {
        name: sum(numeral.verdict == name for numeral in verdict.numerals) for name in ("VERIFIED", "CONTRADICTED", "UNSUPPORTED", "EXEMPT")
    }
    lines.append(", ".join(f"{count} {name.lower()}" for name, count in counts.items()) + (": clean" if verdict.ok else ": not clean"))
    return "\n".join(lines)
