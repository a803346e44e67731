"""Texts of deliverables and answers as HTML that a page may hold: sanitised, no style attributes, figures that open their evidence."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from grounding.formats.html import to_html

ALIGNED = {f' style="text-align:{side}"': f' class="{side}"' for side in ("left", "right", "center")}


def to_page(markdown: str, evidence_ids: Mapping[str, str] | None = None) -> Markup:
    """The text for inside a page. CPU work for long texts: call it off the event loop."""
    inside = to_html(markdown, "", evidence_ids=evidence_ids, page=False)
    for style, name in ALIGNED.items():
        inside = inside.replace(style, name)
    return Markup(inside.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>"))  # noqa: S704 - nh3 cleaned it
