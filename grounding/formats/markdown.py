"""A deliverable as Markdown for people: figure links kept, or stripped to their text."""

from __future__ import annotations

import re

EVIDENCE_LINK = re.compile(r"\[([^\]]*)\]\(evidence:[^)]*\)")


def to_markdown(markdown: str, *, links: bool = False) -> str:
    """The text without links to evidence (or with them), spaces at line ends and more than one empty line."""
    text = markdown if links else EVIDENCE_LINK.sub(r"\1", markdown)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip() + "\n"
