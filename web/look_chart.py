"""The interval of an effect over the looks of an experiment: a chart per metric, and the table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from grounding.evidence import Locale
from store.experiment_looks import Reading
from tools.contract import Figure, Interval
from tools.methods.charts import GREY, SCHEME, VERMILION, Row, spec

A_FEW_DAYS = timedelta(days=4)
WIDEST = 1.6
"""How much wider than its last interval a chart is: the first looks know little, and would press the rest flat."""


@dataclass(frozen=True, slots=True)
class Point:
    """One arm at one look. `effect` is the lift, or the plain difference where the control is zero."""

    look: int
    at: datetime
    units: int
    arm: str
    effect: Figure
    low: float
    high: float
    reading: str
    evidence_id: str


def points(metric: dict[str, Any], readings: Sequence[Reading]) -> list[Point]:
    """What the looks showed of a metric, look by look. An invalid look shows no effect."""
    shown = [reading for reading in readings if reading.decision != "invalid"]
    rows = [(look, row) for look in shown for row in look.comparisons if row["metric"] == metric["name"]]
    lifts = all(row["lift"] is not None for _, row in rows)
    found = []
    for look, row in rows:
        which = "lift" if lifts else "difference"
        value, low, high = row[which], row[f"{which}_low"], row[f"{which}_high"]
        if low is None or high is None:
            continue
        share = lifts or metric["kind"] in ("conversion", "retention")
        figure = Figure(
            key="effect", value=value, unit=("share" if lifts else "points") if share else "number", metric=which, label=which,
            interval=Interval(low=low, high=high, level=row["level"]),
        )  # fmt: skip
        said = row["guardrail"] or row["state"]
        found.append(Point(look.number, look.at, look.units, row["arm"], figure, low, high, said, look.evidence_id))
    return found


def boundaries(metric: dict[str, Any], *, lifts: bool) -> list[tuple[str, float, str]]:
    """Where a decision turns: no effect, and for a lift the smallest effect worth finding, the threshold, or a guardrail's margin."""
    sign = 1 if metric["direction"] == "increase" else -1
    lines = [("no effect", 0.0, GREY)]
    if not lifts:
        return lines
    if metric["role"] == "guardrail":
        lines.append(("margin", -sign * metric["margin"], VERMILION))
    elif metric["threshold"]:
        lines.append(("threshold to ship", sign * metric["threshold"], VERMILION))
    if metric["role"] == "primary" and metric["minimum_effect"]:
        lines.append(("smallest effect worth finding", sign * metric["minimum_effect"], VERMILION))
    return lines


def chart(metric: dict[str, Any], found: Sequence[Point], locale: Locale, method: str) -> dict[str, Any]:
    """The band over time, the estimates in it, and the lines at which a decision turns."""
    lifts = found[0].effect.metric == "lift"
    lines = boundaries(metric, lifts=lifts)
    zone = ZoneInfo(locale.zone)
    rows: list[Row] = [
        {
            "at": point.at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds"),
            "low": point.low,
            "high": point.high,
            "value": float(point.effect.value),
            "arm": point.arm,
        }
        for point in found
    ]
    reach = _reach(found, [value for _, value, _ in lines])
    cut = any(max(abs(point.low), abs(point.high)) > reach for point in found)
    level = found[-1].effect.interval.level if found[-1].effect.interval else 0.95
    kind = "always-valid interval" if method == "anytime" else "interval"
    percent = found[0].effect.unit in ("share", "points")
    axis = {"format": "+.0%" if percent and reach > 0.05 else "+.1%" if percent else "~g"}
    near = found[-1].at - found[0].at < A_FEW_DAYS
    days = {"format": "%d %b %H:%M" if near else "%d %b", "labelOverlap": True, "tickCount": 5}
    x = {"field": "at", "type": "temporal", "title": "when it was looked at", "axis": days, "scale": {"padding": 12}}
    scale = {"domain": [-reach, reach], "nice": False}
    y = {"type": "quantitative", "title": "lift over the control" if lifts else "difference from the control", "axis": axis, "scale": scale}
    arms = list(dict.fromkeys(point.arm for point in found))
    legend = {"title": "arm", "orient": "bottom"} if len(arms) > 1 else None
    color = {"field": "arm", "type": "nominal", "scale": {"domain": arms, "range": list(SCHEME[: len(arms)])}, "legend": legend}
    limits = [
        layer
        for said, value, hue in lines
        for layer in (
            {
                "data": {"values": [{"y": value}]},
                "mark": {"type": "rule", "color": hue, "strokeDash": [] if value == 0 else [5, 4], "strokeWidth": 1.5},
                "encoding": {"y": {**y, "field": "y"}},
            },
            {
                "data": {"values": [{"y": value, "said": said}]},
                "mark": {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "color": hue, "fontSize": 11},
                "encoding": {"y": {**y, "field": "y"}, "x": {"value": 0}, "text": {"field": "said"}},
            },
        )
    ]
    span = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": color}
    middle = {"x": x, "y": {**y, "field": "value"}, "color": color}
    band = [
        {"mark": {"type": "area", "opacity": 0.18, "clip": True}, "encoding": span},
        {"mark": {"type": "rule", "strokeWidth": 1.5, "clip": True}, "encoding": span},
        {"mark": {"type": "line", "clip": True}, "encoding": middle},
        {"mark": {"type": "point", "filled": True, "size": 45, "clip": True}, "encoding": middle},
    ]
    title = f"{str(metric['name']).replace('_', ' ')}: effect with its {level:.0%} {kind} at each look"
    drawn = spec(title, rows, layer=[*band, *limits], width=560, height=260)
    if cut:
        drawn["title"]["subtitle"] = "wide intervals of early looks are cut off here; the table has them"
    return drawn


def _reach(found: Sequence[Point], limits: Sequence[float]) -> float:
    """How far the axis goes from zero to either side: past the last look and every line, short of what early looks did not know."""
    last = found[-1].look
    ends = [abs(end) for point in found if point.look == last for end in (point.low, point.high)]
    return max(WIDEST * max(ends), *(1.25 * abs(limit) for limit in limits), 0.01 if found[0].effect.unit != "number" else 1e-9)
