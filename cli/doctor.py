"""`groundwork doctor`: what is in order and what is not, with what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import typer

from cli import house
from cli.exits import DOWN, FOUND
from cli.output import Json, show_json

if TYPE_CHECKING:
    from store.settings import StoreSettings

LEAST_FREE = 1 << 30
"""bytes below which the disk is worth a word"""

State = Literal["ok", "note", "wrong", "down"]


class Check(NamedTuple):
    """One thing that was looked at; `detail` says what was found, and what to do when it is not in order."""

    name: str
    state: State
    detail: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Look at the installation, the database, the model and the worker. Exit code 1: something is not in order; 4: database down."""
    checks = [*installation(), *house.run(store_checks()), *model_checks()]
    if as_json:
        show_json([check._asdict() for check in checks])
    else:
        for check in checks:
            print(f"{check.state:<6}{check.name:<12}{check.detail}")
    states = {check.state for check in checks}
    if "down" in states:
        raise typer.Exit(DOWN)
    if "wrong" in states:
        raise typer.Exit(FOUND)


def installation() -> Iterator[Check]:
    """Python, packages, room on the disk."""
    from cli.shadowed import check_packages
    from store.settings import StoreSettings

    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", "ok" if sys.version_info >= (3, 11) else "wrong", f"{version}; 3.11 or newer is needed")
    shadow = check_packages()
    yield Check("packages", "wrong" if shadow else "ok", shadow or "all resolve to this installation")
    home = StoreSettings().home
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists())).free
    low = free < LEAST_FREE
    yield Check("disk", "note" if low else "ok", f"{free / (1 << 30):.1f} GiB free" + ("; imports need more" if low else ""))


async def store_checks() -> list[Check]:
    """What the store says of itself. A missing worker is worth a word, a database that does not answer ends with a code of its own."""
    from store.doctor import diagnose
    from store.settings import StoreSettings

    settings = StoreSettings()
    worse: dict[str, State] = {"database": "down", "workers": "note"}
    found = [Check(check.name, "ok" if check.ok else worse.get(check.name, "wrong"), check.detail) for check in await diagnose(settings)]
    if all(check.name != "database" or check.state == "ok" for check in found):
        found.append(await _workspaces(settings))
    return found


async def _workspaces(settings: StoreSettings) -> Check:
    if not settings.embedded and settings.migrate_url is None:
        named = os.environ.get(house.VARIABLE)
        return Check("workspace", "ok" if named else "note", named or f"none named: set {house.VARIABLE}")
    every = await house.all_workspaces(settings)
    said = ", ".join(f"{entry.name} ({entry.id})" for entry in every)
    return Check("workspace", "ok" if every else "note", said or "none yet: `groundwork workspace create NAME`, or `groundwork demo`")


def model_checks() -> Iterator[Check]:
    """Which model answers, and whether its key is there."""
    from llm.models import describe
    from llm.settings import ModelSettings

    try:
        settings = ModelSettings()
        card = describe(settings)
    except ValueError as error:
        yield Check(
            "model",
            "wrong",
            f"{' '.join(line.strip() for line in str(error).splitlines()[1:3]) or error}: see GROUNDWORK_MODEL in the README",
        )
        return
    rules = ": rules, not a language model; GROUNDWORK_MODEL=openai:NAME or anthropic:NAME for one"
    yield Check("model", "ok" if card.is_llm else "note", card.name + ("" if card.is_llm else rules))
