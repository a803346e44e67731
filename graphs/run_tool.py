"""The one function that runs a tool, for every door: it opens facts, calls, and keeps the evidence."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from graphs.registered import refuse_beside_looks
from graphs.services import Services
from grounding.evidence import Evidence, Input
from grounding.ids import new_id
from store import evidence as evidence_records
from store import models
from store.clients import Client
from store.engines import EngineName
from store.facts import open_facts
from tools.artefacts import Artefact
from tools.contract import Figure, NotEnoughData, Tool, ToolInputError, ToolResult, weakest
from tools.registry import load

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

log = logging.getLogger(__name__)

POOLED = ("numpy", "scipy", "sklearn")
"""Modules that bring thread pools of their own."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What is asked of a tool, by whom. `request` is plain JSON: slots and quotations are already resolved, and `inputs` says from what."""

    tool: str
    request: Mapping[str, Any]
    workspace_id: str | None = None
    client: Client | None = None
    run_id: str | None = None
    inputs: tuple[Input, ...] = ()
    as_of: date | None = None
    versions: Mapping[str, int] | None = None
    alias: str | None = None
    id: str = field(default_factory=lambda: new_id("ev"))


def today(client: Client | None, now: datetime | None = None) -> date:
    """The day it is, or was at `now`, in the client's zone; in UTC without a client.

    A simulated client's day stands still, in its profile's `today`.
    """
    if client is not None and "today" in client.profile:
        return date.fromisoformat(client.profile["today"])
    return (now or datetime.now(UTC)).astimezone(ZoneInfo(client.locale.zone) if client else UTC).date()


async def run_tool(services: Services, call: ToolCall) -> Evidence:
    """Run a tool and keep what it gave. Raises UnknownTool, ToolInputError, NotEnoughData.

    The computation holds no database connection; the record is kept in a transaction of its own.
    """
    if call.workspace_id and call.client:
        await refuse_beside_looks(services, call.workspace_id, call.client, call.tool, call.request)
    evidence = await asyncio.to_thread(compute, call, services.store.facts_root, services.store.engine)
    if call.workspace_id and call.client:
        async with services.database.transaction(call.workspace_id) as connection:
            await evidence_records.add(connection, call.client.id, call.run_id, evidence)
    return evidence


def compute(call: ToolCall, facts_root: Any = None, engine: EngineName = "duckdb") -> Evidence:
    """The evidence of one tool call, not yet kept. CPU work: call it off the event loop."""
    declared = load(call.tool)
    as_of = call.as_of or today(call.client)
    request = read_request(declared, {"as_of": as_of.isoformat(), **{k: v for k, v in call.request.items() if v is not None}})
    started = time.perf_counter()
    versions: dict[str, int] = {}
    if not declared.reads_facts:
        result = _on_one_thread(declared, request)
    elif call.client is None or call.workspace_id is None or facts_root is None:
        result = _on_one_thread(declared, request, NoFacts(as_of))
    else:
        facts = open_facts(facts_root, call.workspace_id, call.client, as_of=as_of, versions=call.versions, engine=engine)
        try:
            result, versions = _on_one_thread(declared, request, facts), dict(facts.versions)
            if call.versions is None:  # a replay learns the same again and keeps nothing
                models.keep(facts_root, call.workspace_id, call.client, facts.offered, evidence_id=call.id)
        finally:
            facts.close()
    return Evidence(
        id=call.id,
        alias=call.alias,
        tool=declared.name,
        version=declared.version,
        request=request.model_dump(mode="json"),
        inputs=call.inputs,
        facts=versions,
        engine=engine,
        result=weaken(result, call.inputs).model_dump(mode="json"),
        duration_ms=round((time.perf_counter() - started) * 1000, 1),
        created_at=datetime.now(UTC),
    )


def read_request(declared: Tool, raw: Mapping[str, Any]) -> Any:
    """The request as its type. Raises ToolInputError that names the first field at fault."""
    try:
        return declared.request.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ToolInputError(f"{declared.name}: {path or 'request'}: {first['msg']}{more}", field=path or None) from error


def weaken(result: ToolResult, inputs: tuple[Input, ...]) -> ToolResult:
    """The result with no figure standing on firmer ground than what was put in: an assumed rate gives an assumed answer."""
    if not inputs:
        return result

    def weakened(figure: Figure) -> Figure:
        fields = figure.rests_on
        given = [entry.basis for entry in inputs if entry.basis and (fields is None or entry.path.split(".")[0] in fields)]
        return figure if figure.basis == "benchmark" else figure.model_copy(update={"basis": weakest([figure.basis, *given])})

    return result.model_copy(update={"figures": tuple(weakened(figure) for figure in result.figures)})


def _on_one_thread(declared: Tool, *arguments: Any) -> ToolResult:
    """Floats add up in one order only on one thread."""
    # the limit reaches libraries that are loaded; those that a tool loads later read this
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with _thread_pools(tuple(name in sys.modules for name in POOLED)).limit(limits=1):
        try:
            return declared(*arguments)
        except (OverflowError, ZeroDivisionError, ValidationError) as error:
            if isinstance(error, ValidationError) and not any(found["type"] == "finite_number" for found in error.errors()):
                raise
            log.warning("%s could not compute with these numbers", declared.name, exc_info=True)
            raise ToolInputError(
                f"{declared.name}: these numbers or days lead beyond what can be computed ({type(error).__name__}); give less extreme ones",
                needed="numbers and days of a size that occurs",
            ) from error


@cache
def _thread_pools(loaded: tuple[bool, ...]) -> ThreadpoolController:
    """The thread pools of the libraries that are loaded. Finding them takes milliseconds, so it is done again only for new ones."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@dataclass(frozen=True, slots=True)
class NoFacts:
    """No client's data: a tool that asks for a table is told what to give instead."""

    as_of: date
    currency: str = "USD"
    zone: str = "UTC"

    def names(self) -> tuple[str, ...]:
        """No tables."""
        return ()

    def table(self, name: str) -> Any:
        """Refuses."""
        raise NotEnoughData(
            f"this needs the table {name!r}: name a client that has it, or put the aggregates in the request",
            needed=name,
            found="no client",
        )

    def fetch(self, expression: Any, *, exact: bool = False) -> Any:
        """Refuses."""
        raise NotEnoughData("this needs a client's data: name a client, or put the aggregates in the request", found="no client")

    def model(self, name: str, version: int | None = None) -> Artefact | None:
        """No models."""
        return None

    def model_versions(self, name: str) -> int:
        """None."""
        return 0

    def offer(self, artefact: Artefact) -> None:
        """Not kept: there is no client to keep it for. The tool says so."""
