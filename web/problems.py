"""Errors as pages for people, and as the API's problem documents for programs and scripts."""

from __future__ import annotations

import json
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api import problems
from web.rendering import html
from web.visiting import SignedOut

PROGRAMS = ("/api/", "/v1/", "/agui", "/mcp", "/healthz", "/readyz", "/metrics", "/static/")

WHAT_TO_DO = {
    401: "Sign in again; what you typed is kept in this browser.",
    403: "If you need this, ask an owner of the workspace.",
    404: "It may have been deleted, or belong to another workspace. Go back, or start from the overview.",
    409: "Somebody else was quicker, or it has changed. Go back, reload the page and look again.",
    413: "Split the file, or import it on the server: groundwork import FILE.",
    422: "Go back, mend what is named, and send it again. What you typed is still there.",
    429: "Wait a moment and try again.",
    503: "Nothing was changed. Try again in a few seconds.",
}


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page: no address of programs, no script that fetches."""
    path = request.scope["path"]
    return not path.startswith(PROGRAMS) and "text/html" in request.headers.get("accept", "")


def answer(request: Request, error: Exception) -> Response:
    """What an error becomes: a page that says what happened and what to do, or a problem document."""
    if not wants_page(request):
        return problems.answer(request, error)
    if isinstance(error, SignedOut) and request.method in ("GET", "HEAD"):
        wanted = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}", 303)
    document = problems.answer(request, error)
    status = document.status_code
    told = json.loads(bytes(document.body))
    title, detail = told["title"], told["detail"]
    if status == 404 and told["type"] == "about:blank":
        detail = "Nothing is at this address."
    elif status == 429:
        # the document speaks of keys
        title, detail = "Too much at once", f"It goes on in {document.headers.get('retry-after', 'some')} seconds."
    page = html(
        request, "error.html", status=status, title=title, detail=detail, todo=WHAT_TO_DO.get(status, ""),
        request_id=told["request_id"], fields=told.get("errors") or (),
    )  # fmt: skip
    for name in ("retry-after", "allow"):
        if name in document.headers:
            page.headers[name] = document.headers[name]
    return page
