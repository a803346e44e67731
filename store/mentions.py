"""A person in words and JSON: where the records name them, and the same records without them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from store.person import Person, phone_pattern

ERASED = "[erased]"
"""What stands where the person stood."""

FILE_ENDS = "csv|docx?|eml|html?|json|md|msg|pdf|tsv|txt|vcf|xlsx?"
"""What may follow an address that a file is named by: jo@salon.co.eml is jo's, and jo@salon.co.za is somebody else."""

SHORTEST_AUDITED = 6
"""Characters below which the database refuses to take a word out of the audit log."""


class Mentions:
    """Finds and replaces one person. In records, unlike in tables, an id is also found inside a dotted key or an address of a page."""

    def __init__(self, who: Person) -> None:
        self._exact = frozenset(who.ids)
        self.audited = tuple(w for w in (*who.telling_ids, *who.emails, *who.phones, *who.names) if len(w) >= SHORTEST_AUDITED)
        marks = [rf"(?<![\w.+@-])(?i:{_anyhow(word)})(?![\w@-])(?!\.(?!(?:{FILE_ENDS})\b)\w)" for word in who.emails]
        marks += [rf"(?<![A-Za-z0-9])(?i:{_anyhow(word)})(?![A-Za-z0-9])" for word in who.telling_ids if "@" not in word]
        marks += [rf"(?<![\w+]){phone_pattern(phone)}(?!\w)" for phone in who.phones]
        marks += [r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)" for name in who.names]
        self._pattern = re.compile("|".join(marks)) if marks else None
        self.loose = "|".join([*(_loose(word) for word in (*who.emails, *who.telling_ids, *who.names)), *map(_digits, who.phones)])
        """A regular expression of Postgres that is true of every text (JSON, or bytes written as text) that holds a mention."""
        self.loose_exact = "|".join(filter(None, [self.loose, *(f'"{re.escape(word)}"' for word in who.ids)]))
        """The same for JSON in which a string of its own may be an id, however short."""

    def __bool__(self) -> bool:
        return self._pattern is not None

    def in_key(self, key: str) -> bool:
        """Whether a key of a request holds them anywhere: what stands around a word in a key says nothing."""
        return any(word.lower() in key.lower() for word in self.audited)

    def text(self, text: str) -> str:
        """The text with mentions replaced."""
        return self._pattern.sub(ERASED, text) if self._pattern else text

    def json(self, value: Any, *, exact: bool = False) -> Any:
        """JSON with mentions replaced, in keys too. `exact`: a string that is one of the ids, however short, is one too."""
        if isinstance(value, str):
            return ERASED if exact and value in self._exact else self.text(value)
        if isinstance(value, Mapping):
            return {self.json(key, exact=exact): self.json(each, exact=exact) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(each, exact=exact) for each in value]
        return value


def _anyhow(word: str) -> str:
    """A word as it stands, with Markdown's backslashes, or as part of an address of a page."""
    return "".join(letter if letter.isalnum() else rf"(?:\\?{re.escape(letter)}|%{ord(letter):02X})" for letter in word)


def _loose(word: str) -> str:
    # between its plain letters a word may be escaped: é is \u00e9 in JSON and \303\251 in bytes
    return ".{0,24}".join(re.findall("[A-Za-z0-9]+", word))


def _digits(phone: str) -> str:
    return "[^0-9]{0,6}".join(re.findall(r"\d", phone))
