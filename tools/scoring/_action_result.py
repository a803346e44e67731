"""Recommended actions as figures, sentences, caveats, a decision and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.contract import Basis, Caveat, Column, Decision, Table
from tools.experiments._names import unique_keys, words_of
from tools.methods.maximum_likelihood import quantile
from tools.scoring._action_plan import Plan, Recommendation
from tools.scoring._figure_list import FigureList

if TYPE_CHECKING:
    from tools.scoring.recommend_next_action import RecommendNextAction


def action_parts(request: RecommendNextAction, currency: str, plan: Plan) -> dict[str, Any]:
    """The fields of a result that are common to all tools."""
    figures, findings = FigureList(currency), list[str]()
    keys = unique_keys((row.segment for row in plan.recommendations), "audiences")
    action_keys = unique_keys((one.name for one in request.actions), "actions")
    reached = sum(row.reached for row in plan.recommendations)
    people = sum(one.people for one in request.audiences)
    figures.add("people", people, "count", "people in all audiences", basis="stated", rests_on=("audiences",))
    figures.add("reached", reached, "count", "people reached by the recommended actions", metric="people_reached", basis="model")
    figures.add(
        "holdout_share",
        request.holdout_share,
        "share",
        "share of each audience held out",
        denominator="people",
        basis="stated",
        rests_on=(),
    )
    for row in plan.recommendations:
        _audience(request, row, f"audience.{keys[row.segment]}", figures, findings)
    if reached:
        span = quantile(request.level) * plan.error
        figures.add(
            "total.value",
            plan.total,
            "money",
            "expected value less cost over the people reached",
            metric="net_value",
            basis="model",
            interval=(plan.total - span, plan.total + span),
            level=request.level,
        )
        findings.append(
            "Over the {{reached}} people reached, the expected value less cost is {{total.value}} "
            "({{total.value.low}} to {{total.value.high}})."
        )
    for proposal in plan.proposals:
        key = f"test.{action_keys[proposal.action]}"
        basis: Basis = "assumed" if proposal.assumed_baseline else "model"
        figures.add(
            f"{key}.baseline",
            proposal.baseline,
            "share",
            f"rate without {words_of(proposal.action)} that its test is sized for",
            metric="baseline_rate",
            denominator="people",
            basis="assumed" if proposal.assumed_baseline else "stated",
        )
        figures.add(
            f"{key}.effect",
            proposal.effect,
            "points",
            f"difference that a test of {words_of(proposal.action)} should find",
            metric="smallest_effect",
            basis=basis,
        )
        figures.add(
            f"{key}.people_per_arm",
            proposal.people_per_arm,
            "count",
            f"people in each arm of a test of {words_of(proposal.action)}",
            metric="sample_size",
            basis=basis,
        )
        findings.append(
            f"No effect of {words_of(proposal.action)} was measured: a test needs {{{{{key}.people_per_arm}}}} people in each arm "
            f"to find a difference of {{{{{key}.effect}}}}."
        )
    return {
        "figures": tuple(figures.figures),
        "findings": tuple(findings),
        "caveats": _caveats(request, plan),
        "decision": _decision(plan, reached),
        "table": _table(plan, currency),
    }


def _audience(request: RecommendNextAction, row: Recommendation, key: str, figures: FigureList, findings: list[str]) -> None:
    segment, entity = words_of(row.segment), f"segment: {row.segment}"
    figures.add(
        f"{key}.reached", row.reached, "count", f"people reached in {segment}", metric="people_reached", entity=entity, basis="model"
    )
    figures.add(
        f"{key}.held_out",
        row.held_out,
        "count",
        f"people left without an action in {segment}",
        metric="people_held_out",
        entity=entity,
        basis="model",
    )
    if row.action is None or row.value_per_person is None or row.low is None or row.high is None or row.chance is None:
        findings.append(f"{_first(segment)}: no action is shown to pay, so nothing is recommended for {{{{{key}.held_out}}}} people.")
        return
    action = words_of(row.action)
    figures.add(
        f"{key}.value",
        row.value_per_person,
        "money",
        f"value less cost of {action} per person in {segment}",
        metric="net_value_per_person",
        entity=entity,
        denominator="people reached",
        basis="model",
        interval=(row.low, row.high),
        level=request.level,
    )
    figures.add(
        f"{key}.chance",
        row.chance,
        "share",
        f"chance that {action} pays in {segment}",
        metric="chance_to_pay",
        entity=entity,
        basis="model",
    )
    findings.append(
        f"{_first(segment)}: {action} for {{{{{key}.reached}}}} people; value less cost per person {{{{{key}.value}}}} "
        f"({{{{{key}.value.low}}}} to {{{{{key}.value.high}}}}), and the chance that it pays is {{{{{key}.chance}}}}."
    )


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


def _caveats(request: RecommendNextAction, plan: Plan) -> tuple[Caveat, ...]:
    caveats = [Caveat(code="as_measured", text="Effects are taken to hold as they were measured: keep the holdout and compare with it.")]
    borrowed = [row.segment for row in plan.recommendations if row.measured_on is not None and row.measured_on != row.segment]
    if borrowed:
        caveats.append(
            Caveat(
                code="borrowed_effect",
                text="For some audiences the effect on everyone stands in for their own: "
                f"{', '.join(words_of(name) for name in borrowed)}.",
                insist=True,
                signs=("stands in", "effect on everyone", "not tested on"),
            )
        )
    if request.holdout_share == 0:
        caveats.append(
            Caveat(
                code="no_holdout",
                text="Nobody is held out: whether the actions go on paying cannot be measured.",
                insist=True,
                signs=("nobody is held out", "no holdout", "cannot be measured"),
            )
        )
    if any(proposal.assumed_baseline for proposal in plan.proposals):
        caveats.append(
            Caveat(code="assumed_baseline", text="A test without a stated baseline is sized for an assumed rate of the outcome.")
        )
    if any(not proposal.affordable for proposal in plan.proposals):
        caveats.append(
            Caveat(code="too_few_people", text="For some test the audiences hold too few people: test a larger difference, or wait.")
        )
    if len(request.actions) > 1 and any(row.action for row in plan.recommendations):
        caveats.append(Caveat(code="best_of_several", text="The best of several actions tends to do a little worse than measured."))
    return tuple(caveats)


def _decision(plan: Plan, reached: int) -> Decision:
    if reached and plan.proposals:
        return Decision(
            action="act_and_test", reason="Act on {{reached}} people by measured effects, and test the actions that nothing is known of."
        )
    if reached:
        return Decision(action="act", reason="Act on {{reached}} people by measured effects, and go on comparing with those held out.")
    if plan.proposals:
        return Decision(action="test_first", reason="No action is known to pay: run the tests before anyone is reached.")
    return Decision(action="hold", reason="None of the actions measured is likely enough to pay for any of these audiences.")


def _table(plan: Plan, currency: str) -> Table:
    rows = [
        (
            row.segment,
            row.action or "leave alone",
            row.reached,
            row.held_out,
            *(None if value is None else round(value) for value in (row.value_per_person, row.low, row.high)),
            row.chance,
        )
        for row in plan.recommendations
    ]
    columns = (
        Column(name="segment", label="Audience"),
        Column(name="action", label="Next action"),
        Column(name="reached", label="People reached", unit="count"),
        Column(name="held_out", label="People left without", unit="count"),
        *(
            Column(name=name, label=label, unit="money", currency=currency)
            for name, label in (("value", "Value less cost per person"), ("low", "At least"), ("high", "At most"))
        ),
        Column(name="chance", label="Chance that it pays", unit="share"),
    )
    return Table(title="Next action by audience", columns=columns, rows=tuple(rows))
