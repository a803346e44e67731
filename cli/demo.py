"""`groundwork demo`: the whole path on a simulated client."""

from __future__ import annotations

import typer

from cli.output import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(as_json: Json = False) -> None:
    """Simulate a client, import its data, run a strategy task with a real worker and show what came out."""
    from demo.run import main

    raise typer.Exit(main(as_json=as_json))
