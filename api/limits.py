"""How large a request body may be, checked before it is read and while it is."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TooLarge

MIB = 1024 * 1024


class BodyLimit:
    """Refuses a body over the limit with a problem. `uploads`: addresses that take files, and the limit there."""

    def __init__(self, app: ASGIApp, limit: int, uploads: tuple[str, ...], upload_limit: int):
        self.app, self.limit, self.uploads, self.upload_limit = app, limit, uploads, upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.upload_limit if scope["path"].startswith(self.uploads) else self.limit
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated) > limit:
            raise TooLarge(_said(limit))
        read = 0

        async def receive_on() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge(_said(limit))
            return message

        await self.app(scope, receive_on, send)


def _said(limit: int) -> str:
    size = f"{limit / MIB:.0f} MiB" if limit >= MIB else f"{limit // 1024} KiB"
    return f"the body is larger than the {size} that this address takes"
