"""The plan of an experiment as a form: fields from a plan, and the plan read back in the words of whoever typed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grounding.evidence import Locale
from grounding.rendering import minor_units
from tools.contract import ToolInputError
from web.fields import decimal, whole

ARMS, METRICS = 4, 5
"""Arms and metrics that the form has room for; a plan made elsewhere may have more, and keeps them."""

ROLES = (("primary", "decides"), ("guardrail", "guardrail"), ("secondary", "described"))
KINDS = (
    ("conversion", "share of units that do it"),
    ("count", "how often per unit"),
    ("mean", "value per unit"),
    ("retention", "share that comes back"),
)
DIRECTIONS = (("increase", "more is better"), ("decrease", "less is better"))
OUTCOMES = (("events", "an event"), ("orders", "paid orders"))
OF = (("any", "whether it happened"), ("count", "how often"), ("value", "money of paid orders"))
METHODS = (
    ("anytime", "at any look (always-valid)"),
    ("fixed", "once, when the planned sample is in"),
    ("group_sequential", "at a few planned looks"),
)
SOURCES = (
    ("exposures", "exposures, events and orders"),
    ("units_table", "a table with one row per unit"),
    ("sums", "sums that are given at a look"),
)
PLAIN = ("name", "hypothesis", "unit", "exposure_rule", "layer")


def fields(plan: Mapping[str, Any] | None) -> dict[str, str]:
    """The form of a plan, or of a new one."""
    if plan is None:
        return {
            "unit": "contact", "traffic": "100", "window_days": "14", "source": "exposures", "method": "anytime", "level": "95",
            "arm.0.name": "control", "arm.0.weight": "1", "arm.1.weight": "1",
            "metric.0.role": "primary", "metric.0.kind": "conversion", "metric.0.source": "events", "metric.0.of": "any",
        }  # fmt: skip
    analysis = plan["analysis"]
    found = {name: str(plan[name] or "") for name in PLAIN} | {
        "traffic": percent(plan["traffic"]),
        "window_days": str(plan["window_days"]),
        "source": plan["source"],
        "method": analysis.get("method", "anytime"),
        "level": percent(analysis.get("level", 0.95)),
        "planned_units": _plain(analysis.get("planned_units")),
        "units_per_day": _plain(analysis.get("units_per_day")),
    }
    table = plan["units_table"] or {}
    found |= {"table": table.get("table", ""), "arm_column": table.get("arm_column", ""), "unit_column": table.get("unit_column") or ""}
    for number, arm in enumerate(_control_first(plan)):
        found |= {f"arm.{number}.name": arm["arm"], f"arm.{number}.weight": _plain(arm["weight"])}
        found[f"arm.{number}.description"] = arm["description"]
    for number, metric in enumerate(_primary_first(plan)):
        outcome = metric["outcome"] or {}
        found |= {f"metric.{number}.{name}": str(metric[name]) for name in ("name", "role", "kind", "direction")}
        found |= {
            f"metric.{number}.source": outcome.get("source", "events"),
            f"metric.{number}.event": outcome.get("event") or "",
            f"metric.{number}.of": outcome.get("of", "any"),
            f"metric.{number}.minimum": percent(metric["minimum_effect"]),
            f"metric.{number}.margin": percent(metric["margin"]),
            f"metric.{number}.column": metric["column"] or "",
        }
    return found


def arms_shown(said: Mapping[str, str]) -> range:
    """Rows of arms in the form."""
    return range(max(ARMS, _rows(said, "arm")))


def metrics_shown(said: Mapping[str, str]) -> range:
    """Rows of metrics in the form."""
    return range(max(METRICS, _rows(said, "metric")))


def _rows(said: Mapping[str, str], what: str) -> int:
    found = [int(parts[1]) for name in said if (parts := name.split("."))[0] == what and len(parts) == 3 and parts[1].isdecimal()]
    return min(max(found, default=-1) + 1, 50)


def _control_first(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(plan["arms"], key=lambda arm: arm["arm"] != plan["control"])


def _primary_first(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(plan["metrics"], key=lambda metric: metric["role"] != "primary")


def plan_of(said: Mapping[str, str], before: Mapping[str, Any] | None, locale: Locale) -> dict[str, Any]:
    """The fields of the plan as the form says them; what the form does not show stays as it was. Raises ToolInputError in its words."""
    arms = [_arm(said, number, before) for number in arms_shown(said) if text(said, f"arm.{number}.name")]
    if len(arms) < 2:
        raise ToolInputError("name at least two arms: the control and one that is compared with it", field="arms")
    control = text(said, "arm.0.name")
    if not control:
        raise ToolInputError("the first arm is the control: give it a name", field="arms")
    source = text(said, "source") or "exposures"
    made: dict[str, Any] = {
        **{name: text(said, name) for name in PLAIN if name != "layer"},
        "layer": text(said, "layer") or None,
        "arms": _as_ordered(arms, before),
        "control": control,
        "traffic": share(said, "traffic", "the share of traffic") or 1.0,
        "window_days": whole(said, "window_days", "the window") or 14,
        "metrics": _metrics(said, before, source, locale),
        "analysis": _analysis(said, before),
        "source": source,
        "units_table": None,
    }
    if not made["name"]:
        raise ToolInputError("give the experiment a name: exposures name it by that", field="name")
    if source == "units_table":
        table = (before or {}).get("units_table") or {}
        given = {
            "table": text(said, "table"),
            "arm_column": text(said, "arm_column") or "arm",
            "unit_column": text(said, "unit_column") or None,
        }
        made["units_table"] = {**table, **given}
    return made


def _arm(said: Mapping[str, str], number: int, before: Mapping[str, Any] | None) -> dict[str, Any]:
    name = text(said, f"arm.{number}.name")
    weight = decimal(said, f"arm.{number}.weight", f"the weight of arm {name}")
    return {"arm": name, "weight": 1.0 if weight is None else weight, "description": text(said, f"arm.{number}.description")}


def _as_ordered(arms: list[dict[str, Any]], before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """In the order that the plan had: an arm's place among the others decides who gets it."""
    order = {arm["arm"]: place for place, arm in enumerate((before or {}).get("arms", ()))}
    return sorted(arms, key=lambda arm: order.get(arm["arm"], len(order)))


def _metrics(said: Mapping[str, str], before: Mapping[str, Any] | None, source: str, locale: Locale) -> list[dict[str, Any]]:
    known = {metric["name"]: metric for metric in (before or {}).get("metrics", ())}
    made = [_metric(said, number, known, source, locale) for number in metrics_shown(said) if text(said, f"metric.{number}.name")]
    if not made:
        raise ToolInputError("name the metric that decides", field="metrics")
    order = {name: place for place, name in enumerate(known)}
    return sorted(made, key=lambda metric: order.get(metric["name"], len(order)))


def _metric(said: Mapping[str, str], number: int, known: Mapping[str, Any], source: str, locale: Locale) -> dict[str, Any]:
    def field(name: str) -> str:
        return text(said, f"metric.{number}.{name}")

    name = field("name")
    words = name.replace("_", " ")
    metric: dict[str, Any] = {**known.get(name, {}), "name": name}
    metric |= {one: field(one) for one in ("role", "kind", "direction") if field(one)}
    metric["minimum_effect"] = share(said, f"metric.{number}.minimum", f"the minimum effect on {words}")
    margin = share(said, f"metric.{number}.margin", f"the margin of {words}")
    if margin is not None:
        metric["margin"] = margin
    if source == "exposures":
        old = metric.get("outcome") or {}
        outcome = {**old, "source": field("source") or "events", "event": field("event") or None, "of": field("of") or "any"}
        if outcome["source"] == "orders":
            outcome["event"] = None
        elif outcome["event"] is None:
            raise ToolInputError(f"say which event counts for {words}", field=f"metrics.{name}")
        metric["outcome"] = outcome
        if outcome["of"] == "value":
            metric["currency"] = locale.currency
    if source == "units_table":
        metric["column"] = field("column") or None
    return metric


def _analysis(said: Mapping[str, str], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Knobs of the form; one that is emptied goes back to its default."""
    old = dict((before or {}).get("analysis", {}))
    given = {
        "method": text(said, "method") or None,
        "level": share(said, "level", "the level"),
        "planned_units": whole(said, "planned_units", "the planned units"),
        "units_per_day": decimal(said, "units_per_day", "the units per day"),
    }
    return {name: value for name, value in {**old, **given}.items() if value is not None or old.get(name) is not None}


def design_of(said: Mapping[str, str], plan: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    """What the design tool is asked for a plan: the plan's own effect, arms, level and read-out, and what the form states besides."""
    primary = next((metric for metric in plan["metrics"] if metric.get("role", "primary") == "primary"), None)
    if primary is None:
        raise ToolInputError("one metric has to decide: give it the role", field="metrics")
    kind, outcome = primary.get("kind", "conversion"), primary.get("outcome") or {}
    wanted = "profit" if text(said, "design.profit") else "revenue" if kind == "mean" and outcome.get("of") == "value" else kind
    sign = 1 if primary.get("direction", "increase") == "increase" else -1
    effect = primary["minimum_effect"]
    rate = share(said, "design.rate", "the rate today")
    asked: dict[str, Any] = {
        "metric": wanted,
        "relative_effect": None if effect is None else sign * effect,
        "arms": len(plan["arms"]),
        "level": plan["analysis"].get("level"),
        "read_out": plan["analysis"].get("method"),
        "share_of_traffic": plan["traffic"],
        "outcome_days": plan["window_days"],
        "units_per_week": decimal(said, "design.units_per_week", "the units a week"),
        "max_weeks": whole(said, "design.max_weeks", "the longest time"),
        "power": share(said, "design.power", "the power"),
        "baseline_rate": rate if wanted in ("conversion", "retention", "profit", "revenue") else None,
        "from_day": primary.get("from_day") if kind == "retention" else None,
        "quantile": primary.get("quantile") if kind == "quantile" else None,
    }
    money = minor_units(locale.currency)
    if wanted == "profit":
        asked |= {"margin": _minor(said, "design.margin", money), "new_margin": _minor(said, "design.new_margin", money)}
        asked["currency"] = locale.currency if rate is not None else None
    elif wanted not in ("conversion", "retention"):
        scale = money if primary.get("currency") else 1
        asked |= {"baseline_mean": _minor(said, "design.mean", scale), "deviation": _minor(said, "design.deviation", scale)}
        asked["currency"] = primary.get("currency")
        if wanted == "count":
            asked.pop("deviation")
    if plan["unit"].replace(" ", "").isalpha() and plan["unit"].islower() and plan["unit"].isascii():
        asked["unit"] = plan["unit"]
    if text(said, "design.entry") and outcome.get("event"):
        asked |= {"entry_event": text(said, "design.entry"), "goal_event": outcome["event"]}
    return {name: value for name, value in asked.items() if value is not None}


def _minor(said: Mapping[str, str], name: str, scale: int) -> float | None:
    value = decimal(said, name, name.removeprefix("design.").replace("_", " "))
    return None if value is None else value * scale


def text(said: Mapping[str, str], name: str) -> str:
    """What was typed, trimmed."""
    return str(said.get(name, "")).strip()


def share(said: Mapping[str, str], name: str, words: str) -> float | None:
    """Percent as typed, as a share."""
    value = decimal(said, name, words)
    return None if value is None else round(value / 100, 10)


def percent(value: float | None) -> str:
    """A share as percent to be typed over."""
    return "" if value is None else _plain(round(value * 100, 8))


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
