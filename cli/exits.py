"""Exit codes that scripts can use, and the errors that stand for them."""

from __future__ import annotations

from typing import Any

OK, FOUND, USAGE, REFUSED, DOWN, OURS = 0, 1, 2, 3, 4, 70

CODES = """Exit codes: 0 done · 1 something was found, or two things are not equal · 2 the command or its input cannot be read ·
3 refused or not found · 4 a service it needs is down · 70 an error of ours"""


class Stop(Exception):
    """End the command with this code and this message."""

    def __init__(self, code: int, message: str, **more: Any):
        super().__init__(message)
        self.code, self.message, self.more = code, message, more


def unreadable(message: str, **more: Any) -> Stop:
    """The command's input cannot be read."""
    return Stop(USAGE, message, **more)


def refused(message: str, **more: Any) -> Stop:
    """It was refused, or there is no such thing."""
    return Stop(REFUSED, message, **more)


def explain(error: Exception) -> Stop | None:
    """What an error of the rooms below means to the person at the terminal; None for one that nobody expected."""
    import psycopg

    from store.errors import DatabaseUnavailable, NotMigrated, StoreError
    from store.importing.report import ImportRefused
    from tools.contract import ToolRefusal
    from tools.registry import UnknownTool

    if isinstance(error, Stop):
        return error
    if isinstance(error, ToolRefusal) and error.kind == "disk_full":
        return Stop(DOWN, error.message, kind=error.kind)
    if isinstance(error, ImportRefused) and error.field == "path":
        return unreadable(error.message, kind=error.kind)
    if isinstance(error, ToolRefusal):
        return refused(error.message, **{key: value for key, value in error.as_json().items() if key != "message" and value})
    if isinstance(error, UnknownTool):
        return refused(str(error), kind="unknown_tool")
    if isinstance(error, DatabaseUnavailable | NotMigrated):
        return Stop(DOWN, str(error), kind="unavailable")
    if isinstance(error, psycopg.OperationalError):
        return Stop(DOWN, f"the database cannot be reached: {str(error).strip()}", kind="unavailable")
    if isinstance(error, StoreError):
        return refused(str(error))
    from graphs.approving import NoSuchApproval
    from graphs.experimenting import NoSuchExperiment
    from graphs.replay import NoSuchEvidence
    from graphs.scheduling import NoSuchSchedule
    from graphs.tasks import NoSuchClient

    if isinstance(error, NoSuchApproval | NoSuchClient | NoSuchExperiment | NoSuchSchedule):
        return refused(str(error), kind="not_found")
    if isinstance(error, NoSuchEvidence):
        return refused(f"there is no evidence {error.args[0]!r} in this workspace", kind="not_found")
    return None
