"""Which leads to go after: how likely each is, why, and how far down the list it pays."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import ConfigDict, Field

from tools.contract import Frozen, Request, ToolInputError, ToolResult, choice, quantity, tool
from tools.facts import Facts
from tools.scoring._asking import Drift, Part, Reason, Watched, ask, drift_of, explain, parts_of, watch
from tools.scoring._columns import DAY, Columns, Floats, Ids, best, end_of, find_table, need_column, of_rows, with_ids
from tools.scoring._labelled import NAME, Learn, Rows
from tools.scoring._lead_report import LeadReport, caveats_of, chart_of, decision_of, figures_of, findings_of, table_of
from tools.scoring._points import Rule, give_points, reasons_of

LIMIT = 10_000


class ScoreLeads(Request):
    """Which leads, by which model or which points, and what winning one is worth."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "table": "contacts",
                    "points": [
                        {"column": "stage", "when": "equals", "value": "opportunity", "points": 20, "part": "engagement"},
                        {"column": "city", "when": "equals", "value": "Durban", "points": 10},
                    ],
                    "id_column": "contact_id",
                    "capacity": 50,
                    "limit": 5,
                }
            ]
        }
    )

    table: str | None = Field(None, description="name of the client's table of leads, of a contract or as it was imported")
    rows: Rows | None = Field(
        None, description="the leads themselves, one JSON object each, in place of a table", min_length=1, max_length=100_000
    )
    model: str = Field("lead", description="name of the model, as train_model gave it", pattern=NAME)
    version: int | None = choice(
        "number", "exactly this version of the model; the one that serves when left out", default=None, ge=1, le=999_999
    )
    learn: Learn | None = Field(None, description="a labelled table to learn from in this call, in place of a model that was kept")
    points: tuple[Rule, ...] = Field((), description="stated rules to score by where there are no outcomes to learn from", max_length=100)
    id_column: str | None = Field(None, description="column that names the lead in the answer; else its place in the table")
    fit_columns: tuple[str, ...] = Field((), description="columns that say who they are; else told by their names", max_length=500)
    engagement_columns: tuple[str, ...] = Field((), description="columns that say what they do; else told by their names", max_length=500)
    value: int | None = quantity("money", "what winning one lead is worth, gross margin in minor units", default=None, gt=0, le=10**12)
    cost: int | None = quantity("money", "what going after one lead costs, minor units", default=None, ge=0, le=10**12)
    currency: str | None = Field(None, description="ISO 4217 of value and cost; the client's when left out", pattern="^[A-Z]{3}$")
    capacity: int | None = quantity("count", "how many leads can be gone after", default=None, ge=1, le=10**9)
    half_life_days: float | None = quantity(
        "days", "days of silence after which a lead counts half; no decay when left out", default=None, gt=0, le=3650
    )
    last_seen_column: str | None = Field(None, description="column with the day of the last sign of life, for the decay")
    limit: int = choice("count", "how many leads are listed, the best first", default=100, ge=1, le=LIMIT)


class LeadScore(Frozen):
    """One lead."""

    lead: str = Field(description="its id, or its place in the table, counted from one")
    score: float = Field(description="what the list is ordered by: the probability, after decay; or points")
    probability: float | None = Field(description="probability of winning it, before decay; none by points")
    fit: float = Field(description="probability with what it does at its typical value; or points for who it is")
    engagement: float = Field(description="probability with who it is at its typical value; or points for what it does")
    chosen: bool = Field(description="whether it is worth going after, within the capacity")
    reasons: tuple[Reason, ...] = Field(description="what moves it most; points for rules")


class LeadScores(ToolResult):
    """Leads in order, with the reasons, the threshold that pays and whether the model still holds."""

    based_on: Literal["model", "points"] = Field(description="a calibrated model, or points by stated rules that are no probabilities")
    model: str | None = Field(description="model asked")
    version: int | None = Field(description="version of the model; none for one learned in this call")
    parts: dict[str, Part] = Field(description="which columns say who a lead is and which what it does")
    scores: tuple[LeadScore, ...] = Field(description="the best leads, best first")
    threshold: float | None = Field(description="score from which a lead is chosen; none without value and cost, or capacity")
    drift: tuple[Drift, ...] = Field(description="columns that have moved since training, the most moved first")
    watched: Watched | None = Field(description="how the model does on outcomes among these rows; none when they are not known")


@tool(version=1, field="scoring")
def score_leads(request: ScoreLeads, facts: Facts) -> LeadScores:
    """Score leads by a trained model: probability, fit and engagement, top reasons, and the threshold by expected value and capacity.

    Takes a model of train_model (kind lead, conversion or expansion), or learns one in the call (`learn`). Without outcomes to learn from,
    stated `points` order the leads; points are no probabilities, so no value is expected of them. A lead is chosen while its probability
    times its value exceeds its cost, within the capacity. A reason is what the probability would lose were that column typical. The
    optional decay halves a score with every half-life of silence. Columns that have moved since training are named, and where the label is
    among the columns the model is held against what came of it.
    """
    if request.half_life_days is not None and request.last_seen_column is None:
        raise ToolInputError("a decay needs the column of the last sign of life", field="last_seen_column")
    if request.points and request.learn is None and facts.model_versions(request.model) == 0:
        return _by_points(request, facts)
    answer = ask(
        facts,
        name=request.model,
        version=request.version,
        kinds=("lead", "conversion", "expansion"),
        learn_from=request.learn,
        rows=request.rows,
        table=request.table,
        id_column=request.id_column,
        more=(request.last_seen_column,),
    )
    columns = answer.asked.columns
    score = _decayed(request, columns, answer.probability, answer.now)
    chosen, threshold = _choose(request, score, answer.asked.ids, money=True)
    order = best(score, answer.asked.ids, request.limit)
    parts = parts_of(answer.model.about.recipe, request.fit_columns, request.engagement_columns)
    explained = explain(answer, order, parts)
    names = answer.asked.ids.of(order)
    scores = tuple(
        LeadScore(
            lead=names[place],
            score=float(score[row]),
            probability=float(answer.probability[row]),
            fit=float(explained.fit[place]),
            engagement=float(explained.engagement[place]),
            chosen=bool(chosen[row]),
            reasons=explained.reasons[place],
        )
        for place, row in enumerate(order.tolist())
    )
    report = LeadReport(
        request,
        answer,
        score,
        chosen,
        threshold,
        scores,
        drift_of(answer),
        watch(answer, request.table),
        request.currency or facts.currency,
    )
    return _result(report, parts, answer.model.version or None)


def _by_points(request: ScoreLeads, facts: Facts) -> LeadScores:
    if (request.table is None) == (request.rows is None):
        raise ToolInputError("name a table or give rows: one of the two", field="table")
    wanted = list(dict.fromkeys([rule.column for rule in request.points] + [name for name in (request.last_seen_column,) if name]))
    if request.rows is not None:
        columns = of_rows(request.rows)
        ids = Ids([row.get(request.id_column) for row in request.rows] if request.id_column else None)
    else:
        table = find_table(facts, str(request.table))
        for name in (*wanted, *([request.id_column] if request.id_column else [])):
            need_column(table.columns, name, "points")
        columns, ids = with_ids(facts, table, wanted, request.id_column)
    pointed = give_points(request.points, columns)
    score = _decayed(request, columns, pointed.total, end_of(facts.as_of))
    chosen, threshold = _choose(request, score, ids, money=False)
    order = best(score, ids, request.limit)
    names = ids.of(order)
    scores = tuple(
        LeadScore(
            lead=names[place],
            score=float(score[row]),
            probability=None,
            fit=float(pointed.fit[row]),
            engagement=float(pointed.engagement[row]),
            chosen=bool(chosen[row]),
            reasons=reasons_of(request.points, pointed, row, columns),
        )
        for place, row in enumerate(order.tolist())
    )
    parts: dict[str, Part] = {rule.column: rule.part for rule in request.points}
    report = LeadReport(request, None, score, chosen, threshold, scores, (), None, request.currency or facts.currency)
    return _result(report, parts, None)


def _result(report: LeadReport, parts: dict[str, Part], version: int | None) -> LeadScores:
    figures = figures_of(report)
    return LeadScores(
        figures=figures,
        findings=findings_of(report, figures),
        caveats=caveats_of(report),
        decision=decision_of(report),
        table=table_of(report),
        chart=chart_of(report),
        based_on="model" if report.answer else "points",
        model=report.request.model if report.answer else None,
        version=version,
        parts=parts,
        scores=report.scores,
        threshold=report.threshold,
        drift=report.drift[:20],
        watched=report.watched,
    )


def _decayed(request: ScoreLeads, columns: Columns, score: Floats, now: float) -> Floats:
    """Scores halved with every half-life since the last sign of life; a lead of which none is known keeps its score."""
    if request.half_life_days is None or request.last_seen_column is None:
        return score
    need_column(columns, request.last_seen_column, "last_seen_column")
    seen = columns[request.last_seen_column]
    if seen.kind != "moment":
        raise ToolInputError(f"{seen.name} holds no days or times", field="last_seen_column", found=seen.kind)
    silent = np.where(seen.missing, 0.0, np.maximum(now - np.where(seen.missing, now, seen.numbers), 0.0) / DAY)
    return score * 0.5 ** (silent / request.half_life_days)


def _choose(request: ScoreLeads, score: Floats, ids: Ids, *, money: bool) -> tuple[np.ndarray, float | None]:
    """Which leads are chosen, and the score from which. Leads of one score are taken by their names, as they are listed."""
    chosen = np.zeros(len(score), dtype=bool)
    if request.cost is not None and request.value is None:
        raise ToolInputError("a cost needs a value to be held against", field="value")
    pays = len(score)
    if money and request.value is not None:
        pays = int(np.sum(score * request.value > (request.cost or 0)))
    many = min(pays, request.capacity if request.capacity is not None else len(score))
    decided = (money and request.value is not None) or request.capacity is not None
    if not decided or not many:
        return chosen, None
    taken = best(score, ids, many)
    chosen[taken] = True
    return chosen, float(score[taken[-1]])
