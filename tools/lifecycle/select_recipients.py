"""Who may be written to, counted: consent first, then what is known of them that a stranger may politely know."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tools.contract import Caveat, Decision, Figure, NotEnoughData, Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts

if TYPE_CHECKING:
    import ibis

KNOWN = {"first_name": "given name", "city": "city", "job_title": "role"}
"""fields that may be named to the person, and what a reader calls them"""


class SelectRecipients(Request):
    """Which of the client's contacts. Without any choice: all of them."""

    model_config = {"json_schema_extra": {"examples": [{}, {"bought": "before", "quiet_days": 120}]}}

    stages: tuple[str, ...] = Field(
        (), description="lifecycle stages as the table contacts has them; every stage when empty", max_length=20
    )
    cities: tuple[str, ...] = Field((), description="cities as the table contacts has them; every city when empty", max_length=50)
    bought: str = Field("any", description="any; before: with an order on record; never: without one", pattern="^(any|before|never)$")
    quiet_days: int | None = choice(
        "days", "with bought=before: whose last order is at least this many days ago", default=None, ge=1, le=3650
    )
    fewest: int = choice("count", "fewest people for which fields are counted: fewer could point at a person", default=20, ge=5, le=1000)


@tool(version=1, field="lifecycle")
def select_recipients(request: SelectRecipients, facts: Facts) -> ToolResult:
    """Count the contacts that a mailing may go to: who agreed to e-mail, who did not, and which personal fields are filled.

    Consent is what the table says on the answer's day; an empty field is no consent. It counts people and names nobody.
    """
    if request.quiet_days is not None and request.bought != "before":
        raise ToolInputError(
            "only buyers can have been quiet since an order", field="quiet_days", needed="bought=before", found=request.bought
        )
    day = request.as_of or facts.as_of
    chosen = _chosen(request, facts, day)
    agreed = chosen.email_consent.fill_null(False) & chosen.email.notnull() & (chosen.email != "")
    filled = {name: (agreed & chosen[name].notnull() & (chosen[name] != "")).sum() for name in KNOWN}
    counts: dict[str, Any] = facts.fetch(
        chosen.aggregate(
            people=chosen.count(),
            agreed=agreed.sum(),
            refused=(chosen.email_consent == False).sum(),  # noqa: E712 - an expression of the engine
            **filled,
        )
    ).to_pylist()[0]
    counts = {name: int(value or 0) for name, value in counts.items()}
    if counts["people"] == 0:
        raise NotEnoughData("nobody on record fits this choice", field="stages", needed="at least one contact", found="none")
    return _result(counts, request, day)


def _chosen(request: SelectRecipients, facts: Facts, day: date) -> ibis.Table:
    people = facts.table("contacts")
    if request.stages:
        people = people.filter(people.stage.isin(request.stages))
    if request.cities:
        people = people.filter(people.city.isin(request.cities))
    if request.bought == "any":
        return people
    orders = facts.table("orders")
    orders = orders.filter(orders.contact_id.notnull() & (orders.status.fill_null("paid") == "paid"))
    last = orders.group_by("contact_id").aggregate(last=orders["at"].max().date())
    if request.bought == "never":
        return people.anti_join(last, "contact_id")
    if request.quiet_days is not None:
        last = last.filter(last["last"] <= day - timedelta(days=request.quiet_days))
    return people.semi_join(last, "contact_id")


def _result(counts: dict[str, int], request: SelectRecipients, day: date) -> ToolResult:
    shared: dict[str, Any] = {"unit": "count", "period": f"{day.isoformat()}/{day.isoformat()}"}
    unknown = counts["people"] - counts["agreed"] - counts["refused"]
    figures = [
        Figure(key="people", value=counts["people"], metric="people", label="people who fit the choice", **shared),
        Figure(key="agreed", value=counts["agreed"], metric="agreed", label="people who agreed to e-mail", **shared),
        Figure(key="refused", value=counts["refused"], metric="refused", label="people who did not agree to e-mail", **shared),
        Figure(key="unknown", value=max(0, unknown), metric="unknown", label="people without a consent or an address on record", **shared),
    ]
    findings = [
        "Of {{people}} people who fit the choice, {{agreed}} agreed to e-mail and {{refused}} did not.",
        "People without a consent or an address on record: {{unknown}}.",
    ]
    if counts["agreed"] >= request.fewest:
        for name, said in KNOWN.items():
            figures.append(
                Figure(
                    key=f"{name}.share", value=counts[name] / counts["agreed"], unit="share", metric=f"{name}_known",
                    label=f"share whose {said} is known",
                    denominator="people who agreed to e-mail", n=counts["agreed"], period=shared["period"],
                )
            )  # fmt: skip
            findings.append(f"The {said} of {{{{{name}.share}}}} of those who agreed is on record.")
    caveats = [
        Caveat(
            code="consent",
            text="Only people who agreed to e-mail may be mailed; everyone else is left out.",
            insist=True,
            signs=("agreed to e-mail", "agreed to email", "with consent", "who agreed", "consented"),
        )
    ]
    decision = Decision(action="write", reason="{{agreed}} people agreed to e-mail and may be written to.")
    if counts["agreed"] == 0:
        why = "Nobody who fits the choice agreed to e-mail: ask where they are met, not by mail."
        decision = Decision(action="ask_for_consent", reason=why)
    return ToolResult(figures=tuple(figures), findings=tuple(findings), caveats=tuple(caveats), decision=decision)
