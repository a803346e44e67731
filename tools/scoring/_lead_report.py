"""Scored leads as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tools.contract import Basis, Caveat, Column, Decision, Figure, Interval, Table
from tools.methods.channel_names import joined
from tools.methods.charts import BLUE, spec
from tools.scoring._asking import Answer, Drift, Watched, likely_rate
from tools.scoring._columns import Floats
from tools.scoring._ranking import Z
from tools.scoring._training_report import in_words

if TYPE_CHECKING:
    from tools.scoring.score_leads import LeadScore, ScoreLeads

NAMED = 10  # leads that have figures of their own


class LeadReport(NamedTuple):
    """What is told of scored leads. `answer` is absent when they were scored by points."""

    request: ScoreLeads
    answer: Answer | None
    score: Floats
    chosen: np.ndarray
    threshold: float | None
    scores: tuple[LeadScore, ...]
    drift: tuple[Drift, ...]
    watched: Watched | None
    currency: str


def figures_of(report: LeadReport) -> tuple[Figure, ...]:
    """Counts, the threshold, what is expected of the chosen, and the best leads."""
    request, answer = report.request, report.answer
    made = [Figure(key="leads", value=len(report.score), unit="count", metric="leads", label="leads scored", basis="observed", rests_on=())]
    chosen = report.score[report.chosen]
    decided = report.threshold is not None or bool((request.value is not None and answer) or request.capacity is not None)
    if answer is None:
        top = report.scores[0]
        made.append(
            Figure(key="top.points", value=top.score, unit="score", metric="points", label="points of the best lead", basis="stated")
        )
        if decided:
            made.append(_count("chosen", len(chosen), "leads chosen, the best within the capacity", "stated"))
        return tuple(made)
    made.append(_expected("expected_conversions", answer.probability, "conversions expected of all leads scored", rests_on=()))
    made.append(
        Figure(
            key="mean_probability",
            value=float(answer.probability.mean()),
            unit="share",
            metric="probability",
            label="mean probability of winning a lead",
            denominator="leads",
            basis="model",
            n=len(report.score),
            rests_on=(),
        )
    )
    if decided:
        made.append(_count("chosen", len(chosen), "leads chosen", "model"))
        said = answer.probability[report.chosen] if request.half_life_days is None else chosen
        made.append(_expected("chosen_conversions", said, "conversions expected of the leads chosen", rests_on=None))
        if request.value is not None:
            made += _money(report, said)
        if report.threshold is not None:
            made.append(
                Figure(
                    key="threshold",
                    value=report.threshold,
                    unit="share",
                    metric="threshold",
                    label="lowest score of a lead chosen",
                    denominator="leads",
                    basis="model",
                )
            )
    for place, lead in enumerate(report.scores[:NAMED], start=1):
        if lead.probability is None:
            continue
        low, high, rows = likely_rate(answer.model, lead.probability)
        rests: tuple[str, ...] = ()
        about = {"unit": "share", "entity": lead.lead, "denominator": "leads like it", "basis": "model", "rests_on": rests}
        made.append(
            Figure(
                key=f"lead_{place}.probability",
                value=lead.probability,
                metric="probability",
                label="probability of winning this lead",
                n=rows,
                interval=Interval(low=low, high=high),
                **about,
            )
        )
        for part, value in (("fit", lead.fit), ("engagement", lead.engagement)):
            label = {"fit": "probability by who the lead is", "engagement": "probability by what the lead does"}[part]
            made.append(Figure(key=f"lead_{place}.{part}", value=value, metric=part, label=label, **about))
    if report.watched is not None:
        made += watched_figures(report.watched)
    return tuple(made)


def watched_figures(watched: Watched) -> list[Figure]:
    """How the model does on outcomes that have come in."""
    area = Interval(low=watched.low, high=watched.high)
    return [
        Figure(
            key="watched.auc",
            value=watched.auc,
            unit="number",
            metric="auc",
            label="area under the curve on these rows",
            interval=area,
            n=watched.rows,
            basis="observed",
            rests_on=(),
        ),
        Figure(
            key="watched.auc_then",
            value=watched.auc_then,
            unit="number",
            metric="auc",
            label="area under the curve when it was trained",
            basis="model",
            rests_on=(),
        ),
        Figure(
            key="watched.said",
            value=watched.said,
            unit="share",
            metric="probability",
            label="mean probability said",
            denominator="rows",
            basis="model",
            rests_on=(),
        ),
        Figure(
            key="watched.rate",
            value=watched.rate,
            unit="share",
            metric="rate",
            label="rate observed",
            denominator="rows",
            n=watched.rows,
            basis="observed",
            rests_on=(),
        ),
    ]


def _count(key: str, value: int, label: str, basis: Basis) -> Figure:
    return Figure(key=key, value=value, unit="count", metric=key, label=label, basis=basis)


def _expected(key: str, probability: Floats, label: str, *, rests_on: tuple[str, ...] | None) -> Figure:
    """A sum of probabilities with the interval of what may come of them, each lead for itself."""
    total, error = float(probability.sum()), float(np.sqrt((probability * (1 - probability)).sum()))
    interval = Interval(low=max(0.0, total - Z * error), high=min(float(len(probability)), total + Z * error), kind="prediction")
    return Figure(
        key=key,
        value=total,
        unit="count",
        metric="conversions",
        label=label,
        interval=interval,
        n=len(probability),
        basis="model",
        rests_on=rests_on,
    )


def _money(report: LeadReport, probability: Floats) -> list[Figure]:
    request = report.request
    assert request.value is not None
    spent = (request.cost or 0) * len(probability)
    worth, error = float(probability.sum()) * request.value, float(np.sqrt((probability * (1 - probability)).sum())) * request.value
    low, high = (round(max(0.0, worth - Z * error)) - spent, round(worth + Z * error) - spent)
    money = {"unit": "money", "currency": report.currency}
    return [
        Figure(
            key="chosen_value",
            value=round(worth) - spent,
            metric="expected_value",
            label="expected value of the leads chosen, less what they cost",
            interval=Interval(low=low, high=high, kind="prediction"),
            basis="model",
            **money,
        ),
        Figure(
            key="chosen_cost",
            value=spent,
            metric="cost",
            label="what going after the leads chosen costs",
            basis="stated",
            rests_on=("cost",),
            **money,
        ),
    ]


def findings_of(report: LeadReport, figures: Sequence[Figure]) -> tuple[str, ...]:
    """What a person is told first."""
    keys = {figure.key for figure in figures}
    if report.answer is None:
        said = ["{{leads}} leads were put in order by points of stated rules; the best has {{top.points}} points."]
        return (*said, "{{chosen}} leads are chosen.") if "chosen" in keys else tuple(said)
    said = ["Of {{leads}} leads scored the model expects {{expected_conversions}} conversions."]
    if "chosen" in keys and not report.chosen.any():
        said.append("No lead is expected to bring more than going after it costs.")
    elif "chosen_value" in keys:
        said.append("Going after the {{chosen}} leads chosen has an expected value of {{chosen_value}} after their cost.")
    elif "chosen" in keys:
        said.append("The {{chosen}} leads chosen are expected to bring {{chosen_conversions}} conversions.")
    if report.scores[0].reasons:
        moved = joined([in_words(reason.column) for reason in report.scores[0].reasons])
        said.append(f"The best lead has a probability of {{{{lead_1.probability}}}}; what moves it most: {moved}.")
    if report.watched is not None:
        said.append(
            "On rows that are new to the model, the area under the curve is {{watched.auc}}, and was {{watched.auc_then}} in training."
        )
    return tuple(said)


def caveats_of(report: LeadReport) -> tuple[Caveat, ...]:
    """The limits of the scores."""
    found = []
    if report.answer is None:
        text = "Points follow stated rules and are no probabilities: nothing here has been held against outcomes."
        found.append(Caveat(code="points_only", text=text, insist=True, signs=("points", "no probabilit")))
    else:
        found += model_caveats(report.answer, report.drift, report.watched)
        if report.request.value is not None:
            text = "The value counts conversions that may have come without going after the lead: only an experiment tells them apart."
            found.append(Caveat(code="no_uplift", text=text, insist=True, signs=("without going after", "experiment")))
    if report.request.half_life_days is not None:
        text = "Scores fade with silence by a stated half-life, which was not learned from outcomes."
        found.append(Caveat(code="stated_decay", text=text, insist=True, signs=("half-life", "fade")))
    return tuple(found)


def model_caveats(answer: Answer, drift: Sequence[Drift], watched: Watched | None) -> list[Caveat]:
    """What limits every answer of a model."""
    found = []
    if not answer.kept:
        found.append(Caveat(code="learned_here", text="The model was learned in this call and is not kept."))
    if answer.model.about.card.auc.low <= 0.5:
        text = "The model does not rank better than chance as far as its training shows."
        found.append(Caveat(code="no_signal", text=text, insist=True, signs=("better than chance",)))
    moved = [one for one in drift if one.drifted]
    if moved:
        names = joined([in_words(one.column) for one in moved[:5]])
        text = f"These rows are unlike those of the training in {names}: probabilities may be off."
        found.append(Caveat(code="drift", text=text, insist=True, signs=("unlike", "drift")))
    if watched is not None and watched.decayed:
        text = "The model ranks worse than when it was trained: train it again."
        found.append(Caveat(code="decayed", text=text, insist=True, signs=("worse than when", "train it again")))
    return found


def decision_of(report: LeadReport) -> Decision:
    """What to do with the list."""
    if report.answer is None:
        return Decision(action="order_by_points", reason="Points order the work until outcomes are there to learn from.")
    if report.watched is not None and report.watched.decayed:
        return Decision(action="train_again", reason="On rows that are new to the model, the area under the curve is {{watched.auc}}.")
    if report.request.value is not None and not report.chosen.any():
        return Decision(action="go_after_none", reason="No lead is expected to bring more than going after it costs.")
    if report.chosen.any():
        return Decision(action="go_after_chosen", reason="Going after the {{chosen}} leads chosen is worth it, the best first.")
    return Decision(
        action="work_in_order", reason="The most likely come first; a value and a cost, or a capacity, would say where to stop."
    )


def table_of(report: LeadReport) -> Table:
    """The best leads."""
    unit: Any = "share" if report.answer else "score"
    columns = (
        Column(name="lead", label="lead"),
        Column(name="score", label="score", unit=unit),
        Column(name="fit", label="fit", unit=unit),
        Column(name="engagement", label="engagement", unit=unit),
        Column(name="reasons", label="what moves it most"),
    )
    rows = tuple(
        (
            lead.lead,
            round(lead.score, 6),
            round(lead.fit, 6),
            round(lead.engagement, 6),
            ", ".join(f"{one.column}: {one.value}" for one in lead.reasons),
        )
        for lead in report.scores[:50]
    )
    return Table(title="The best leads", columns=columns, rows=rows)


def chart_of(report: LeadReport) -> dict[str, Any]:
    """How many leads have which score."""
    counts, edges = np.histogram(report.score, bins=20)
    rows = [{"from": float(a), "to": float(b), "leads": int(count)} for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True)]
    x = {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": "score"}
    encoding = {"x": x, "x2": {"field": "to"}, "y": {"field": "leads", "type": "quantitative", "title": "leads"}}
    return spec("Leads by score", rows, mark={"type": "bar", "color": BLUE}, encoding=encoding)
