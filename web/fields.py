"""What a form's fields become: one error in words for each field that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError


def wrong_fields(error: ValidationError) -> dict[str, str]:
    """Field to what is wrong with it."""
    found: dict[str, str] = {}
    for entry in error.errors(include_url=False):
        field = ".".join(str(part) for part in entry["loc"] if isinstance(part, str))
        said = entry["msg"].removeprefix("Value error, ")
        found.setdefault(field, said[:1].upper() + said[1:] + ("" if said.endswith(".") else "."))
    return found


def text_of(form: Mapping[str, Any], name: str, default: str = "") -> str:
    """A field's text; the default where it is missing or a file."""
    value = form.get(name, default)
    return value if isinstance(value, str) else default


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The IANA zones that a person would look for, by name."""
    return (*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "UTC")
