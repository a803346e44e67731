"""The HTTP service: every route under /api/v1, three for operators outside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware

from api import (
    agui_door,
    alerts,
    analytics,
    approvals,
    clients,
    deliverables,
    documents,
    evidence,
    experiments,
    health,
    imports,
    openai_chat,
    policies,
    problems,
    runs,
    schedules,
    shortcuts,
    tasks,
    threads,
    tools,
)
from api.house import open_house
from api.limits import BodyLimit
from api.mcp_door import McpDoor
from api.mcp_door import install as install_mcp
from api.middleware import Around
from api.openapi import complete
from api.settings import ApiSettings
from llm.settings import ModelSettings
from store.settings import StoreSettings

PREFIX = "/api/v1"
UPLOADS = (f"{PREFIX}/imports", f"{PREFIX}/documents")
NOUNS = (
    threads,
    tasks,
    runs,
    deliverables,
    shortcuts,
    tools,
    evidence,
    clients,
    imports,
    documents,
    experiments,
    policies,
    approvals,
    analytics,
    schedules,
    alerts,
)

DESCRIPTION = """Marketing strategy in which no number is made up.

Start a task, follow its run, read its deliverable; run a tool by itself; look up and replay the evidence behind any figure.
Every error is a problem document (RFC 9457) whose `request_id` is also in the `X-Request-ID` header."""


def create_app(
    api: ApiSettings | None = None,
    store: StoreSettings | None = None,
    models: ModelSettings | None = None,
    *,
    answer: problems.Answer = problems.answer,
    uploads: tuple[str, ...] = (),
) -> FastAPI:
    """The application. Settings come from the environment when they are not given; nothing is opened before it starts.

    `answer`: what an error becomes, for a floor above that serves pages; `uploads`: its addresses that take files.
    """
    settings = api or ApiSettings()

    mcp = McpDoor()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_house(settings, store or StoreSettings(), models or ModelSettings()) as house:
            app.state.house = house
            async with mcp.open():
                yield

    layers = [
        Middleware(Around, answer=answer),
        Middleware(BodyLimit, limit=settings.body_limit, uploads=(*UPLOADS, *uploads), upload_limit=settings.upload_limit),
    ]
    if settings.cors_origins:
        exposed = ["Location", "X-Request-ID", "Retry-After", "Idempotency-Replayed"]
        allowed = ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-ID"]
        methods = ["GET", "POST", "PUT", "DELETE"]
        layers.insert(
            0,
            Middleware(
                CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=methods, allow_headers=allowed, expose_headers=exposed
            ),
        )
    app = FastAPI(
        title="Groundwork",
        description=DESCRIPTION,
        version=version("groundwork"),
        lifespan=lifespan,
        middleware=layers,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app, answer)
    inside = APIRouter(prefix=PREFIX)
    for noun in NOUNS:
        inside.include_router(noun.router)
    app.include_router(inside)
    app.include_router(openai_chat.router)
    app.include_router(agui_door.router)
    app.include_router(health.router)
    install_mcp(app, mcp)
    complete(app)
    return app
