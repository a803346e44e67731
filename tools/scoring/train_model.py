"""A labelled table becomes a model that says how likely the outcome is, with a card that says how far to trust it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ConfigDict, Field

from tools.contract import Request, ToolInputError, ToolResult, tool
from tools.facts import Facts
from tools.scoring._card import Measure, ModelCard, make_card
from tools.scoring._estimator import Candidate
from tools.scoring._labelled import NAME, Labelled, Learn, LeftOut, read_labelled
from tools.scoring._leakage import Leak
from tools.scoring._learn import Judged, Task, choose, judge, learn
from tools.scoring._model import FORMAT, About, ModelKind, find_model, score_deciles, to_artefact
from tools.scoring._ranking import Area, auc_of
from tools.scoring._retraining import Compared, Replace, compare
from tools.scoring._training_report import Report, caveats_of, chart_of, decision_of, figures_of, findings_of, table_of


class TrainModel(Learn, Request):
    """What to learn, from which labelled table."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "churn", "table": "subscriptions", "label": "ended_at", "time_column": "started_at", "horizon_days": 180}]
        }
    )

    kind: ModelKind = Field(description="what the outcome is: a lead that is won, a customer who leaves, a conversion, an expansion")
    name: str | None = Field(None, description="name that the model is kept under; its kind when left out", pattern=NAME)
    replace: Replace = Field(
        "if_not_worse",
        description="whether it takes over from the model that serves: if it is not worse, always, or never (it is kept to be compared)",
    )


class TrainedModel(ToolResult):
    """A model's card, what was left out and why, and how it compares with the model before it."""

    model: str = Field(description="name that it is kept under; score_leads and predict_churn take it")
    version: int = Field(description="its version, counted from one")
    kind: ModelKind = Field(description="what the outcome is")
    serves: bool = Field(description="whether it is the one that is asked from now on")
    columns: tuple[str, ...] = Field(description="columns that it reads")
    card: ModelCard = Field(description="how it does on rows that it has not seen")
    leaks: tuple[Leak, ...] = Field(description="columns that know the outcome or name the row, each with its evidence")
    left_out: tuple[LeftOut, ...] = Field(description="other columns that were not learned from, and why")
    auc_with_leaks: Measure | None = Field(description="AUC that the leaking columns would have shown; none when there are none")
    auc_without_leaks: Measure | None = Field(description="AUC without the leaking columns")
    compared: Compared | None = Field(description="beside the model that served before; none for the first")


@tool(version=1, field="scoring")
def train_model(request: TrainModel, facts: Facts) -> TrainedModel:
    """Learn how likely an outcome is from a labelled table: calibrated, judged on rows not seen, with leaking columns left out.

    The table may have any columns: numbers, days, texts, sentences, empty cells. Columns that know the outcome (filled in after it, nearly
    perfect alone, ahead of their time, words of it) and columns that name the row are reported with their evidence and left out, unless
    `keep_leaking` names them. Regularised logistic regression or boosted trees, whichever ranks better on held-back rows: later ones where
    there is a `time_column`, other groups where ids repeat, else five random parts. The card gives AUC, precision and recall, Brier,
    calibration, lift by decile, stability, effects and slices. The model is kept under its name as a new version and takes over unless it
    is worse than the one that serves. No effect is a cause: a probability says who, not what would change it.
    """
    name = request.name or request.kind
    labelled = read_labelled(request, facts)
    candidate = choose(labelled.task, request.method)
    judged = judge(labelled.task, candidate)
    learned = learn(labelled.task, candidate, judged)
    task = labelled.task
    card = make_card(learned, candidate.strength, judged, task.columns, task.folds().way, len(task.positive), task.now, task.seed)
    old = find_model(facts, name, (request.kind,))
    if old is not None and (old.about.label, old.about.positive) != (request.label, labelled.positive):
        raise ToolInputError(
            f"the model {name} foretells {old.about.label} = {old.about.positive}: give this one a name of its own", field="name"
        )
    compared = compare(old, judged, labelled, task.columns, request.replace) if old is not None else None
    with_leaks, without_leaks = _leaks_shown(labelled, judged, candidate)
    version = facts.model_versions(name) + 1
    serves = compared is None or compared.takes_over
    about = About(
        format=FORMAT,
        kind=request.kind,
        label=request.label,
        positive=labelled.positive,
        family=learned.family,
        recipe=learned.recipe,
        calibration=learned.calibration,
        card=card,
        trained_on=request.table or "rows of the request",
        trained_until=labelled.until,
        scores=score_deciles(judged.probability),
    )
    facts.offer(to_artefact(name, version, about, learned, serves=serves))
    report = Report(name, request, labelled, card, compared, with_leaks, without_leaks, serves)
    figures = figures_of(report)
    return TrainedModel(
        figures=figures,
        findings=findings_of(report, figures),
        caveats=caveats_of(report),
        decision=decision_of(report),
        table=table_of(card),
        chart=chart_of(card),
        model=name,
        version=version,
        kind=request.kind,
        serves=serves,
        columns=task.names,
        card=card,
        leaks=labelled.leaks,
        left_out=labelled.left_out,
        auc_with_leaks=with_leaks,
        auc_without_leaks=without_leaks,
        compared=compared,
    )


def _leaks_shown(labelled: Labelled, judged: Judged, candidate: Candidate) -> tuple[Measure | None, Measure | None]:
    """The AUC with and without the columns that leak, whichever of the two the model is. Columns that only name the row tempt nobody."""
    telling = [leak for leak in labelled.leaks if leak.kind != "identifier"]
    if not telling:
        return None, None
    task = labelled.task
    names = {leak.column for leak in telling}
    without = tuple(name for name in task.names if name not in names)
    tempted = replace(task, names=(*without, *(leak.column for leak in telling)))
    found: list[Measure | None] = []
    for each in (tempted, replace(task, names=without)):
        if not each.names:
            found.append(None)
            continue
        area = auc_of(judged.probability, judged.positive) if set(each.names) == set(task.names) else _area(each, candidate)
        found.append(Measure(value=area.value, low=area.low, high=area.high))
    return found[0], found[1]


def _area(task: Task, candidate: Candidate) -> Area:
    seen = judge(task, candidate)
    return auc_of(seen.probability, seen.positive)
