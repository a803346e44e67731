"""A trained model as figures, sentences, caveats, a table and a chart."""

from __future__ import annotations

from typing import Any, NamedTuple

from tools.contract import Caveat, Column, Decision, Figure, Interval, Table
from tools.methods.channel_names import DIGITS, joined
from tools.methods.charts import BLUE, GREY, spec
from tools.scoring._card import Measure, ModelCard
from tools.scoring._labelled import Labelled, Learn
from tools.scoring._retraining import Compared

FAMILY = {"logistic": "logistic regression", "boosting": "boosted-tree"}
WAYS = {
    "temporal": "later rows, which the model had not seen,",
    "grouped": "rows of other groups, which the model had not seen,",
    "random": "rows that the model had not seen",
}
FEW_POSITIVES = 100
PER_COLUMN = 10  # rows of the rarer outcome per column, under which effects are poorly known (Peduzzi et al. 1996)
UNTRUE = (0.8, 1.25)  # calibration slope outside of which probabilities are said to be off


class Report(NamedTuple):
    """What is told of a training."""

    name: str
    request: Learn
    labelled: Labelled
    card: ModelCard
    compared: Compared | None
    with_leaks: Measure | None
    without_leaks: Measure | None
    serves: bool


def in_words(name: str) -> str:
    """A column's or level's name without digits and braces, since a finding holds none outside its slots."""
    spelled = "".join(f" {DIGITS[letter]} " if letter in DIGITS else " " if letter in "{}_" else letter for letter in name)
    return " ".join("".join(letter for letter in spelled if not letter.isnumeric()).split()) or "unnamed"


def figures_of(report: Report) -> tuple[Figure, ...]:
    """The card's figures."""
    card, labelled = report.card, report.labelled
    of = {"denominator": "rows", "n": card.judged, "entity": None}
    made = [
        _count("rows", card.rows, "rows with a known outcome"),
        _count("judged", card.judged, "rows that the model was judged on"),
        _count("positives", card.positives, "rows with the outcome among those judged"),
        Figure(
            key="base_rate", value=card.base_rate, unit="share", metric="base_rate", label="rate of the outcome", basis="observed", **of
        ),
        _measure("auc", card.auc, "area under the curve", card),
        _measure("average_precision", card.precision_recall, "average precision", card),
        _measure("brier", card.brier, "Brier score", card),
        _measure("brier_of_base_rate", card.brier_of_base, "Brier score of saying the base rate of everybody", card),
        Figure(
            key="calibration_error",
            value=card.calibration_error,
            unit="points",
            metric="calibration_error",
            n=card.judged,
            basis="model",
            label="mean distance between probability said and rate observed",
        ),
        _measure("calibration_slope", card.calibration_slope, "calibration slope", card),
    ]
    for decile in card.deciles:
        made.append(
            Figure(
                key=f"lift.decile_{decile.decile}",
                value=decile.lift,
                unit="multiple",
                metric="lift",
                n=decile.rows,
                basis="model",
                entity=f"decile {decile.decile}",
                label="how frequent the outcome is beside all rows",
                denominator="rate of all",
                interval=Interval(low=decile.low, high=decile.high),
            )
        )
    if card.stability:
        made.append(_measure("auc_lowest", min(card.stability, key=lambda one: one.value), "lowest area under the curve of any fold", card))
    if labelled.leaks:
        made.append(_count("leaks", len(labelled.leaks), "columns that know the outcome or name the row"))
    if report.with_leaks is not None:
        made.append(_measure("auc_with_leaks", report.with_leaks, "area under the curve with the leaking columns", card))
    if report.without_leaks is not None:
        made.append(_measure("auc_without_leaks", report.without_leaks, "area under the curve without the leaking columns", card))
    for number, leak in enumerate(labelled.leaks, start=1):
        if leak.auc is not None:
            label = "how well this column alone tells the outcomes apart"
            made.append(
                Figure(
                    key=f"leak_{number}.auc",
                    value=leak.auc,
                    unit="number",
                    metric="auc_alone",
                    label=label,
                    entity=leak.column,
                    basis="model",
                )
            )
    compared = report.compared
    if compared is not None:
        made.append(
            _measure("previous.auc_then", compared.old_then, "area under the curve of the previous model when it was trained", card)
        )
        if compared.difference is not None and compared.old_auc is not None:
            assert compared.low is not None
            assert compared.high is not None
            gap = Measure(value=compared.difference, low=compared.low, high=compared.high)
            made.append(_measure("previous.auc_now", compared.old_auc, "area under the curve of the previous model now", card))
            made.append(_measure("gain", gap, "area under the curve gained over the previous model", card))
    return tuple(made)


def findings_of(report: Report, figures: tuple[Figure, ...]) -> tuple[str, ...]:
    """What a person is told first."""
    card = report.card
    said = [
        f"The {FAMILY[card.family]} model was judged on {{{{judged}}}} {WAYS[card.validation]} "
        "and has an area under the curve of {{auc}}.",
        "Among the tenth of rows with the highest probability the outcome is {{lift.decile_1}} as frequent as among all.",
        "What the model says and what came of it lie {{calibration_error}} apart on average.",
    ]
    telling = [leak for leak in report.labelled.leaks if leak.kind != "identifier"]
    naming = [leak for leak in report.labelled.leaks if leak.kind == "identifier" and not leak.kept]
    left = [leak for leak in telling if not leak.kept]
    if left:
        names = joined([in_words(leak.column) for leak in left[:5]])
        said.append(f"Left out because they know the outcome already: {names}.")
        if report.with_leaks is not None:
            said.append("With the columns that know the outcome, the area under the curve would have seemed {{auc_with_leaks}}.")
    if naming:
        said.append(f"Left out because they only name the row: {joined([in_words(leak.column) for leak in naming[:5]])}.")
    useful = [effect for effect in card.effects[:3] if effect.low > 0]
    if useful:
        said.append(f"The model rests most on {joined([in_words(effect.column) for effect in useful])}.")
    compared = report.compared
    if compared is not None and compared.difference is not None:
        where = {"new_rows": "on rows that neither had seen", "cards": "each on rows of its own"}[compared.how]
        said.append(f"Beside the previous model, {where}, the area under the curve differs by {{{{gain}}}}.")
    return tuple(said)


def caveats_of(report: Report) -> tuple[Caveat, ...]:
    """The limits of the model."""
    card, labelled, found = report.card, report.labelled, []

    def add(code: str, text: str, *signs: str) -> None:
        found.append(Caveat(code=code, text=text, insist=bool(signs), signs=signs))

    add("no_cause", "The model says for whom the outcome is likely, not what would change it.")
    kept = [leak for leak in labelled.leaks if leak.kept]
    if kept:
        names = joined([in_words(leak.column) for leak in kept[:5]])
        add("leaking_columns_used", f"Columns that seem to know the outcome were used on request: {names}.", "on request", "seem to know")
    if card.auc.low <= 0.5:
        add("no_signal", "The model does not rank better than chance as far as these rows show.", "better than chance", "no better than")
    if min(card.positives, card.judged - card.positives) < FEW_POSITIVES:
        add("small_sample", "Few rows of the rarer outcome were there to judge by: the card's intervals are wide.", "few rows", "wide")
    elif min(card.positives, card.judged - card.positives) < PER_COLUMN * len(labelled.task.names):
        add("many_columns", "There are few rows of the rarer outcome for so many columns: single effects are poorly known.")
    if not UNTRUE[0] <= card.calibration_slope <= UNTRUE[1]:
        add("calibration", "Probabilities spread otherwise than they should: read them as an order.", "as an order", "calibration")
    if labelled.open_ended:
        text = "Rows were watched for different lengths of time: a younger one may still have the outcome; name a horizon to mend this."
        add("open_ended", text, "lengths of time", "horizon", "watched")
    if card.validation == "random":
        add("not_judged_in_time", "No time column was named: the model was judged on rows of the same time and may do worse on later ones.")
    if card.stability and len(card.stability) > 1:
        ordered = sorted(card.stability, key=lambda one: one.value)
        if ordered[0].high < ordered[-1].low:
            add(
                "unstable",
                "The model does not do equally well in all parts of the rows: its lowest area under the curve is {{auc_lowest}}.",
                "equally well",
            )
    unfair = [one for one in card.slices if not one.holds]
    if unfair:
        names = joined([f"{in_words(one.level)} ({in_words(one.column)})" for one in unfair[:5]])
        add("slices", f"Probabilities do not hold for these rows: {names}.", "do not hold")
    return tuple(found)


def decision_of(report: Report) -> Decision:
    """Whether to use the model."""
    compared, card = report.compared, report.card
    if card.auc.low <= 0.5:
        return Decision(
            action="do_not_use", reason="The model does not rank better than chance: its area under the curve is {{auc|range}}."
        )
    if compared is not None and not report.serves:
        return Decision(action="keep_previous", reason="The previous model goes on serving; the new one is kept beside it.")
    if compared is not None:
        return Decision(action="use_new", reason="The new model takes over from the previous one.")
    return Decision(action="use", reason="The model ranks better than chance on rows that it had not seen.")


def table_of(card: ModelCard) -> Table:
    """What the model rests on."""
    columns = (
        Column(name="column", label="column"),
        Column(name="importance", label="area under the curve lost without it", unit="number"),
        Column(name="lower_at", label="lower probability at"),
        Column(name="higher_at", label="higher probability at"),
        Column(name="change", label="difference of the mean probability", unit="points"),
    )
    rows = tuple((one.column, round(one.importance, 6), one.lower_at, one.higher_at, round(one.change, 6)) for one in card.effects)
    return Table(title="What the model rests on", columns=columns, rows=rows)


def chart_of(card: ModelCard) -> dict[str, Any]:
    """Probability said against rate observed, a point per tenth of the rows."""
    rows = [{"said": one.predicted, "observed": one.rate, "low": one.low, "high": one.high} for one in card.calibration]
    share = {"type": "quantitative", "axis": {"format": "%"}}
    x = {"field": "said", "title": "probability said", **share}
    line = {
        "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4]},
        "encoding": {"x": x, "y": {"field": "said", **share, "title": "rate observed"}},
    }
    return spec(
        "Do the probabilities hold?",
        rows,
        layer=[
            line,
            {"mark": {"type": "rule", "color": BLUE}, "encoding": {"x": x, "y": {"field": "low", **share}, "y2": {"field": "high"}}},
            {
                "mark": {"type": "point", "filled": True, "color": BLUE, "size": 60},
                "encoding": {"x": x, "y": {"field": "observed", **share}},
            },
        ],
    )


def _count(key: str, value: int, label: str) -> Figure:
    return Figure(key=key, value=value, unit="count", metric=key, label=label, basis="observed")


def _measure(key: str, value: Measure | float, label: str, card: ModelCard) -> Figure:
    interval = Interval(low=value.low, high=value.high) if isinstance(value, Measure) else None
    number = value.value if isinstance(value, Measure) else value
    return Figure(
        key=key, value=number, unit="number", metric=key.rsplit(".", 1)[-1], label=label, interval=interval, n=card.judged, basis="model"
    )
