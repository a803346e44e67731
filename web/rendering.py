"""Templates and what they are filled with: the frame around every page, and values as the client's locale writes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from grounding.evidence import Locale
from grounding.rendering import babel_locale, show
from tools.contract import Figure

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}

SAID = {
    "saved": "Saved.",
    "sent": "Sent.",
    "added": "Added.",
    "removed": "Removed.",
    "approved": "Approved. The run goes on.",
    "rejected": "Sent back with your reason.",
    "imported": "Imported.",
    "document": "Kept as a document: answers can cite it now. Ask about it.",
    "started": "Started.",
    "stopped": "Stopped.",
    "commented": "Your comment is there.",
    "settled": "Settled.",
    "edited": "Your text holds and is a version of its own.",
    "forwarded": "Published.",
    "asked": "Approval is asked for.",
    "delegated": "Handed on.",
    "given": "Your yes is kept. Others still have to say theirs.",
    "password": "Your password is set.",
    "paused": "Paused. What has been started goes on.",
    "resumed": "It goes on from now.",
    "due": "A worker starts it within the minute.",
    "revoked": "Revoked. It opens nothing from now on.",
    "disabled": "Disabled. Their sessions have ended.",
    "enabled": "They may sign in again.",
}
"""What a page says after something was done, by the `said` of its address: words of an address itself are never shown."""


@lru_cache(maxsize=256)
def static(name: str) -> str:
    """Address of a static file that changes with its content."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


def _locale(context: Context) -> Locale:
    client = context.get("client")
    return client.locale if client is not None else Locale(language="en", currency="XXX", zone="UTC")


@pass_context
def moment(context: Context, at: datetime | None, zone: str | None = None) -> Markup:
    """A time in the client's zone, or in the one that is named, and in the client's words, exact for machines."""
    if at is None:
        return Markup("")
    locale = _locale(context)
    shown = format_datetime(at, "medium", tzinfo=ZoneInfo(zone or locale.zone), locale=babel_locale(locale.language))
    shown = re.sub(r"(\d\d:\d\d):\d\d", r"\1", shown)
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(timespec="seconds"), shown)


@pass_context
def day(context: Context, at: date | datetime | str | None) -> str:
    """A day as the client's locale writes it."""
    if not at:
        return ""
    locale = _locale(context)
    if isinstance(at, str):
        at = date.fromisoformat(at)
    if isinstance(at, datetime):
        at = at.astimezone(ZoneInfo(locale.zone)).date()
    return format_date(at, "medium", locale=babel_locale(locale.language))


@pass_context
def number(context: Context, value: float | int | None) -> str:
    """A count or number as the client's locale writes it."""
    return "" if value is None else format_decimal(value, locale=babel_locale(_locale(context).language))


@pass_context
def figure(context: Context, value: Figure, form: str | None = None) -> str:
    """A tool's figure as texts show it."""
    return show(value, _locale(context), form)


@pass_context
def money(context: Context, minor: int | None, currency: str | None = None) -> str:
    """Money in minor units, of the client's currency unless another is named."""
    if minor is None:
        return ""
    locale = _locale(context)
    return show(Figure(key="m", value=minor, unit="money", metric="m", label="", currency=currency or locale.currency), locale)


def bytes_of(size: int) -> str:
    """A file's size."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def in_words(name: str) -> str:
    """A name of the code as a person reads it: `campaign_optimization` becomes `Campaign optimization`."""
    return name.replace("_", " ").replace(".", " · ").capitalize()


def place(path: str) -> str:
    """A place in a deliverable's content as a person reads it: `audience.0.who` becomes `Audience 1: who`."""
    name, *rest = path.split(".")
    number = f" {int(rest.pop(0)) + 1}" if rest and rest[0].isdecimal() else ""
    inside = ", ".join(str(int(part) + 1) if part.isdecimal() else part.replace("_", " ") for part in rest)
    return f"{name[:1].upper()}{name[1:]}".replace("_", " ") + number + (f": {inside}" if inside else "")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates. Everything is escaped; what a template names and nobody gave is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    made.filters |= {
        "moment": moment, "day": day, "number": number, "figure": figure, "money": money, "bytes": bytes_of, "in_words": in_words,
        "place": place,
    }  # fmt: skip
    made.globals |= {"static": static}
    return made


def render(template: str, **context: Any) -> str:
    """A template filled in."""
    return environment().get_template(template).render(**context)


def html(request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any) -> HTMLResponse:
    """A page's answer. `who` and `client` are None where nobody is signed in or no client is meant."""
    said = SAID.get(request.query_params.get("said", ""))
    filled = {"request": request, "who": None, "client": None, "clients": (), "waiting": 0, "section": "", "said": said} | context
    return HTMLResponse(render(template, **filled), status, {**HEADERS, **(headers or {})})
