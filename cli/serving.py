"""`groundwork serve` and `groundwork worker`: the two processes of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.output import note

if TYPE_CHECKING:
    from api.settings import ApiSettings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("worker")(worker)


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on; GROUNDWORK_HOST, else 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="GROUNDWORK_PORT, else 8000")] = None,
    with_worker: Annotated[bool, typer.Option("--with-worker", help="run a worker beside it")] = False,
    processes: Annotated[int, typer.Option(min=1, max=64, help="API processes that share the port; rate limits count per process")] = 1,
    log_format: Annotated[Literal["json", "console"] | None, typer.Option(help="json, or console for a terminal")] = None,
) -> None:
    """Serve the API. Starts the embedded database when that is the one in use and it does not run."""
    import asyncio
    import os
    import signal

    import uvicorn

    from api.logs import configure, secrets_of
    from api.settings import ApiSettings
    from cli.beside import worker_beside
    from cli.house import bring_up_to_date, ready_database
    from cli.members import demo_address
    from llm.settings import ModelSettings
    from store.settings import StoreSettings
    from web.app import create_app
    from web.visiting import LOOPBACK

    given: dict[str, Any] = {"host": host, "port": port, "log_format": log_format}
    settings = ApiSettings(**{name: value for name, value in given.items() if value is not None})
    configure(settings.log_level, settings.log_format, secrets_of(StoreSettings(), ModelSettings()))
    store = ready_database()
    bring_up_to_date(store)
    base = f"http://{settings.host}:{settings.port}"
    note(f"{base} for people, {base}/api/v1/openapi.json for programs (Ctrl-C ends)")
    if settings.host in LOOPBACK and store.embedded and (link := asyncio.run(demo_address(store, base))):
        note(f"into the demo workspace, once: {link}")
    options = listening(settings)
    if processes > 1:
        # the others are started fresh and read their settings from the environment, as this one did
        os.environ["GROUNDWORK_LOG_FORMAT"] = settings.log_format
        with worker_beside(with_worker):
            uvicorn.run("web.app:create_logging_app", factory=True, workers=processes, **options)
        return
    server = uvicorn.Server(uvicorn.Config(create_app(settings, store), **options))
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has ended in order; by default that would leave the worker behind
        signal.signal(number, lambda *_: None)
    with worker_beside(with_worker):
        server.run()
    if not server.started:
        raise typer.Exit(4)


def listening(settings: ApiSettings) -> dict[str, Any]:
    """How uvicorn listens. What a proxy says of a request is believed of those that are named, and of nobody otherwise."""
    return {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 10,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies,
    }


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="runs at a time")] = 2,
    log_format: Annotated[Literal["json", "console"] | None, typer.Option(help="json, or console for a terminal")] = None,
) -> None:
    """Take tasks up until told to stop; runs in hand are finished, or handed back to go on elsewhere."""
    import asyncio

    from api.logs import configure, secrets_of
    from api.settings import ApiSettings
    from cli.house import bring_up_to_date, ready_database
    from jobs.worker import run_worker
    from llm.settings import ModelSettings
    from store.settings import StoreSettings

    given: dict[str, Any] = {"log_format": log_format} if log_format else {}
    settings = ApiSettings(**given)
    configure(settings.log_level, settings.log_format, secrets_of(StoreSettings(), ModelSettings()))
    store = ready_database()
    bring_up_to_date(store)
    asyncio.run(run_worker(store, concurrency))
