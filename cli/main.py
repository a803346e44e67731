"""The command `groundwork`: its groups, the check at start and what an error looks like."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    approvals,
    chat,
    clients,
    databases,
    deliverables,
    demo,
    doctor,
    documents,
    erasing,
    evaluating,
    evidence,
    experiments,
    importing,
    keys,
    members,
    schedules,
    serving,
    tasks,
    tools,
    verifying,
    workspaces,
)
from cli.exits import CODES, DOWN, OK, OURS, Stop, explain
from cli.shadowed import check_packages


class Groundwork(TyperGroup):
    """Turns what the rooms below raise into a sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. An error that nobody expected keeps its traceback and has a code of its own."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            # the reader went away, as `head` does: nothing more to say on either stream
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(OK) from None
        except Exception as error:
            stop = explain_quickly(error)
            if stop is None and type(error).__module__.startswith("typer"):
                raise
            if stop is None:
                traceback.print_exc()
                stop = Stop(OURS, f"an error of ours: {type(error).__name__}: {error}", kind="internal")
            if as_json:
                print(json.dumps({"error": stop.message, **stop.more}, ensure_ascii=False), file=sys.stderr)
            else:
                print(f"groundwork: {stop.message}", file=sys.stderr)
            raise typer.Exit(stop.code) from error


def explain_quickly(error: Exception) -> Stop | None:
    """`exits.explain`, whose imports are paid for only when something went wrong."""
    if isinstance(error, Stop):
        return error
    return None if type(error).__module__.startswith("typer") else explain(error)


app = typer.Typer(
    name="groundwork",
    cls=Groundwork,
    help="A marketing strategist in which no number is made up: tools compute, agents choose, people approve.",
    epilog=CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def tell_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        print(f"groundwork {version('groundwork')}")
        raise typer.Exit(OK)


@app.callback()
def groundwork(
    version: Annotated[bool, typer.Option("--version", callback=tell_version, is_eager=True, help="show the version and end")] = False,
) -> None:
    """The options of the command itself; what it is stands with `app`."""


for room in (
    demo,
    serving,
    databases,
    doctor,
    workspaces,
    clients,
    members,
    keys,
    importing,
    documents,
    erasing,
    tools,
    tasks,
    schedules,
    chat,
    deliverables,
    approvals,
    verifying,
    evidence,
    experiments,
    evaluating,
):
    room.register(app)


def main() -> None:
    """The console script."""
    shadow = check_packages()
    if shadow is not None:
        print(f"groundwork: {shadow}", file=sys.stderr)
        raise SystemExit(DOWN)
    app()


if __name__ == "__main__":
    main()
