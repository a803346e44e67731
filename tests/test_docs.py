"""The guides: every link leads somewhere, every page is reached from the README, no two decisions share a number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|evidence:|task:)(?P<page>[^)#\s]*)(?:#(?P<part>[^)\s]+))?\)")


def parts(page: Path) -> set[str]:
    """The names under which headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[Path, str | None]]:
    found = LINK.finditer(page.read_text(encoding="utf-8"))
    return [((page.parent / match["page"]).resolve() if match["page"] else page, match["part"]) for match in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page):
    dead = [(str(target), part) for target, part in links(page) if not target.exists() or (part and part not in parts(target))]
    assert dead == []


def test_every_guide_is_reached_from_the_readme():
    seen, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page not in seen:
            seen.add(page)
            left += [target for target, _ in links(page) if target.suffix == ".md" and target.exists()]
    assert {page for page in PAGES if page.parent.name == "docs"} <= seen


def test_no_two_decisions_share_a_number():
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) > 10
    assert sorted(numbers) == sorted(set(numbers))
