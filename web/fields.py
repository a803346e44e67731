"""What a form's fields become: one error in words for each field that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from tools.contract import ToolInputError

THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+")


def as_sentence(said: object) -> str:
    """What a room below says, as a sentence of a page: names in it stay as they are."""
    text = str(said)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def wrong_fields(error: ValidationError) -> dict[str, str]:
    """Field to what is wrong with it."""
    found: dict[str, str] = {}
    for entry in error.errors(include_url=False):
        field = ".".join(str(part) for part in entry["loc"] if isinstance(part, str))
        found.setdefault(field, as_sentence(entry["msg"].removeprefix("Value error, ")))
    return found


def text_of(form: Mapping[str, Any], name: str, default: str = "") -> str:
    """A field's text; the default where it is missing or a file."""
    value = form.get(name, default)
    return value if isinstance(value, str) else default


def decimal(said: Mapping[str, str], name: str, words: str) -> float | None:
    """A number as people type it: 20 000, 20,000, 1.5 or 1,5; a comma before three digits is between thousands. None when empty."""
    typed = text_of(said, name).strip().replace(" ", "").replace("\u00a0", "").replace("\u202f", "").rstrip("%")
    if not typed:
        return None
    if "," in typed and "." in typed:
        typed = typed.replace("," if typed.rindex(".") > typed.rindex(",") else ".", "")
    if THOUSANDS.fullmatch(typed):
        typed = typed.replace(",", "")
    try:
        value = float(typed.replace(",", "."))
    except ValueError:
        raise ToolInputError(f"{words}: {said[name][:40]!r} is no number", field=name) from None
    if not isfinite(value) or abs(value) > 1e15:
        raise ToolInputError(f"{words}: {said[name][:40]!r} is no number to plan with", field=name)
    return value


def whole(said: Mapping[str, str], name: str, words: str) -> int | None:
    """A whole number."""
    value = decimal(said, name, words)
    if value is not None and not value.is_integer():
        raise ToolInputError(f"{words}: {said[name][:40]!r} is no whole number", field=name)
    return None if value is None else int(value)


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The IANA zones that a person would look for, by name."""
    return (*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "UTC")
