"""The application's connections: a pool whose transactions see one workspace each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.sql import quote
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from store.errors import DatabaseUnavailable, NotMigrated, StoreError
from store.settings import StoreSettings
from store.signature import PROBE, Signer

Answer = TypeVar("Answer")
Connection = AsyncConnection[DictRow]
"""What repository functions take: inside a transaction that somebody else commits."""

CONNECTION_OPTIONS: dict[str, Any] = {
    "row_factory": dict_row,
    "connect_timeout": 5,
    # a peer that vanished without a word is noticed within half a minute
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


SEEN = """
    SELECT groundwork_workspace() AS seen, rolname AS role, rolsuper OR rolbypassrls AS mighty FROM pg_roles WHERE rolname = current_user"""
SET_WORKSPACE = "SELECT set_config('groundwork.workspace', %s, true)"
MOST_HELD = 120
"""Connections that runs under way hold at most: two each. More would be more than Postgres gives by its own settings."""
IDLE_SECONDS = 60.0
"""How long a connection that no run holds any more is kept for the next one."""
RECONNECT_SECONDS = 3.0
"""How long one attempt to connect goes on, ever slower. The next who wants a connection begins a new one, so none gets very slow."""


@dataclass(slots=True)
class Database:
    """An open database. Make it with `open`, close it with `close`, both on the same event loop."""

    url: str = field(repr=False)
    signer: Signer
    pool: AsyncConnectionPool[Connection]
    held: AsyncConnectionPool[Connection] = field(repr=False)
    """Connections whose session somebody has for a while: see `hold`. None is open before one is asked for."""

    @classmethod
    async def open(cls, url: str, *, secret: str | None = None, size: int = 10, wait: float = 5.0, name: str = "groundwork") -> Database:
        """Connect as the application's role.

        Raises DatabaseUnavailable after `wait` seconds, NotMigrated, or StoreError when the workspace key is another.
        """
        signer = Signer.of(url, secret)
        pool = AsyncConnectionPool(
            url,
            connection_class=AsyncConnection[DictRow],
            # we say BEGIN ourselves, together with the workspace: the driver would send it alone
            kwargs={**CONNECTION_OPTIONS, "application_name": name, "autocommit": True},
            min_size=1,
            max_size=size,
            timeout=wait,
            open=False,
            reconnect_timeout=RECONNECT_SECONDS,
            name=name,
        )
        held = AsyncConnectionPool(
            url,
            connection_class=AsyncConnection[DictRow],
            kwargs={**CONNECTION_OPTIONS, "application_name": f"{name} run", "autocommit": True, "prepare_threshold": None},
            min_size=0,
            max_size=MOST_HELD,
            max_idle=IDLE_SECONDS,
            timeout=wait,
            open=False,
            reconnect_timeout=RECONNECT_SECONDS,
            name=f"{name} run",
        )
        database = cls(url, signer, pool, held)
        try:
            await held.open()
            await pool.open(wait=True, timeout=wait)
            await database.check_key()
        except BaseException as error:
            await pool.close()
            await held.close()
            if isinstance(error, PoolTimeout):
                raise DatabaseUnavailable("Postgres cannot be reached: run `groundwork db start`, or check DATABASE_URL") from error
            raise
        return database

    @classmethod
    async def of(cls, settings: StoreSettings, **options: Any) -> Database:
        """Connect as the settings say: to DATABASE_URL, else to the embedded database of the home, which has to run."""
        return await cls.open(settings.app_url, secret=settings.secret.get_secret_value() if settings.secret else None, **options)

    @asynccontextmanager
    async def transaction(self, workspace_id: str | None) -> AsyncIterator[Connection]:
        """A transaction that sees this workspace only; with None, no tenant's rows at all. Commits at the end, rolls back on an error.

        Raises DatabaseUnavailable when there is no connection, or when it is lost before the commit is confirmed.
        """
        connection = await self._begin(workspace_id)
        try:
            async with connection:
                yield connection
        except psycopg.OperationalError as error:
            if connection.closed:
                raise DatabaseUnavailable("Postgres went away in the middle of a transaction") from error
            raise
        finally:
            await self.pool.putconn(connection)

    async def read(self, workspace_id: str, statement: LiteralString, values: Sequence[Any]) -> list[DictRow]:
        """The rows of one statement that only reads, in this workspace. One round trip, where a transaction takes four.

        The setting and the statement go out together, and up to the answer Postgres takes them for one transaction. Raises
        DatabaseUnavailable.
        """

        async def ask(connection: Connection) -> list[DictRow]:
            async with connection.pipeline():
                await connection.execute(SET_WORKSPACE, (self.signer.sign(workspace_id),), prepare=True)
                cursor = await connection.execute(statement, values, prepare=True)
            return await cursor.fetchall()

        connection, rows = await self._first(ask)
        await self.pool.putconn(connection)
        return rows

    @asynccontextmanager
    async def hold(self, first: LiteralString, values: Sequence[Any], undo: LiteralString) -> AsyncIterator[tuple[Connection, DictRow]]:
        """A connection whose session is one's own for the block, with the row that its first statement gave; outside of any transaction.

        Kept open afterwards for the next who holds one, once `undo` has taken back what was done to the session; a connection on which that
        fails is closed. Raises DatabaseUnavailable.
        """

        async def ask(connection: Connection) -> DictRow:
            row = await (await connection.execute(first, values)).fetchone()
            assert row is not None
            return row

        connection, row = await self._first(ask, self.held)
        try:
            yield connection, row
        finally:
            try:
                await connection.execute(undo)
            except BaseException as error:
                await connection.close()
                if not isinstance(error, psycopg.Error):
                    raise
            finally:
                await self.held.putconn(connection)

    async def _begin(self, workspace_id: str | None) -> Connection:
        """A connection whose transaction has begun with its workspace set, in one round trip."""
        signed = "" if workspace_id is None else self.signer.sign(workspace_id)
        begin = f"BEGIN; SELECT set_config('groundwork.workspace', {quote(signed)}, true)"
        connection, _ = await self._first(lambda connection: connection.execute(begin))
        return connection

    async def _first(
        self, ask: Callable[[Connection], Awaitable[Answer]], pool: AsyncConnectionPool[Connection] | None = None
    ) -> tuple[Connection, Answer]:
        """A connection and the answer to the first thing asked on it.

        That is also the proof that the connection lives: after a restart of Postgres the pool is full of dead ones.
        """
        pool = pool or self.pool
        while True:
            try:
                connection = await pool.getconn()
            except PoolTimeout as error:
                raise DatabaseUnavailable("Postgres gives no connection: it is down, or all connections are in use") from error
            try:
                return connection, await ask(connection)
            except BaseException as error:
                await pool.putconn(connection)
                if not (isinstance(error, psycopg.OperationalError) and connection.closed):
                    raise

    async def check_key(self) -> None:
        """Raises NotMigrated, or StoreError when our role is not bound by row-level security or our key is not the database's."""
        try:
            async with self.transaction(PROBE) as connection:
                row = await (await connection.execute(SEEN)).fetchone()
        except psycopg.errors.UndefinedFunction as error:
            raise NotMigrated("the database has no schema yet: run `groundwork migrate`") from error
        assert row is not None
        if row["mighty"]:
            raise StoreError(
                f"the role {row['role']!r} of DATABASE_URL can bypass row-level security: use an ordinary one, such as groundwork_app"
            )
        if row["seen"] != PROBE:
            raise StoreError(
                "this process and the database hold different workspace keys: run `groundwork migrate` with the same DATABASE_URL "
                "(or GROUNDWORK_SECRET) that this process has"
            )

    async def close(self) -> None:
        """Close all connections, waiting a moment for those in use."""
        await asyncio.shield(asyncio.gather(self.pool.close(timeout=5.0), self.held.close(timeout=5.0)))
