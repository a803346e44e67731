"""How a deliverable becomes Markdown: the order of its sections, dates from days, slots left whole."""

from datetime import date
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from agents.deliverable import Days, Deliverable, Part, Prose, leaves, to_markdown
from agents.roster import AGENTS
from prompts.library import load


class Row(Part):
    layout: ClassVar = "table"
    what: Annotated[Prose, Field(title="What")]
    due_in_days: Annotated[Days, Field(title="Due")]


class Block(Part):
    name: str
    why: Annotated[Prose, Field(title="Why")]
    tags: Annotated[tuple[str, ...], Field(title="Tags")]


class Note(Deliverable):
    summary: Annotated[tuple[Prose, ...], Field(title="In short")]
    rows: Annotated[tuple[Row, ...], Field(title="Rows")]
    blocks: tuple[Block, ...] = ()


def note(**given) -> Note:
    return Note.model_validate({"title": "A note", "summary": ["One.", "Two."], "rows": [{"what": "Go", "due_in_days": 30}], **given})


def test_sections_stand_in_the_order_of_the_fields_under_their_titles():
    text = to_markdown(note(blocks=[{"name": "Meta", "why": "Because.", "tags": ["a", "b"]}]), as_of=date(2026, 10, 31))
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# A note", "## In short", "## Rows", "## Blocks", "### Meta"]
    assert "One.\n\nTwo." in text
    assert "- **Why:** Because.\n- **Tags:** a; b" in text


def test_days_become_dates_counted_from_the_day_of_the_answer():
    assert "| Go | 2026-11-30 |" in to_markdown(note(), as_of=date(2026, 10, 31))


def test_a_pipe_of_a_slot_survives_a_table_and_any_other_pipe_is_escaped():
    text = to_markdown(note(rows=[{"what": "{{E1.lift|percent}} a|b {{E2.x}} c|d", "due_in_days": 0}]), as_of=date(2026, 10, 31))
    assert r"| {{E1.lift|percent}} a\|b {{E2.x}} c\|d | 2026-10-31 |" in text


def test_an_attachment_stands_below_its_section():
    text = to_markdown(note(), as_of=date(2026, 10, 31), attachments={"summary": "| a table |"})
    assert text.index("Two.") < text.index("| a table |") < text.index("## Rows")


def test_every_text_is_found_with_its_path():
    found = dict(leaves(note().model_dump(mode="json")))
    assert found["rows.0.what"] == "Go"
    assert found["summary.1"] == "Two."


@pytest.mark.parametrize("agent", AGENTS.values(), ids=lambda agent: agent.name)
def test_an_agents_prompt_names_each_of_its_tools_and_its_answer(agent):
    text = load(agent.prompt).text
    missing = [name for name in (*agent.tools, agent.answer_tool) if f"`{name}`" not in text]
    assert not missing


@pytest.mark.parametrize("agent", AGENTS.values(), ids=lambda agent: agent.name)
def test_every_section_of_an_answer_says_what_it_is_for(agent):
    fields = agent.deliverable.model_fields
    assert agent.deliverable.__doc__
    assert all(field.title or field.description for field in fields.values())
