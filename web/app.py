"""The whole service: the API with the pages on top."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan, Message, Receive, Scope, Send

from api import app as programs
from api.locales import known_locale
from api.logs import configure, secrets_of
from api.settings import ApiSettings
from grounding.evidence import Locale
from llm.settings import ModelSettings
from store.settings import StoreSettings
from web.markdown import to_page
from web.pages import PAGES
from web.problems import answer
from web.rendering import HERE, environment

UPLOADS = ("/uploads/",)


class Static(StaticFiles):
    """Our own files. An address holds the hash of its file, so a browser may keep it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                kept = "public, max-age=31536000, immutable" if scope.get("query_string") else "no-cache"
                MutableHeaders(scope=message)["Cache-Control"] = kept
            await send(message)

        await super().__call__(scope, receive, send_on)


def create_app(api: ApiSettings | None = None, store: StoreSettings | None = None, models: ModelSettings | None = None) -> FastAPI:
    """The application with its pages. Settings come from the environment when they are not given."""
    app = programs.create_app(api, store, models, answer=answer, uploads=UPLOADS)
    for router in PAGES:
        app.include_router(router)
    app.router.lifespan_context = _warmed(app.router.lifespan_context)
    app.mount("/static", Static(directory=HERE / "static"))
    return app


def prepare() -> None:
    """Compile the templates and import what pages need at their first visit, so that nobody waits for it."""
    for name in environment().list_templates():
        environment().get_template(name)
    to_page("*ready*")
    known_locale(Locale())
    for module in ("argon2", "deltalake", "pyarrow", "vl_convert"):
        import_module(module)


def _warmed(opened: Lifespan[FastAPI]) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with opened(app) as state:
            warming = asyncio.create_task(asyncio.to_thread(prepare))
            try:
                yield state
            finally:
                await warming

    return lifespan


def create_logging_app() -> FastAPI:
    """The application for a process that something else starts: it sets up its own log first."""
    settings, store, models = ApiSettings(), StoreSettings(), ModelSettings()
    configure(settings.log_level, settings.log_format, secrets_of(store, models))
    return create_app(settings, store, models)
