"""A Vega-Lite chart as SVG, the same in page and PDF, and as PNG for documents that hold no SVG."""

from __future__ import annotations

import json
from collections.abc import Mapping

FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
ROOM = {"left": 22, "right": 22, "top": 6, "bottom": 6}
"""Around a chart: its texts are measured with one font and may be shown with a wider one."""


def svg(specification: Mapping[str, object]) -> str:
    """The chart drawn. No data is fetched: a specification that names an address is refused with ValueError."""
    import vl_convert

    return vl_convert.vegalite_to_svg(_closed(specification))


def png(specification: Mapping[str, object], *, scale: float = 2.0) -> bytes:
    """The chart as pixels, `scale` of them to a point. Refuses as `svg` does."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_closed(specification), scale=scale))


def _closed(specification: Mapping[str, object]) -> str:
    if _addresses(specification):
        raise ValueError("a chart holds its data inside; this one names an address to fetch")
    config = specification.get("config") or {}
    assert isinstance(config, Mapping)
    return json.dumps({"padding": ROOM, **specification, "config": {"font": FONT, **config}})


def _addresses(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(key in ("url", "href") or _addresses(inner) for key, inner in value.items())
    return isinstance(value, (list, tuple)) and any(_addresses(inner) for inner in value)
