"""`Idempotency-Key`: the same request sent twice is done once and gets the same answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header, Request, Response
from pydantic import BaseModel

from store import idempotency
from store.database import Connection

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="any text of your own, new for each request that you mean; kept for 24 hours",
    ),
]

Answer = TypeVar("Answer", bound=BaseModel)


async def once(
    connection: Connection,
    request: Request,
    response: Response,
    key: str | None,
    body: BaseModel,
    kind: type[Answer],
    make: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Do it, or give the answer that the same request got. All in the request's one transaction: what failed may be tried again.

    Raises KeyReused when the key stands for another request.
    """
    if key is None:
        return await make()
    wanted = idempotency.hash_of(request.method, request.scope["path"], body.model_dump(mode="json"))
    given = await idempotency.claim(connection, key, wanted)
    if given is not None:
        response.headers["Idempotency-Replayed"] = "true"
        return kind.model_validate(given.response)
    answer = await make()
    await idempotency.answer(connection, key, response.status_code or 200, answer.model_dump(mode="json"))
    return answer


async def answered(
    connection: Connection, request: Request, response: Response, key: str | None, body: BaseModel, kind: type[Answer]
) -> Answer | None:
    """The answer that the same request got before, for a route whose work goes on between two transactions; it still ends with `once`.

    Raises KeyReused when the key stands for another request.
    """
    if key is None:
        return None
    given = await idempotency.find(
        connection, key, idempotency.hash_of(request.method, request.scope["path"], body.model_dump(mode="json"))
    )
    if given is None:
        return None
    response.headers["Idempotency-Replayed"] = "true"
    return kind.model_validate(given.response)
