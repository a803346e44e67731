"""Vega-Lite charts of the budget tools, data inside, in the house's colours."""

from __future__ import annotations

from typing import Any

from tools.methods.channel_names import channel_name
from tools.methods.charts import BLUE, GREY, ORANGE, spec

Rows = list[dict[str, Any]]


def curves_chart(lines: Rows, observed: Rows, currency: str, outcome: str) -> dict[str, Any]:
    """One panel per channel: expected outcome by steady weekly spend with its band; the range of spend on record is shaded.

    lines: channel, spend, expected, low, high · observed: channel, from, to; spend in major units.
    """
    spend = {"field": "spend", "type": "quantitative", "title": f"spend per week ({currency})"}
    facet_field = {"field": "channel", "type": "nominal", "title": None}
    panel: Rows = [
        {
            "mark": {"type": "rect", "color": GREY, "opacity": 0.15},
            "transform": [{"filter": "datum.kind == 'observed'"}],
            "encoding": {"x": {"field": "from", "type": "quantitative"}, "x2": {"field": "to"}},
        },
        {
            "mark": {"type": "area", "color": BLUE, "opacity": 0.25},
            "transform": [{"filter": "datum.kind == 'curve'"}],
            "encoding": {
                "x": spend,
                "y": {"field": "low", "type": "quantitative", "title": f"{outcome} per week"},
                "y2": {"field": "high"},
            },
        },
        {
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 2},
            "transform": [{"filter": "datum.kind == 'curve'"}],
            "encoding": {"x": spend, "y": {"field": "expected", "type": "quantitative"}},
        },
    ]
    values = [{"kind": "curve", **row} for row in lines] + [{"kind": "observed", **row} for row in observed]
    return {
        "title": f"Response of {outcome} to spend; shaded: spend on record",
        "data": {"values": _named(values)},
        "facet": {**facet_field, "columns": 3},
        "spec": {"width": 180, "height": 130, "layer": panel},
        "columns": 3,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }


def allocation_chart(rows: Rows, currency: str, period: str) -> dict[str, Any]:
    """Bars per channel: current plan rescaled beside the plan. rows: channel, plan, amount in major units."""
    return spec(
        f"Media budget per {period} by channel",
        _named(rows),
        mark="bar",
        height=220,
        encoding={
            "x": {"field": "channel", "type": "nominal", "title": None, "axis": {"labelAngle": 0}},
            "xOffset": {"field": "plan", "type": "nominal"},
            "y": {"field": "amount", "type": "quantitative", "title": f"{currency} per {period}"},
            "color": {"field": "plan", "type": "nominal", "title": None, "scale": {"range": [GREY, BLUE]}},
        },
    )


def forecast_chart(rows: Rows, outcome: str) -> dict[str, Any]:
    """Expected outcome per week with its band. rows: week (number), expected, low, high."""
    week = {"field": "week", "type": "quantitative", "title": "week of the plan", "axis": {"tickMinStep": 1}}
    value = {"type": "quantitative", "title": outcome}
    return spec(
        f"Expected {outcome} per week, with the prediction interval",
        rows,
        height=220,
        layer=[
            {
                "mark": {"type": "area", "color": BLUE, "opacity": 0.25},
                "encoding": {"x": week, "y": {**value, "field": "low"}, "y2": {"field": "high"}},
            },
            {"mark": {"type": "line", "color": BLUE, "point": True}, "encoding": {"x": week, "y": {**value, "field": "expected"}}},
        ],
    )


def range_chart(rows: Rows, outcome: str) -> dict[str, Any]:
    """A bar from poor to good per channel with a dot at the likely value. rows: channel, expected, low, high."""
    channel = {"field": "channel", "type": "nominal", "title": None}
    value = {"type": "quantitative", "title": outcome}
    return spec(
        f"Planning range of {outcome} by channel (not measured)",
        _named(rows),
        height={"step": 32},
        layer=[
            {
                "mark": {"type": "bar", "color": ORANGE, "opacity": 0.5, "height": 10},
                "encoding": {"y": channel, "x": {**value, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "color": "black", "filled": True, "size": 50},
                "encoding": {"y": channel, "x": {**value, "field": "expected"}},
            },
        ],
    )


def _named(rows: Rows) -> Rows:
    return [{**row, "channel": channel_name(row["channel"])} for row in rows]
