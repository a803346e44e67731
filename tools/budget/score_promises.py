"""What earlier deliverables promised against what came, misses first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field

from tools.budget._figures import Figures
from tools.contract import Caveat, Column, Decision, Frozen, Interval, NotEnoughData, Request, Table, ToolInputError, ToolResult, Unit, tool
from tools.facts import Facts
from tools.methods.channel_names import channel_name, joined
from tools.methods.daily_measures import OF_CHANNELS, WORDS, Daily, Measure, read_daily
from tools.methods.periods import Period
from tools.methods.promises import Promise

Outcome = Literal["kept", "below", "above", "open", "not_begun", "not_on_record"]
ORDER: tuple[Outcome, ...] = ("below", "above", "kept", "open", "not_begun", "not_on_record")
WORDS_OF: dict[Outcome, str] = {
    "kept": "inside the range promised",
    "below": "below the range promised",
    "above": "above the range promised",
    "open": "still running",
    "not_begun": "not begun",
    "not_on_record": "not on record",
}
COSTS: frozenset[Measure] = frozenset({"spend", "cost_per_conversion"})
FEW = 10
"""Promises scored below which the share kept says little about the ranges."""


class ScorePromises(Request):
    """The promises to score, as earlier deliverables made them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "promises": [
                        {
                            "name": "first-time buyers", "measure": "new_customers", "first_day": "2026-09-01", "last_day": "2026-09-30",
                            "value": 800, "low": 700, "high": 900, "level": 0.9, "made_on": "2026-08-31", "made_in": "strategy",
                        }
                    ]
                }
            ]
        }
    )  # fmt: skip

    promises: tuple[Promise, ...] = Field(
        description="the promises", min_length=1, max_length=40, json_schema_extra={"x-role": "result", "x-of": "past_promises.promises"}
    )


class Score(Frozen):
    """One promise and what came of it."""

    key: str = Field(description="first part of its figures' keys")
    name: str = Field(description="what was promised")
    outcome: Outcome = Field(description="kept: inside the range · below, above · open: its days are not over · not_begun · not_on_record")


class PromisesScored(ToolResult):
    """Every promise with what came, misses first."""

    scores: tuple[Score, ...] = Field(description="misses first, those whose days are not over last")


class _Scored(NamedTuple):
    key: str
    promise: Promise
    outcome: Outcome
    actual: float | None
    daily: Daily | None


@tool(version=1, field="budget")
def score_promises(request: ScorePromises, facts: Facts) -> PromisesScored:
    """Hold what earlier deliverables promised against what came: inside the range, below or above it, misses first.

    A promise is a figure with a range for days that were then to come. It is scored when all its days are on record, counted as the promise
    counts (the same measure and channels); one whose days are not over is listed as open and not scored early. Both sides of a range are
    misses of the forecast: more than promised is good news and a wrong forecast.
    """
    as_of = request.as_of or facts.as_of
    for place, promise in enumerate(request.promises):
        if not promise.low <= promise.value <= promise.high or promise.first_day > promise.last_day:
            raise ToolInputError(f"promise {place}: the range holds the value, and the days run forward", field=f"promises.{place}")
    read = [_score(f"p{number}", promise, facts, as_of) for number, promise in enumerate(request.promises, 1)]
    read.sort(key=lambda one: (ORDER.index(one.outcome), -_distance(one), one.key))
    figures = Figures(facts.currency, {})
    for one in read:
        _add(figures, one)
    closed = [one for one in read if one.actual is not None]
    missed = [one for one in closed if one.outcome != "kept"]
    total = figures.of("promises")
    if closed:
        for name, count, label in (
            ("scored", len(closed), "promises whose days are over"),
            ("missed", len(missed), "promises missed"),
            ("kept", len(closed) - len(missed), "promises kept"),
        ):
            total.add(name, count, "count", label, rests_on=())
    return PromisesScored(
        figures=tuple(figures.made),
        findings=tuple(_findings(read, bool(closed))),
        caveats=tuple(_caveats(read, closed)),
        decision=_decision(missed, closed),
        table=_table(read, facts.currency) if read else None,
        scores=tuple(Score(key=one.key, name=_named(one.promise), outcome=one.outcome) for one in read),
    )


def _score(key: str, promise: Promise, facts: Facts, as_of: date) -> _Scored:
    period = Period(promise.first_day, promise.last_day)
    if period.first > as_of:
        return _Scored(key, promise, "not_begun", None, None)
    channels = promise.channels if promise.measure in OF_CHANNELS else ()
    try:
        daily = read_daily(facts, promise.measure, channels=channels, event=promise.event)
    except NotEnoughData:
        return _Scored(key, promise, "not_on_record", None, None)
    if daily.last < period.last:
        return _Scored(key, promise, "open", None, daily)
    actual = daily.within(period).total if daily.covers(period) else None
    if actual is None:
        return _Scored(key, promise, "not_on_record", None, daily)
    outcome: Outcome = "below" if actual < promise.low else "above" if actual > promise.high else "kept"
    return _Scored(key, promise, outcome, actual, daily)


def _distance(one: _Scored) -> float:
    """How far outside its range a promise came out, in widths of the half range: the worst first."""
    if one.actual is None:
        return 0.0
    end, promise = one.actual, one.promise
    outside = max(promise.low - end, end - promise.high, 0.0)
    return outside / max(promise.high - promise.low, 1e-9)


def _named(promise: Promise) -> str:
    where = f" on {joined([channel_name(channel) for channel in promise.channels])}" if len(promise.channels) == 1 else ""
    return f"{promise.name}{where}"


def _add(figures: Figures, one: _Scored) -> None:
    promise = one.promise
    money = promise.measure in ("revenue", "spend", "cost_per_conversion")
    entity = promise.channels[0] if len(promise.channels) == 1 else None
    unit: Unit = "money" if money else "count"
    mine = figures.of(one.key, period=f"{promise.first_day}/{promise.last_day}", entity=entity)
    per: dict[str, Any] = {"denominator": "conversions"} if promise.measure == "cost_per_conversion" else {}
    interval = Interval(low=promise.low, high=promise.high, level=promise.level, kind="prediction")
    name = _named(promise)
    mine.add("promised", promise.value, unit, f"{name} promised", basis="model", interval=interval, **per)
    stated: dict[str, Any] = {"basis": "stated", "rests_on": ()}
    mine.add("made_on", promise.made_on.isoformat(), "date", f"day of the {promise.made_in} with the promise of {name}", **stated)
    mine.add("last_day", promise.last_day.isoformat(), "date", f"last day of the promise of {name}", **stated)
    if one.actual is not None and one.daily is not None:
        basis = one.daily.basis
        actual = one.actual if money or not float(one.actual).is_integer() else int(one.actual)
        mine.add("actual", actual, unit, f"{WORDS[promise.measure]} that came in the days promised", basis=basis, rests_on=(), **per)
        if promise.value:
            off = one.actual / promise.value - 1
            mine.add(
                "error",
                off,
                "share",
                f"{name} that came, less those promised, as a share of those promised",
                metric="change",
                basis=basis,
                denominator="promised",
            )


def _findings(read: Sequence[_Scored], any_closed: bool) -> Iterable[str]:
    if any_closed:
        yield "Promises whose days are over: {{promises.scored}}; missed {{promises.missed}}, kept {{promises.kept}}."
    for one in read:
        slot, promise = one.key, one.promise
        made = f"the {promise.made_in} of {{{{{slot}.made_on}}}}"
        promised = f"{_named(promise)} {{{{{slot}.promised}}}} (range {{{{{slot}.promised|range}}}})"
        if one.actual is not None:
            counted = f", counted as {WORDS[promise.measure]}" if promise.nearest else ""
            yield f"Promised in {made}: {promised}; what came{counted}: {{{{{slot}.actual}}}}, {WORDS_OF[one.outcome]}."
        elif one.outcome == "not_on_record":
            yield f"Promised in {made}: {promised}; the record does not show what came."
        else:
            yield f"Promised in {made}: {promised}, for days up to {{{{{slot}.last_day}}}}, so not scored yet."


def _caveats(read: Sequence[_Scored], closed: Sequence[_Scored]) -> Iterable[Caveat]:
    if any(one.outcome in ("open", "not_begun") for one in read):
        yield Caveat(
            code="not_due",
            text="A promise whose days are not over is not scored early.",
            insist=True,
            signs=("not due", "not over", "not scored", "still running", "too early", "not yet"),
        )
    if any(one.outcome == "not_on_record" for one in read):
        yield Caveat(
            code="not_on_record",
            text="What came of some promises is not on record, so they could not be scored.",
            insist=True,
            signs=("not on record", "could not be scored", "does not show"),
        )
    if any(one.promise.nearest for one in closed):
        yield Caveat(
            code="nearest_count",
            text="Some promises are of what a model puts down to the channels, which cannot be counted: they are held against the nearest "
            "count, people whose source in the CRM is such a channel.",
            insist=True,
            signs=("nearest count", "cannot be counted", "source in the crm", "counted as first-time buyers whose source"),
        )
    if 0 < len(closed) < FEW:
        yield Caveat(code="few_promises", text="With this few promises scored, how many were kept says little about the ranges themselves.")
    if len({(one.promise.measure, one.promise.channels) for one in closed}) < len(closed):
        yield Caveat(code="overlapping", text="Several promises are of the same thing over days that overlap: they miss or hold together.")


def _decision(missed: Sequence[_Scored], closed: Sequence[_Scored]) -> Decision | None:
    if not closed:
        return None
    if not missed:
        return Decision(action="keep", reason="Every promise whose days are over was kept.")
    worse = [one for one in missed if (one.outcome == "above") == (one.promise.measure in COSTS)]
    if worse:
        return Decision(
            action="correct", reason="A promise came out on the bad side of its range: say so first, and forecast again on these weeks."
        )
    return Decision(action="correct", reason="More came than was promised: good news, and a range that was wrong; forecast again.")


def _table(read: Sequence[_Scored], currency: str) -> Table:
    columns = [Column(name="what", label="Promised"), Column(name="made_in", label="In")]
    units: tuple[Unit, ...] = ("count", "money")
    kinds = [kind for kind in units if any(_unit(one) == kind for one in read)]
    for kind in kinds:
        code = currency if kind == "money" else None
        for part, label in (("value", "Promised value"), ("low", "Lower end"), ("high", "Upper end"), ("actual", "Came")):
            columns.append(Column(name=f"{part}_{kind}", label=label, unit=kind, currency=code))
    columns.append(Column(name="outcome", label="Outcome"))
    rows = []
    for one in read:
        promise, cells = one.promise, [_named(one.promise), one.promise.made_in]
        for kind in kinds:
            values = (promise.value, promise.low, promise.high, one.actual) if _unit(one) == kind else (None,) * 4
            cells += [None if value is None else round(value) if kind == "money" else float(value) for value in values]  # type: ignore[misc]
        rows.append((*cells, WORDS_OF[one.outcome]))
    return Table(title="Promises and what came", columns=tuple(columns), rows=tuple(rows))


def _unit(one: _Scored) -> str:
    return "money" if one.promise.measure in ("revenue", "spend", "cost_per_conversion") else "count"
