"""What differs between two states of a plan, and what each difference does to an experiment that has started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from graphs.experiment_plan import SAID_ELSEWHERE, ExperimentPlan, Requests, kept

Effect = Literal["amends", "invalidates", "refused"]

ASSIGNING = frozenset({"name", "unit", "control", "layer", "salt", "arms"})
"""Units would change arms, or their exposures would not be found: another experiment, not another plan."""
MEASURING = frozenset({"kind", "winsorise", "quantile", "before_days", "before_column", "before_denominator_column", "from_day"})
"""How a metric is computed, which is method: caps and covariates can be tried until one pleases."""
DECIDING = frozenset({"window_days", "source", "units_table"})
"""What the decision rests on, beside the primary metric: open to an amendment until somebody has read the experiment out."""
DESCRIBING = frozenset({"units_per_day", "subgroups_by"})
"""Of the analysis, what changes no figure that decides."""


class Difference(NamedTuple):
    """One field that is another, and what that does."""

    path: str
    before: Any
    after: Any
    effect: Effect

    def as_json(self) -> dict[str, Any]:
        """As the log keeps it."""
        return {"path": self.path, "from": self.before, "to": self.after, "effect": self.effect}


def differences(old: tuple[ExperimentPlan, Requests], new: tuple[ExperimentPlan, Requests], *, looked: bool) -> list[Difference]:
    """What is different, field by field, defaults written out; `looked`: somebody has seen an effect already."""
    before, after = _fields(*old), _fields(*new)
    primaries = {old[0].primary.name, new[0].primary.name}
    both = {metric.name for metric in old[0].metrics} & {metric.name for metric in new[0].metrics}
    found = []
    for path in dict.fromkeys((*before, *after)):
        if path[0] == "analysis" and path not in before and path[1] not in new[0].analysis:
            continue  # a knob that the release of the start did not have, and that nobody has turned
        one, other = before.get(path), after.get(path)
        if one != other:
            found.append(Difference(".".join(path), one, other, _effect(path, one, other, primaries, both, looked)))
    return found


def _fields(plan: ExperimentPlan, requests: Requests) -> dict[tuple[str, ...], Any]:
    """Leaves of the plan by path; metrics by name, the analysis as the tool is asked."""
    said = kept(plan)
    found: dict[tuple[str, ...], Any] = {(name,): value for name, value in said.items() if name not in ("metrics", "analysis", "arms")}
    found |= dict(_arms(said["arms"]))
    for metric in said["metrics"]:
        found |= {("metrics", metric["name"], name): value for name, value in metric.items() if name != "name"}
    found |= {("analysis", name): value for name, value in requests.read_out.items() if name not in SAID_ELSEWHERE}
    return found


def _arms(arms: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The split is one field: an arm's place among the others decides who gets it."""
    yield ("arms",), [{"arm": arm["arm"], "weight": arm["weight"]} for arm in arms]
    for arm in arms:
        yield ("descriptions", arm["arm"]), arm["description"]


def _effect(path: tuple[str, ...], before: Any, after: Any, primaries: set[str], both: set[str], looked: bool) -> Effect:
    head = path[0]
    if head in ASSIGNING or (head == "traffic" and after < before):
        return "refused"
    if head == "strata":
        return "invalidates"
    if head == "analysis":
        return "amends" if path[1] in DESCRIBING else "invalidates"
    decides = head in DECIDING
    if head == "metrics":
        name, field = path[1], path[2]
        if name in both and field in MEASURING:
            return "invalidates"
        decides = name in primaries and field != "minimum_effect"
    return "invalidates" if decides and looked else "amends"


def in_words(found: list[Difference], effect: Effect) -> str:
    """The paths with this effect, as a sentence names them."""
    return ", ".join(entry.path for entry in found if entry.effect == effect)
