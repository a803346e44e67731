"""A deliverable as one HTML page: sanitised, its style inside, fit for print."""

# ruff: noqa: E501 - patterns and messages read better on one line

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

STYLE = """
:root { color-scheme: light; --ink: #1c1f23; --soft: #5b636d; --line: #d9dde2; --tint: #f4f6f8; --link: #14507a; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 46rem; color: var(--ink); background: #fff;
  font: 1rem/1.6 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .9rem; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { background: var(--tint); }
td[style*="right"], th[style*="right"] { text-align: right; font-variant-numeric: tabular-nums; }
blockquote { margin: 1rem 0; padding: .5rem 1rem; border-left: 4px solid #b3541e; background: #fdf5ef; }
a { color: var(--link); }
a.figure { color: inherit; text-decoration: underline dotted var(--soft); text-underline-offset: .2em; white-space: nowrap; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; }
hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0; }
code { font-size: .9em; background: var(--tint); padding: .1em .3em; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } a { color: inherit; } h2, h3 { break-after: avoid; }
  tr, figure, blockquote { break-inside: avoid; } @page { margin: 18mm 16mm; } }
""".strip()

TAGS = frozenset(
    [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "a",
        "strong",
        "em",
        "s",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "hr",
        "br",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "sup",
        "sub",
    ]
)
EVIDENCE = re.compile(r'<a href="evidence:([A-Za-z0-9]+)\.([A-Za-z0-9_.]+)"')


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """CommonMark with tables and no raw HTML."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    valid = markdown.validateLink
    markdown.validateLink = lambda url: url.startswith("evidence:") or valid(url)  # type: ignore[method-assign]
    return markdown


def to_html(
    markdown: str,
    title: str,
    *,
    evidence_ids: Mapping[str, str] | None = None,
    charts: Sequence[Mapping[str, object]] = (),
    language: str = "en",
    page: bool = True,
) -> str:
    """The text as HTML. `evidence_ids`: alias to global id, for the links of figures; `charts`: Vega-Lite specifications, drawn as SVG below.

    `page=False` gives the body's inside only, for a page that brings its own style.
    """
    import nh3

    inside = nh3.clean(
        parser().render(markdown),
        tags=set(TAGS),
        attributes={"a": {"href", "title"}, "th": {"style"}, "td": {"style"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "evidence"},
        filter_style_properties={"text-align"},
        link_rel="noopener noreferrer",
    )
    ids = evidence_ids or {}

    def link(match: re.Match[str]) -> str:
        alias, key = match[1], match[2]
        identity = escape(ids.get(alias, alias), quote=True)
        return f'<a class="figure" href="/evidence/{identity}#{key}" data-figure="{alias}.{key}"'

    inside = EVIDENCE.sub(link, inside)
    if charts:
        from grounding.formats.chart import svg

        inside += "\n".join(f"<figure>{svg(chart)}</figure>" for chart in charts)
    if not page:
        return inside
    return (
        f'<!doctype html>\n<html lang="{escape(language, quote=True)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n{inside}</main>\n</body>\n</html>\n"
    )
