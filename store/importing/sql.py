"""Pieces of SQL that the readings are built from."""

from __future__ import annotations

NOTHING = ("-", "--", "—", "n/a", "na", "#n/a", "null", "none", "nan", "(not set)", "undefined", "\\n")
"""What exports write for no value, in small letters; in columns of words only the marks that are no words count."""

NOTHING_AS_WORD = ("\\N", "#N/A", "(not set)")


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def matches(expression: str, pattern: str) -> str:
    """Whether an expression matches a regular expression (RE2) somewhere."""
    return f"regexp_matches({expression}, {quoted(pattern)})"


def replaced(expression: str, pattern: str, by: str, *, everywhere: bool = False) -> str:
    """An expression with what matches replaced."""
    flags = ", 'g'" if everywhere else ""
    return f"regexp_replace({expression}, {quoted(pattern)}, {quoted(by)}{flags})"


def without_marks(text: str, *, words: bool) -> str:
    """A staged cell, null when it holds a mark for no value."""
    marks = NOTHING_AS_WORD if words else NOTHING
    subject = text if words else f"lower({text})"
    return f"CASE WHEN {subject} IN ({', '.join(map(quoted, marks))}) THEN NULL ELSE {text} END"


def shown(text: str) -> str:
    """A cell as a reason quotes it: at most 60 characters."""
    return f"'''' || left({text}, 60) || CASE WHEN length({text}) > 60 THEN '…' ELSE '' END || ''''"
