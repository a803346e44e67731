"""Before and after at one customer, or at a group, against comparable customers over the same days."""

from __future__ import annotations

from pydantic import Field

from tools.contract import NotEnoughData, ToolInputError, ToolResult, tool
from tools.facts import Facts
from tools.lifecycle._comparison import Case, Compared, compared, worth_looking
from tools.lifecycle._matched_report import report
from tools.lifecycle._outcomes import Outcomes, read_outcomes


class CompareMatched(Compared):
    """Which customer: one that find_case_studies gave, or by id or name."""

    model_config = {"json_schema_extra": {"examples": [{"accounts": ["A000268"], "measure": "bookings"}]}}

    case: Case | None = Field(
        None,
        description="a candidate; it brings its own source, measure, weeks, bounds and level, which go before those given here",
        json_schema_extra={"x-role": "result", "x-of": "find_case_studies.best"},
    )
    accounts: tuple[str, ...] = Field(
        (), description="ids or trading names of the customers; several are taken together as a group", max_length=50
    )
    chosen_for_change: bool = Field(
        True,
        description="whether the customer was picked because its results looked good: then the intervals hold for all that could have been "
        "picked; false only for a customer that was named before anyone looked",
    )


@tool(version=1, field="lifecycle")
def compare_matched(request: CompareMatched, facts: Facts) -> ToolResult:
    """Compare a customer's change from before to after with that of comparable customers over the same days.

    A difference in differences of logarithms on matched customers: the same line of business and price plan as far as enough of them are
    left, then the nearest by the outcome before, from a third to three times of it. The interval is Student's on the spread of the
    comparable customers' own changes (Donald and Lang 2007; Conley and Taber 2011), no narrower than counting noise. Nobody was assigned
    by chance, so the figures are a model's: they say what went with these weeks.
    """
    if bool(request.accounts) == (request.case is not None):
        raise ToolInputError(
            "say which customer, in one way", field="accounts", needed="accounts, or the case of find_case_studies", found="both or none"
        )
    asked: CompareMatched | Case = request.case or request
    if request.case is not None:
        outcomes = read_outcomes(facts, request.case.last_day, request.case.source, request.case.measure, request.case.weeks)
        wanted: tuple[str, ...] = (request.case.account,)
    else:
        outcomes = read_outcomes(facts, request.as_of or facts.as_of, request.source, request.measure, request.weeks)
        wanted = tuple(dict.fromkeys(request.accounts))
    looked = worth_looking(outcomes, asked.least)
    cases = _positions(outcomes, wanted, looked, asked.least)
    found = compared(outcomes, cases, asked, len(looked) if request.chosen_for_change or request.case else 1)
    if found is None:
        raise NotEnoughData(
            "too few customers are comparable with this one",
            field="fewest",
            needed=f"{asked.fewest} customers there all the time, with a third to three times its {outcomes.measure} before",
            found=f"fewer, among {len(outcomes.ids) - len(cases)} others",
        )
    return report(outcomes, found, asked.level)


def _positions(outcomes: Outcomes, wanted: tuple[str, ...], looked: list[int], least: int) -> list[int]:
    found = []
    for name in wanted:
        index = outcomes.position(name)
        if index is None:
            raise NotEnoughData(
                f"{name} has no record on both sides of the day",
                field="accounts",
                needed=f"{outcomes.measure} from {outcomes.window.first} to {outcomes.window.last}",
                found="none, or it came later or left within that time",
            )
        if index not in looked:
            raise NotEnoughData(
                f"{name} had too few {outcomes.measure} before for a change in percent to say anything",
                field="least",
                needed=str(least),
                found=str(int(outcomes.panel.before[index])),
            )
        found.append(index)
    return sorted(dict.fromkeys(found))
