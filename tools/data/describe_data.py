"""What there is to work with, before anything is concluded from it."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import ConfigDict, Field

from tools.contract import Caveat, Column, Decision, Figure, Frozen, NotEnoughData, Request, Table, ToolResult, Unit, choice, tool
from tools.contracts import CONTRACTS
from tools.data._questions import QUESTIONS
from tools.data._tables import DAILY, EventName, TableFacts, common_events, read_table
from tools.facts import Facts
from tools.methods.channel_names import channel_key, joined
from tools.methods.charts import BLUE, spec

MUCH_MISSING = 0.3
GAPS = 0.05  # one day in twenty without a row is more than holidays
EVENT_NAMES = 10  # more names than this are the tail of a tracking plan
PLAIN_NAME = re.compile(r"[a-z][a-z_ -]{0,39}")
MOVING = frozenset({"ad_metrics", "events", "orders", "usage", "touchpoints"})
"""Tables that go stale; a price list or a survey does not within weeks."""


class DescribeData(Request):
    """Which tables, and from when on data counts as stale or short."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stale_after_days": 14}]})

    tables: tuple[str, ...] = Field((), description="tables to describe; every table that holds rows when empty", max_length=60)
    stale_after_days: int = choice("days", "a table whose last row is older than this is called stale", default=14, ge=1, le=365)
    short_under_days: int = choice("days", "a record shorter than this is called short", default=90, ge=7, le=730)


class Answerable(Frozen):
    """A question and whether this data answers it."""

    question: str = Field(description="what a strategist would ask")
    answerable: Literal["yes", "limited", "no"] = Field(description="whether the tables hold what it takes")
    why: str = Field(description="what is missing, as a sentence; empty when nothing is")


class DataDescription(ToolResult):
    """Span, gaps, freshness and quality of each table, and which questions they answer."""

    answers: tuple[Answerable, ...] = Field(description="questions, each with whether the data answers it")
    stale: tuple[str, ...] = Field(description="tables whose last row is older than allowed")
    event_names: tuple[str, ...] = Field((), description="what events are called, commonest first: what other tools take as entry and goal")
    short: bool = Field(description="whether the longest record of behaviour is shorter than asked for")


@tool(version=1, field="data")
def describe_data(request: DescribeData, facts: Facts) -> DataDescription:
    """Describe the client's data: rows, span, gaps, freshness, missing values of each table, and which questions it can and cannot answer.

    Days are the client's. A missing day lies between a table's first and last and has no row; it counts as a gap for tables that a running
    business adds to daily. Rows dated after the day asked for are counted apart and left out of everything else. Shares missing are given
    for the columns that answers depend on. The commonest events are named as other tools take them for entry and goal. Says nothing about
    what the data shows.
    """
    as_of = request.as_of or facts.as_of
    present = facts.names()
    if unknown := sorted(set(request.tables) - set(present)):
        raise NotEnoughData(
            f"no rows are on record in {joined(unknown)}", field="tables", needed=", ".join(unknown), found=", ".join(present)
        )
    wanted = [name for name in present if not request.tables or name in request.tables]
    tables = {name: read_table(facts, name, as_of) for name in wanted}
    ages = {name: (as_of - table.last).days for name, table in tables.items() if table.last is not None}
    stale = tuple(name for name, age in ages.items() if name in MOVING and age > request.stale_after_days)
    behaviour = [table.span for name, table in tables.items() if name in MOVING | {"subscriptions"}]
    longest = max(behaviour, default=0)
    short = longest < request.short_under_days and bool(behaviour or not request.tables)
    answers = _answers(tables, request, present)
    named = tuple(common_events(facts, as_of, EVENT_NAMES)) if "events" in tables and tables["events"].rows else ()
    figures = _figures(tables, ages, longest) + _event_figures(tables, named)
    return DataDescription(
        figures=figures,
        findings=(*_findings(tables, answers), *_event_names(named)),
        caveats=_caveats(tables, stale, short, request),
        decision=_decision(tables, stale, short),
        table=_table(tables, ages),
        chart=_chart(tables),
        answers=answers,
        stale=stale,
        event_names=tuple(event.name for event in named),
        short=short,
    )


def _answers(tables: dict[str, TableFacts], request: DescribeData, present: tuple[str, ...]) -> tuple[Answerable, ...]:
    """Asked of all tables at once, so only when none was left out."""
    if request.tables and not set(present) <= set(request.tables):
        return ()
    found = [(question, question.verdict(tables)) for question in QUESTIONS]
    return tuple(Answerable(question=q.name, answerable=v, why={"yes": "", "limited": q.limited, "no": q.no}[v]) for q, v in found)


def _figures(tables: dict[str, TableFacts], ages: dict[str, int], longest: int) -> tuple[Figure, ...]:
    figures: list[Figure] = [
        Figure(key="tables", value=len(tables), unit="count", metric="tables", label="tables that hold rows"),
        Figure(
            key="longest_record",
            value=longest,
            unit="days",
            metric="days",
            label="days from first to last of the longest record of behaviour",
        ),
    ]

    def add(table: TableFacts, metric: str, value: Any, unit: Unit, label: str, **more: Any) -> None:
        period = f"{table.first}/{table.last}" if table.first else None
        key = f"{channel_key(table.name)}.{metric}"
        figures.append(
            Figure(key=key, value=value, unit=unit, metric=metric, label=label, entity=f"table: {table.name}", period=period, **more)
        )

    for name, table in tables.items():
        said = name.replace("_", " ")
        add(table, "rows", table.rows, "count", f"rows in {said}")
        if table.later_rows:
            add(table, "later_rows", table.later_rows, "count", f"rows in {said} dated after the day asked for")
        if table.first is None or table.last is None:
            continue
        add(table, "first_day", table.first.isoformat(), "date", f"first day in {said}")
        add(table, "last_day", table.last.isoformat(), "date", f"last day in {said}")
        add(table, "days_covered", table.days, "days", f"days with a row in {said}")
        add(table, "age", ages[name], "days", f"days since the last row in {said}")
        if name in DAILY:
            add(table, "missing_days", table.missing_days, "days", f"days without a row between the first and the last in {said}")
        for column, share in table.missing:
            label = f"share of rows in {said} without {column.replace('_', ' ')}"
            add(table, f"{column}_missing", share, "share", label, denominator=f"rows in {said}", n=table.rows)
        if table.odd_rows:
            add(table, "odd_rows", table.odd_rows, "count", f"rows in {said} that contradict themselves")
        if table.other_currency_rows:
            add(table, "other_currency_rows", table.other_currency_rows, "count", f"rows in {said} in another currency than the client's")
    return tuple(figures)


def _event_figures(tables: dict[str, TableFacts], named: tuple[EventName, ...]) -> tuple[Figure, ...]:
    """How often each of the commonest events happened, and to how many people."""
    figures: dict[str, Figure] = {}
    for event in named:
        key, table = f"events.{channel_key(event.name)}", tables["events"]
        shared: dict[str, Any] = {"unit": "count", "entity": f"event: {event.name}", "period": f"{table.first}/{table.last}"}
        said = event.name.replace("_", " ")
        for metric, value, label in (
            ("times", event.times, f"times that the event {said} happened"),
            ("people", event.people, f"people with the event {said}"),
        ):
            figures.setdefault(
                f"{key}.{metric}", Figure(key=f"{key}.{metric}", value=value, metric=f"event_{metric}", label=label, **shared)
            )
    return tuple(figures.values())


def _event_names(named: tuple[EventName, ...]) -> tuple[str, ...]:
    """The names as they are written in the data; one of another shape is not repeated in a sentence."""
    plain = [event.name for event in named if PLAIN_NAME.fullmatch(event.name)]
    return (f"Event names on record, the commonest first: {', '.join(plain)}.",) if plain else ()


def _findings(tables: dict[str, TableFacts], answers: tuple[Answerable, ...]) -> tuple[str, ...]:
    sentences = []
    for name, table in tables.items():
        key, said = channel_key(name), _spoken(name)
        text = f"{said}: {{{{{key}.rows}}}} rows"
        if table.first is not None:
            text += f" from {{{{{key}.first_day}}}} to {{{{{key}.last_day}}}}"
            if name in DAILY and table.missing_days:
                text += f", with {{{{{key}.missing_days}}}} without a row"
        sentences.append(f"{text}.")
        for column, share in table.missing:
            if share > MUCH_MISSING:
                sentences.append(f"{said}: {column.replace('_', ' ')} is empty in {{{{{key}.{column}_missing}}}} of rows.")
        if table.odd_rows:
            sentences.append(f"{said}: {{{{{key}.odd_rows}}}} rows contradict themselves.")
    can = [answer.question for answer in answers if answer.answerable == "yes"]
    if can:
        sentences.append(f"The data can say {joined(can)}.")
    sentences += [answer.why for answer in answers if answer.why]
    return tuple(sentences)


def _caveats(tables: dict[str, TableFacts], stale: tuple[str, ...], short: bool, request: DescribeData) -> tuple[Caveat, ...]:
    caveats = []
    if not tables:
        return (
            Caveat(
                code="no_data",
                text="There is no data yet: everything rests on what was stated, on benchmarks and on assumptions.",
                insist=True,
                signs=("no data", "no client data", "without data", "nothing on record"),
            ),
        )
    if short:
        caveats.append(
            Caveat(
                code="short_history",
                text="The longest record of behaviour covers {{longest_record}}: too short to tell a trend from chance or season.",
                insist=True,
                signs=("short history", "too short", "little history", "short record", "weeks of data", "days of data"),
            )
        )
    if stale:
        caveats.append(
            Caveat(
                code="stale",
                text=f"These tables have no recent rows: {joined([name.replace('_', ' ') for name in stale])}.",
                insist=True,
                signs=("stale", "no recent rows", "out of date", "not up to date", "last row", "ends on", "end on"),
            )
        )
    gaps = [name for name, table in tables.items() if name in DAILY and table.missing_days > GAPS * max(table.span, 1)]
    if gaps:
        listed = joined([name.replace("_", " ") for name in gaps])
        caveats.append(Caveat(code="gaps", text=f"Days are missing in the middle of {listed}: sums over them are too low."))
    sparse = [
        f"{name.replace('_', ' ')} ({c.replace('_', ' ')})" for name, t in tables.items() for c, share in t.missing if share > MUCH_MISSING
    ]
    if sparse:
        caveats.append(Caveat(code="missing_values", text=f"Many values are missing in {joined(sparse)}."))
    if any(table.later_rows for table in tables.values()):
        caveats.append(Caveat(code="later_rows", text="Rows dated after the day asked for are left out."))
    if any(table.other_currency_rows for table in tables.values()):
        caveats.append(
            Caveat(code="other_currencies", text="Some amounts are in another currency than the client's: they are not added to it.")
        )
    return tuple(caveats)


def _decision(tables: dict[str, TableFacts], stale: tuple[str, ...], short: bool) -> Decision:
    if not tables:
        return Decision(action="import_data", reason="There is nothing on record to work from yet.")
    if stale:
        return Decision(
            action="refresh_data", reason=f"Import the latest {joined([name.replace('_', ' ') for name in stale])} before deciding on them."
        )
    if short:
        return Decision(
            action="plan_on_assumptions", reason="The record is too short for models: plan on named assumptions and test them first."
        )
    return Decision(action="analyse", reason="The record is recent and long enough to work from.")


def _table(tables: dict[str, TableFacts], ages: dict[str, int]) -> Table:
    rows = tuple(
        (
            CONTRACTS[name].description if name in CONTRACTS else "A table of the client's own shape.",
            name,
            table.rows,
            table.first.isoformat() if table.first else None,
            table.last.isoformat() if table.last else None,
            ages.get(name),
            table.missing_days if name in DAILY else None,
        )
        for name, table in tables.items()
    )
    return Table(
        title="Data on record",
        columns=(
            Column(name="what", label="What it holds"),
            Column(name="table", label="Table"),
            Column(name="rows", label="Rows", unit="count"),
            Column(name="first_day", label="First day", unit="date"),
            Column(name="last_day", label="Last day", unit="date"),
            Column(name="age", label="Days since the last row", unit="days"),
            Column(name="missing_days", label="Days without a row", unit="days"),
        ),
        rows=rows,
    )


def _chart(tables: dict[str, TableFacts]) -> dict[str, Any] | None:
    rows = [
        {"table": name.replace("_", " "), "first": table.first.isoformat(), "last": table.last.isoformat()}
        for name, table in tables.items()
        if table.first and table.last
    ]
    if not rows:
        return None
    return spec(
        "Days on record, by table",
        rows,
        mark={"type": "bar", "color": BLUE, "height": 10},
        encoding={
            "y": {"field": "table", "type": "nominal", "title": None},
            "x": {"field": "first", "type": "temporal", "title": None},
            "x2": {"field": "last"},
        },
    )


def _spoken(name: str) -> str:
    words = "".join(character for character in name.replace("_", " ") if not character.isdigit()).strip() or "a table"
    return words[0].upper() + words[1:]
