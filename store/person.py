"""Who is meant by a contact id or an e-mail address: the ids, addresses, numbers and devices that are theirs alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store import delta
from store.importing.sql import matches, quoted
from tools.contract import ToolInputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FULL_NAME = "CASE WHEN first_name <> '' AND last_name <> '' THEN trim(first_name) || ' ' || trim(last_name) END"
"""SQL for a contact's whole name; half of one names nobody."""

SHORTEST_PHONE = 7
"""Digits below which a number is searched for in no text: it would be found in prices."""

BETWEEN_DIGITS = r"[ ().\-/]{0,3}"
"""What may stand between the digits of a number: people write one number in many ways."""


@dataclass(frozen=True, slots=True)
class Person:
    """What identifies a person in a client's data. `ids` are as written, `emails` in small letters, `names` whole and no one else's."""

    ids: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def is_it(self, text: str) -> str:
        """SQL for whether a text is an id or address of theirs and nothing else."""
        exact = f"{text} IN ({', '.join(map(quoted, self.ids))})"
        return f"({exact} OR lower({text}) IN ({', '.join(map(quoted, self.emails))}))" if self.emails else exact

    def mentioned_in(self, text: str) -> str:
        """SQL for whether a text holds their address, number or whole name, or an id that can be nothing else."""
        pattern = self.mention()
        return matches(text, pattern) if pattern else "false"

    def replaced_in(self, text: str, by: str) -> str:
        """SQL for a text with mentions of them replaced; twice, since one mention's last blank may be the next one's first."""
        pattern = self.mention()
        if not pattern:
            return text
        for _ in range(2):
            text = f"regexp_replace({text}, {quoted(pattern)}, {quoted(chr(92) + '1' + by + chr(92) + '2')}, 'g')"
        return text

    @property
    def telling_ids(self) -> tuple[str, ...]:
        """Ids that are known wherever they stand: 12 may be anything, and ct_00012 is an id."""
        return tuple(word for word in self.ids if len(word) >= (9 if word.isdigit() else 6))

    def mention(self, *, short: bool = False) -> str:
        """A regular expression (RE2 and Python alike) for any of their marks by itself, what stands around it as its two groups.

        Empty when they have none. `short`: short ids too, which may be something else.
        """
        marks = [f"(?i:{re.escape(word)})" for word in (*(self.ids if short else self.telling_ids), *self.emails)]
        marks += [phone_pattern(phone) for phone in self.phones]
        marks += [r"\s+".join(map(re.escape, name.split())) for name in self.names]
        return rf"(^|[^\w.+@-])(?:{'|'.join(marks)})(\.?(?:$|[^\w.@-]))" if marks else ""


def digits_of(phone: str) -> str:
    """The digits of a number."""
    return re.sub(r"\D", "", phone)


def phone_pattern(phone: str) -> str:
    """A regular expression for a number however its digits are set apart; a country code that it lacks is not guessed."""
    return r"\+?\(?" + BETWEEN_DIGITS.join(digits_of(phone))


def who_is(root: str | Path, workspace_id: str, client: delta.ClientLike, person: str) -> Person:
    """Whoever has this contact id or address in the client's facts. Raises ToolInputError for an empty one."""
    from store.importing.workbench import open_checks
    from store.scratch import scratch

    folder = delta.client_folder(root, workspace_id, client.id)
    with scratch(folder) as work, open_checks(work) as connection:
        return find_person(connection, folder, person)


def find_person(connection: DuckDBPyConnection, folder: Path, person: str) -> Person:
    """Whoever has this contact id or address in any version of the client's contacts. Raises ToolInputError for an empty one.

    By address: every contact with it. By id: that contact, and their address only when nobody else has it too. A number or a
    whole name that another contact has too is nobody's mark.
    """
    wanted = person.strip()
    if not wanted:
        raise ToolInputError("say whom to erase: a contact id or an e-mail address", field="person")
    by_email = "@" in wanted
    files = [str(file) for file in sorted((folder / "contacts").glob("*.parquet"))]
    if not files:
        return Person((wanted,), (wanted.lower(),) if by_email else ())
    held = f"read_parquet([{', '.join(map(quoted, files))}], union_by_name = true)"
    where = f"contact_id = {quoted(wanted)}" + (f" OR lower(email) = {quoted(wanted.lower())}" if by_email else "")
    rows = connection.execute(f"SELECT DISTINCT contact_id, lower(email), phone, {FULL_NAME} FROM {held} WHERE {where}").fetchall()
    ids = {wanted, *(row[0] for row in rows)}
    emails = {row[1] for row in rows if row[1]} | ({wanted.lower()} if by_email else set())
    phones = {row[2] for row in rows if row[2] and len(digits_of(row[2])) >= SHORTEST_PHONE}
    names = {row[3] for row in rows if row[3]}
    own = ", ".join(map(quoted, sorted(ids)))
    if not by_email:
        emails -= _shared(connection, held, "lower(email)", emails, own)
    phones -= _shared(connection, held, "phone", phones, own)
    names -= _shared(connection, held, FULL_NAME, names, own)
    marks = (tuple(sorted(found)) for found in (ids, emails, phones, set(_devices(connection, folder, own)), names))
    return Person(*marks)


def _shared(connection: DuckDBPyConnection, held: str, column: str, values: set[str], own: str) -> set[str]:
    """Those of the values that another contact has too."""
    if not values:
        return set()
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM {held} WHERE {column} IN ({', '.join(map(quoted, sorted(values)))}) AND contact_id NOT IN ({own})"
    ).fetchall()
    return {row[0] for row in rows}


def _devices(connection: DuckDBPyConnection, folder: Path, own: str) -> tuple[str, ...]:
    """Devices that the person used and nobody else: what they did before they said who they are."""
    table = delta.open_table(folder, "events")
    files = delta.files(table) if table is not None else []
    if not files:
        return ()
    held = f"read_parquet([{', '.join(map(quoted, files))}])"
    rows = connection.execute(f"""
        SELECT device_id FROM {held} WHERE device_id IN (SELECT device_id FROM {held} WHERE contact_id IN ({own}) AND device_id IS NOT NULL)
         GROUP BY device_id HAVING bool_and(contact_id IS NULL OR contact_id IN ({own})) ORDER BY device_id""").fetchall()
    return tuple(row[0] for row in rows)
