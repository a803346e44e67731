"""Whom an erasure keeps out: hashes of the marks of erased persons, under a key of the client's own, beside the client's tables.

They lie where imports look, so that no door can forget to ask; a copy of the database alone can match nobody against them.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from store.importing.sql import quoted
from store.person import SHORTEST_PHONE, Person, digits_of

FILE = "_erased.json"
REASON = "erased on request"
TOKEN = r"[\w.+@-]{6,}"  # noqa: S105 - a piece of text, no secret; shorter ones are never looked for in texts
NUMBER = r"\+?\(?\d[\d ().\-/]{5,}\d"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The erased of a client. `words` are hashes of ids, addresses, numbers and devices; `telling` those known wherever they stand."""

    key: str
    words: frozenset[str] = frozenset()
    telling: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.words)

    def hash(self, word: str) -> str:
        """The keyed hash of a word."""
        return keyed_hash(self.key, word)

    def is_id(self, text: str) -> str:
        """SQL for whether a text is an id or address of an erased person."""
        return f"coalesce({self._hashed(text)} IN ({_list(self.words)}) OR {self.is_email(text)}, false)"

    def is_email(self, text: str) -> str:
        """SQL for whether a text is the address of an erased person."""
        return f"coalesce({self._hashed(f'lower({text})')} IN ({_list(self.words)}), false)"

    def is_phone(self, text: str) -> str:
        """SQL for whether a text is the number of an erased person, however it is written."""
        digits = f"regexp_replace({text}, '\\D', '', 'g')"
        return f"coalesce({self._hashed(_phone(digits))} IN ({_list(self.words)}), false)"

    def mentioned_in(self, text: str) -> str:
        """SQL for whether a text holds an address or an unmistakable id of an erased person."""
        return f"coalesce(len({self._tokens(text)}) > 0, false)"

    def replaced_in(self, text: str, by: str) -> str:
        """SQL for a text with such addresses and ids replaced."""
        replaced = f"list_reduce({self._tokens(text)}, lambda so_far, token: replace(so_far, token, {quoted(by)}), {text})"
        return f"CASE WHEN {self.mentioned_in(text)} THEN {replaced} ELSE {text} END"

    def mentions(self, text: str) -> bool:
        """Whether a text holds an address, a number or an unmistakable id of an erased person."""
        tokens = {token.rstrip(".") for token in re.findall(TOKEN, text)}
        words = tokens | {token.lower() for token in tokens} | {f"tel:{digits_of(number)}" for number in re.findall(NUMBER, text)}
        return any(self.hash(word) in self.telling for word in words)

    def _tokens(self, text: str) -> str:
        found = f"list_transform(regexp_extract_all({text}, {quoted(TOKEN)}), lambda token: rtrim(token, '.'))"
        known = " OR ".join(f"{self._hashed(token)} IN ({_list(self.telling)})" for token in ("token", "lower(token)"))
        return f"list_filter({found}, lambda token: {known})"

    def _hashed(self, text: str) -> str:
        """`keyed_hash` in SQL."""
        key = quoted(self.key)
        return f"sha256({key} || sha256({key} || {text}))"


def keyed_hash(key: str, word: str) -> str:
    """The same for the same key and word; without the key not to be found by trying words."""
    inner = sha256((key + word).encode()).hexdigest()
    return sha256((key + inner).encode()).hexdigest()


def read_suppressed(folder: Path) -> Suppressed:
    """The erased of the client of this folder: nobody, with a key that is not kept, before its first erasure."""
    try:
        held = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Suppressed(secrets.token_hex(32))
    return Suppressed(held["key"], frozenset(held["words"]), frozenset(held["telling"]))


def suppress(folder: Path, who: Person) -> Suppressed:
    """Keep a person out from now on. Call it under the client's write lock. An import under way looks again before its commit."""
    held = read_suppressed(folder)
    telling = {*who.telling_ids, *who.emails, *map(_tel, who.phones)}
    now = Suppressed(
        held.key,
        held.words | {held.hash(word) for word in {*telling, *who.ids, *who.devices}},
        held.telling | {held.hash(word) for word in telling},
    )
    _write(folder, now)
    return now


def person_hash(folder: Path, person: str) -> str:
    """The hash that an erasure is noted under: of the contact id or address that was given, under the client's key."""
    wanted = person.strip()
    return read_suppressed(folder).hash(wanted.lower() if "@" in wanted else wanted)


def allow_again(folder: Path, words: Iterable[str]) -> int:
    """Let in whoever has these ids, addresses or numbers: they asked to come back. Returns how many of these marks were kept out.

    Call it under the client's write lock. Other marks of theirs stay: what they are is not known any more.
    """
    held = read_suppressed(folder)
    asked = {word.strip() for word in words}
    marks = {held.hash(form) for word in asked for form in (word, word.lower(), _tel(word))} & held.words
    _write(folder, Suppressed(held.key, held.words - marks, held.telling - marks))
    return len(marks)


def _write(folder: Path, suppressed: Suppressed) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{FILE}.new"
    content = {"key": suppressed.key, "words": sorted(suppressed.words), "telling": sorted(suppressed.telling)}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        json.dump(content, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(draft, folder / FILE)


def _tel(phone: str) -> str:
    digits = digits_of(phone)
    return f"tel:{digits}" if len(digits) >= SHORTEST_PHONE else phone


def _phone(digits: str) -> str:
    return f"'tel:' || {digits}"


def _list(hashes: frozenset[str]) -> str:
    return ", ".join(map(quoted, sorted(hashes))) or "''"
