"""Logs: one line of JSON per event on standard error, each with its request's id, none with a secret."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

import structlog

SECRETS = re.compile(r"gw_[A-Za-z0-9_-]{6,}|sk-[A-Za-z0-9_-]{8,}|(?i:bearer)\s+\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|(?i:password)=\S+")


def redact(text: str) -> str:
    """The text without anything that looks like a key, a token or a password."""
    return SECRETS.sub("[redacted]", text)


def _redact_all(_logger: Any, _name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in entry.items()}


def configure(level: str = "info", form: Literal["json", "console"] = "json") -> None:
    """Send structlog and the standard library's loggers to standard error in one shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_all,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # our own line per request says more
    logging.getLogger("uvicorn.access").disabled = True
    for chatty in ("httpx", "httpx2", "psycopg.pool", "procrastinate", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
