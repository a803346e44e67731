"""Work that outlives its request: a task of this process that gives signs while it goes on, and notes how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from api.problems import ApiProblem, translate
from web.uploads import SILENT_SECONDS, Upload

log = structlog.get_logger("web.working")

PATIENCE = 0.8
"""Seconds that a request waits for its work: what is done by then is shown at once."""

_tasks: set[asyncio.Task[None]] = set()


async def begin(upload: Upload, work: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    """Do the work, and note what it gives on the upload; what is refused is noted in words. Waits for it only a moment."""
    task = asyncio.create_task(_do(upload, work))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    await asyncio.wait({task}, timeout=PATIENCE)


async def _do(upload: Upload, work: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    beating = asyncio.create_task(_beat(upload))
    try:
        ended = {"stage": "done", **await work()}
    except Exception as error:
        ended = {"stage": "failed", "trouble": _said(error)}
    finally:
        beating.cancel()
    await asyncio.to_thread(upload.note, **ended)
    await asyncio.to_thread(upload.release)


async def _beat(upload: Upload) -> None:
    while True:
        await asyncio.sleep(SILENT_SECONDS / 6)
        await asyncio.to_thread(upload.beat)


def _said(error: Exception) -> str:
    """The refusal in its own words; for what nobody expected, where to look."""
    known = translate(error)
    if isinstance(known, ApiProblem):
        return str(known.detail)
    log.exception("work failed", exc_info=error)
    return "Something went wrong on our side; it is in our log. Nothing was half done: try again."
