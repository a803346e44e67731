"""Logs: one line of JSON per event on standard error, each with its request's id, none with a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr
from pydantic_settings import BaseSettings

SECRETS = re.compile(r"gw_[A-Za-z0-9_-]{6,}|sk-[A-Za-z0-9_-]{8,}|(?i:bearer)\s+\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|(?i:password)=\S+")
SHORTEST = 6
"""characters of a secret that is looked for by itself: a shorter one would blot out half of what is said"""


def redact(text: str, known: tuple[str, ...] = ()) -> str:
    """The text without the secrets that are known, and without anything that looks like a key, a token or a password."""
    for secret in known:
        text = text.replace(secret, "[redacted]")
    return SECRETS.sub("[redacted]", text)


def _clean(value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return redact(value, known)
    if isinstance(value, Mapping):
        return {_clean(key, known): _clean(inside, known) for key, inside in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inside, known) for inside in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value), known)


def secrets_of(*settings: BaseSettings) -> tuple[str, ...]:
    """What must not be seen of these settings: every secret, and the password inside one that is an address."""
    found: set[str] = set()
    for value in (value for given in settings for value in given.__dict__.values() if isinstance(value, SecretStr)):
        text = value.get_secret_value()
        password = urlsplit(text).password if "://" in text else None
        found |= {text, unquote(password), password} if password else {text}
    # the longest first, so that no secret is cut apart by one that it holds
    return tuple(sorted((secret for secret in found if len(secret) >= SHORTEST), key=len, reverse=True))


def configure(level: str = "info", form: Literal["json", "console"] = "json", secrets: tuple[str, ...] = ()) -> None:
    """Send structlog and the standard library's loggers to standard error in one shape, without these secrets (`secrets_of`)."""

    def without_secrets(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # what begins with _ is the formatter's own and never written
        return {key: value if key.startswith("_") else _clean(value, secrets) for key, value in entry.items()}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
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
