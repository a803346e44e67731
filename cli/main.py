"""The command `groundwork`: its groups, the check at start and what an error looks like."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cli import clients, databases, deliverables, demo, doctor, documents, evidence, keys, serving, tasks, tools, verifying, workspaces
from cli.exits import CODES, DOWN
from cli.shadowed import check_packages


class Groundwork(TyperGroup):
    """Turns what the rooms below raise into a sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. An error that nobody expected keeps its traceback."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            # the reader went away, as `head` does; say nothing more on either stream
            sys.stderr.close()
            raise typer.Exit(0) from None
        except Exception as error:
            stop = explain_quickly(error)
            if stop is None:
                raise
            if "--json" in sys.argv or ctx.obj == "json":
                print(json.dumps({"error": stop.message, **stop.more}, ensure_ascii=False), file=sys.stderr)
            else:
                print(f"groundwork: {stop.message}", file=sys.stderr)
            raise typer.Exit(stop.code) from error


def explain_quickly(error: Exception) -> Any:
    """`exits.explain`, whose imports are paid for only when something went wrong."""
    from cli.exits import Stop, explain

    if isinstance(error, Stop):
        return error
    if type(error).__module__.split(".")[0] in ("typer", "click"):
        return None
    return explain(error)


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

for room in (demo, serving, databases, doctor, workspaces, clients, keys, documents, tools, tasks, deliverables, verifying, evidence):
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
