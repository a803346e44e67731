"""Whether the store is fit to serve, as data: one check per thing that an operator can put right."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from store import queue
from store.database import Database
from store.errors import StoreError
from store.migrate import pending
from store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `detail` says what was found, and what to do when it is not well."""

    name: str
    ok: bool
    detail: str


async def diagnose(settings: StoreSettings) -> list[Check]:
    """Look at home, database, schema, isolation, pgvector and workers. What cannot be looked at is left out after the check that failed."""
    checks = [_home(settings)]
    try:
        database = await Database.of(settings, size=1, name="groundwork doctor")
    except StoreError as error:
        return [*checks, Check("database", False, str(error))]
    try:
        async with database.transaction(None) as connection:
            row = await (await connection.execute(FINDINGS)).fetchone()
            alive = await queue.live_workers(connection)
        due = await asyncio.to_thread(pending, database.url)
    except StoreError as error:
        return [*checks, Check("database", False, str(error))]
    finally:
        await database.close()
    assert row is not None
    bare = row["bare"] or []
    return [
        *checks,
        Check("database", True, f"{'embedded' if settings.embedded else 'external'} Postgres {row['version']}"),
        Check("schema", not due, f"due: {', '.join(due)}: run `groundwork migrate`" if due else "is this release's"),
        Check(
            "vectors", row["vector"] is not None, f"pgvector {row['vector'] or 'is missing: CREATE EXTENSION vector as an administrator'}"
        ),
        Check(
            "role",
            not row["mighty"],
            "can bypass row-level security: point DATABASE_URL at an ordinary role" if row["mighty"] else "is bound",
        ),
        Check("isolation", not bare, f"without forced row-level security: {', '.join(bare)}" if bare else "forced on every tenant table"),
        Check("workers", alive > 0, f"{alive} alive" if alive else "no live worker: tasks wait until `groundwork worker` runs"),
    ]


FINDINGS = """
    SELECT current_setting('server_version') AS version,
           (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
               OR EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_has_role(relowner, 'MEMBER')) AS mighty,
           (SELECT array_agg(DISTINCT c.relname::text)
              FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname IN ('workspace_id', 'thread_id')
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity)) AS bare"""


def _home(settings: StoreSettings) -> Check:
    nearest = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    writable = os.access(nearest, os.W_OK)
    return Check(
        "home", writable, f"{settings.home} {'is writable' if writable else 'cannot be written: set GROUNDWORK_HOME to another folder'}"
    )
