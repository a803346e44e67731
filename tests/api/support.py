"""What the tests of the service share."""

from __future__ import annotations

import httpx

from store.database import Database

BRIEF = "R15 000 a month, Google Ads, Meta, LinkedIn, TikTok and email. Goal: bookings."
FIELDS = {"type", "title", "status", "detail", "instance", "request_id"}


def problem(response: httpx.Response, status: int, name: str | None = None) -> dict:
    """The problem document of this status and type."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) >= FIELDS
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["instance"] == response.request.url.path
    if name is not None:
        assert body["type"] == f"urn:groundwork:problem:{name}"
    assert "Traceback" not in response.text
    return body


async def jobs_of(database: Database, run_id: str) -> int:
    """How many jobs the queue holds for a run."""
    async with database.transaction(None) as connection:
        cursor = await connection.execute("SELECT count(*) AS jobs FROM procrastinate_jobs WHERE args ->> 'run_id' = %s", (run_id,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row["jobs"])
