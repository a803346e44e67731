"""`groundwork tool list|run`: every tool with its schemas, and any of them by hand."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import house
from cli.exits import unreadable
from cli.output import Json, note, read_text, show_json, table


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Run any tool by itself.", no_args_is_help=True)
    group.command("list")(list_tools)
    group.command("run")(run_tool)
    app.add_typer(group, name="tool")


def list_tools(as_json: Json = False) -> None:
    """List every tool; with --json, each with its request and result schema."""
    from tools.registry import every

    tools = every()
    if as_json:
        show_json([described(tool) for tool in tools])
        return
    print(
        table([(tool.name, tool.field, f"v{tool.version}", tool.summary) for tool in tools], ("tool", "field", "version", "what it is for"))
    )


def described(tool: Any) -> dict[str, Any]:
    """A tool as programs read it."""
    return {
        "name": tool.name,
        "field": tool.field,
        "version": tool.version,
        "summary": tool.summary,
        "description": tool.description,
        "reads_facts": tool.reads_facts,
        "request_schema": tool.request.model_json_schema(),
        "result_schema": tool.result.model_json_schema(),
    }


def run_tool(
    name: Annotated[str, typer.Argument(help="name of the tool")],
    client: Annotated[
        str | None, typer.Option("--client", "-c", help="client whose data it reads; the run is then kept as evidence")
    ] = None,
    request: Annotated[str, typer.Option("--request", "-r", help="file with the request as JSON; - is standard input")] = "-",
    record: Annotated[bool, typer.Option("--evidence", help="print the whole evidence record, as `groundwork verify` takes it")] = False,
    workspace: house.Which = None,
    as_json: Json = False,
) -> None:
    """Run a tool: a JSON request on standard input, its result as JSON on standard output.

    Without --client nothing is kept and no database is needed: the request carries the numbers.
    """
    from graphs.run_tool import ToolCall, compute

    raw = read_request(request)
    if client is None:
        evidence = compute(ToolCall(name, raw))
    else:
        evidence = house.run(_run_kept(name, raw, client, workspace))
        note(f"kept as {evidence.id}: `groundwork replay {evidence.id}` computes it again")
    show_json(evidence if record else evidence.result)


def read_request(name: str) -> dict[str, Any]:
    """The request as an object. Stops with code 2."""
    text = read_text(name)
    where = "standard input" if name == "-" else name
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise unreadable(f"{where} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    if not isinstance(raw, dict):
        raise unreadable(f"{where} holds no JSON object but {type(raw).__name__}")
    return raw


async def _run_kept(name: str, raw: dict[str, Any], client: str, workspace: str | None) -> Any:
    from graphs.run_tool import ToolCall, run_tool

    async with house.desk(workspace) as desk:
        async with desk.transaction() as connection:
            known = await house.find_client(connection, client)
        return await run_tool(desk.services(), ToolCall(name, raw, workspace_id=desk.workspace.id, client=known))
