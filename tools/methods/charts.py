"""Vega-Lite specifications with their data inside, in colours that people with any colour vision tell apart (Okabe and Ito 2008)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#666666",
)  # fmt: skip
SCHEME = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY)

Row = Mapping[str, str | float | int | None]


def spec(title: str, rows: Sequence[Row], **parts: Any) -> dict[str, Any]:
    """A chart: title, data and whatever mark, encoding or layer it has."""
    return {
        "title": {"text": title, "anchor": "start"},
        "data": {"values": [dict(row) for row in rows]},
        "width": 480,
        "config": {"view": {"stroke": None}, "range": {"category": list(SCHEME)}},
        **parts,
    }


def bars(title: str, rows: Sequence[Row], *, name: str, value: str, axis: str, fmt: str = "~s") -> dict[str, Any]:
    """Horizontal bars, longest first, each with its name."""
    return spec(
        title,
        rows,
        mark={"type": "bar", "color": BLUE},
        encoding={
            "y": {"field": name, "type": "nominal", "sort": "-x", "title": None},
            "x": {"field": value, "type": "quantitative", "title": axis, "axis": {"format": fmt}},
        },
    )


def intervals(title: str, rows: Sequence[Row], *, name: str, value: str, low: str, high: str, axis: str) -> dict[str, Any]:
    """Points with their intervals, one line per name."""
    y = {"field": name, "type": "nominal", "sort": {"field": value}, "title": None}
    x = {"type": "quantitative", "title": axis, "scale": {"zero": False}}
    return spec(
        title,
        rows,
        layer=[
            {
                "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2},
                "encoding": {"y": y, "x": {**x, "field": low}, "x2": {"field": high}},
            },
            {"mark": {"type": "point", "filled": True, "size": 70, "color": VERMILION}, "encoding": {"y": y, "x": {**x, "field": value}}},
        ],
    )
