"""A strategy from brief to deliverable, on real parts with the offline rules: traced, replayed, resumed, approved, stopped."""

from __future__ import annotations

import json

import psycopg
import pytest

from agents.strategist import Strategy
from graphs.replay import replay
from graphs.tasks import NoSuchClient, cancel_task
from store import events, preferences
from store.checkpoints import checkpointer
from tools.contract import SLOT, ToolInputError


@pytest.fixture(scope="module")
async def finished(office):
    run_id = await office.start("salon")
    await office.execute(run_id)
    return run_id


@pytest.fixture(scope="module")
async def newcomers(office):
    run_id = await office.start("newcomer")
    await office.execute(run_id)
    return run_id


async def test_a_brief_becomes_a_published_strategy(office, finished):
    run, made = await office.run(finished), await office.deliverable(finished)
    assert (run.status, made.status, run.error) == ("succeeded", "published", None)
    Strategy.model_validate(made.content)
    assert made.model["is_llm"] is False
    assert "not a language model" in made.markdown


async def test_a_specialist_is_told_what_the_client_asked_to_be_remembered(office):
    """And of no other client: the wishes are read with the run's own client."""
    client = office.clients["newcomer"]
    async with office.services.database.transaction(office.workspace.id) as connection:
        kept = await preferences.remember(connection, client.id, "we never write in capitals", said_by="key:test")
    run_id = await office.start("newcomer", kind="content_plan")
    await office.execute(run_id)
    async with checkpointer(office.services.database, office.workspace.id) as saver:
        state = await saver.aget_tuple({"configurable": {"thread_id": f"{office.workspace.id}:{run_id}"}})
    request = state.checkpoint["channel_values"]["messages"][1]["data"]["content"]
    assert "# Preferences\nKept at the client's request. They are wishes about how to write" in request
    assert "- we never write in capitals\n\n# Earlier promises" in request
    async with office.services.database.transaction(office.workspace.id) as connection:
        assert kept is not None
        await preferences.forget(connection, client.id, kept.id)


async def test_every_numeral_of_the_text_is_verified_or_exempt(office, finished):
    made = await office.deliverable(finished)
    verdicts = {numeral["verdict"] for numeral in made.verdict["numerals"]}
    assert verdicts <= {"VERIFIED", "EXEMPT"}
    assert sum(numeral["verdict"] == "VERIFIED" for numeral in made.verdict["numerals"]) >= 30


async def test_no_slot_is_left_and_every_figure_links_to_its_evidence(office, finished):
    made = await office.deliverable(finished)
    assert not SLOT.search(made.markdown)
    aliases = {link.split(")")[0].split(".")[0] for link in made.markdown.split("](evidence:")[1:]}
    assert aliases <= set(made.evidence_aliases)


async def test_every_record_replays_equal(office, finished):
    records = [record for record in await office.evidence(finished) if record.tool not in ("brief", "profile", "assume")]
    assert len(records) >= 6
    for record in records:
        comparison = await replay(office.services, office.workspace.id, record.id)
        assert comparison.equal, (record.tool, comparison.differences)


async def test_the_clients_documents_are_cited_with_their_dates(office, finished):
    made = await office.deliverable(finished)
    assert "Brand voice" in made.markdown
    assert "2026-02-09" in made.markdown


async def test_the_log_is_gapless_and_ends_once(office, finished):
    log = await office.log(finished)
    assert [event.number for event in log] == list(range(1, len(log) + 1))
    assert [event.kind for event in log].count("finished") == 1
    assert log[-1].kind == "finished"


async def test_a_client_without_history_gets_a_strategy_of_named_assumptions(office, newcomers):
    run, made = await office.run(newcomers), await office.deliverable(newcomers)
    assert run.status == "succeeded", run.error
    assert "A" in made.evidence_aliases or any(record.tool == "find_benchmarks" for record in await office.evidence(newcomers))
    assert "## Assumptions register" in made.markdown


@pytest.mark.parametrize("fails_at", [2, 4, 7, 10, 14, 18])
async def test_a_run_that_loses_its_database_goes_on_from_its_last_step(office, newcomers, monkeypatch, fails_at):
    run_id = await office.start("newcomer")
    calls = 0

    async def failing(*arguments, **named):
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise psycopg.OperationalError("the server went away (on purpose)")
        return await append(*arguments, **named)

    append = events.append
    monkeypatch.setattr(events, "append", failing)
    with pytest.raises(psycopg.OperationalError):
        await office.execute(run_id)
    run = await office.execute(run_id)
    log, whole = await office.log(run_id), await office.log(newcomers)
    assert run.status == "succeeded", run.error
    assert [event.kind for event in log] == [event.kind for event in whole]
    assert len({record.id for record in await office.evidence(run_id)}) == len(await office.evidence(newcomers))


async def test_a_run_that_has_ended_is_left_alone(office, finished):
    before = await office.log(finished)
    await office.execute(finished)
    assert await office.log(finished) == before


async def test_a_cancelled_run_stops_before_its_next_step(office, monkeypatch):
    run_id = await office.start("salon")
    append = events.append

    async def cancelling(connection, run, kind, payload=None, *, key=None):
        made = await append(connection, run, kind, payload, key=key)
        if kind == "tool_result":
            await cancel_task(connection, run_id, actor="test")
        return made

    monkeypatch.setattr(events, "append", cancelling)
    run = await office.execute(run_id)
    assert (run.status, run.deliverable_id) == ("cancelled", None)
    assert (await office.log(run_id))[-1].payload["status"] == "cancelled"


async def test_a_queued_run_is_cancelled_at_once_and_never_starts(office):
    run_id = await office.start("salon")
    async with office.services.database.transaction(office.workspace.id) as connection:
        await cancel_task(connection, run_id, actor="test")
    run = await office.execute(run_id)
    assert run.status == "cancelled"
    assert [event.kind for event in await office.log(run_id)] == ["queued", "finished"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"brief": "   "}, ToolInputError),
        ({"brief": "R0 a month, Google Ads"}, ToolInputError),
        ({"brief": "-R500 a month, Google Ads"}, ToolInputError),
        ({"kind": "poem"}, ToolInputError),
        ({"client": "nobody"}, NoSuchClient),
    ],
    ids=lambda given: json.dumps(given) if isinstance(given, dict) else given.__name__,
)
async def test_a_task_that_cannot_be_done_is_refused_before_it_is_kept(office, changed, error):
    from graphs.tasks import create_task
    from store import runs

    asked = {"client": "salon", "kind": "strategy", "brief": "R15 000 a month, Google Ads, goal: bookings"} | changed

    async def nobody(*_):
        raise AssertionError("queued")

    async with office.services.database.transaction(office.workspace.id) as connection:
        before = len(await runs.list_runs(connection, limit=1000))
        with pytest.raises(error):
            await create_task(connection, office.workspace.id, actor="test", enqueue=nobody, **asked)
        assert len(await runs.list_runs(connection, limit=1000)) == before
