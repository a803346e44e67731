"""Brings a Postgres to the schema of this release, as its owner: our SQL files, the checkpointer's and the queue's tables, grants.

Everything here is safe to run again, also after a kill in the middle; two migrations at once wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from llm.embeddings import LexicalEmbedder
from store.embedded import APP_ROLE
from store.errors import DatabaseUnavailable, StoreError
from store.signature import Signer

SCHEMA = Path(__file__).parent / "schema"
OLDEST = 15
LOCK = 0x6772_6F75  # "grou", the advisory lock that serialises migrations
APPEND_ONLY = ("audit_log", "erasures", "experiment_looks")
OWNER_ONLY = ("workspace_key", "schema_parts", "checkpoint_migrations")


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did: our files applied now, and the release of each foreign part."""

    applied: tuple[str, ...]
    parts: Mapping[str, str]


def migrate(owner_url: str, app_url: str | None = None, *, secret: str | None = None) -> Migrated:
    """Migrate as the owner. `app_url` (DATABASE_URL) names the application's role and (unless `secret` does) gives the workspace key.

    Raises DatabaseUnavailable, or StoreError that says what an administrator has to do.
    """
    connection = _connect(owner_url)
    with connection:
        if connection.info.server_version < OLDEST * 10000:
            raise StoreError(f"Postgres {connection.info.server_version // 10000} is too old: {OLDEST} or newer is needed")
        # asked again and again: a statement that waits holds a snapshot, and CREATE INDEX CONCURRENTLY would wait for it for ever
        while connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone() == (False,):
            time.sleep(0.05)
        _vector(connection)
        applied = _apply_files(owner_url)
        parts = _parts(connection)
        _checkpointer(connection, owner_url, parts)
        _queue(connection, parts)
        _operator(connection)
        _application(connection, app_url)
        if app_url is not None or secret is not None:
            _workspace_key(connection, Signer.of(app_url or "", secret))
    index_model(owner_url, LexicalEmbedder.name, LexicalEmbedder.dimensions)
    return Migrated(applied, parts)


def pending(url: str) -> tuple[str, ...]:
    """Our files that this database has not seen, by any role that can read `_yoyo_migration`. Raises DatabaseUnavailable."""
    ours = sorted(file.stem for file in SCHEMA.glob("*.sql"))
    with _connect(url) as connection:
        if connection.execute("SELECT to_regclass('_yoyo_migration')").fetchone() == (None,):
            return tuple(ours)
        seen = {row[0] for row in connection.execute("SELECT migration_id FROM _yoyo_migration")}
    return tuple(name for name in ours if name not in seen)


def index_model(owner_url: str, model: str, dimensions: int) -> None:
    """Give an embedding model its partial HNSW index (cosine); the default model gets it with every migration.

    A model without one is searched exactly, which is slower from about 10⁵ passages on. pgvector indexes 2 000 dimensions at most.
    """
    name = "chunks_hnsw_" + "".join(letter if letter.isalnum() else "_" for letter in model.lower())[:40]
    statement = (
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON chunks USING hnsw ((embedding::vector({})) vector_cosine_ops) WHERE model = {}"
    )
    with _connect(owner_url) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(dimensions), sql.Literal(model)))


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="groundwork migrate")
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"Postgres cannot be reached: {error}") from error


def _vector(connection: psycopg.Connection) -> None:
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone():
        return
    try:
        connection.execute("CREATE EXTENSION vector")
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            "the extension pgvector is missing: an administrator has to run CREATE EXTENSION vector in this database"
        ) from error
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
        raise StoreError("pgvector is not installed on this Postgres server: install it, then CREATE EXTENSION vector") from error


def _apply_files(owner_url: str) -> tuple[str, ...]:
    """Apply store/schema/*.sql with yoyo, over psycopg 3."""
    from yoyo import read_migrations
    from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
    from yoyo.connections import DatabaseURI

    given = conninfo_to_dict(owner_url)
    database = str(given.pop("dbname", "") or "")
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, database, given)
    backend = PostgresqlPsycopgBackend(uri, "_yoyo_migration")
    try:
        backend.init_database()
        # our advisory lock is held, so a lock row can only be left over from a killed migration
        backend.break_lock()
        todo = backend.to_apply(read_migrations(str(SCHEMA)))
        with backend.lock():
            backend.apply_migrations(todo)
        return tuple(migration.id for migration in todo)
    finally:
        backend.connection.close()


def _parts(connection: psycopg.Connection) -> dict[str, str]:
    """The releases whose foreign tables this database has."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_parts (name text PRIMARY KEY, release text NOT NULL)")
    return dict(connection.execute("SELECT name, release FROM schema_parts").fetchall())


def _set_part(connection: psycopg.Connection, parts: dict[str, str], name: str, release: str) -> None:
    statement = "INSERT INTO schema_parts VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET release = excluded.release"
    connection.execute(statement, (name, release))
    parts[name] = release


def _checkpointer(connection: psycopg.Connection, owner_url: str, parts: dict[str, str]) -> None:
    """LangGraph's tables, then row-level security by the thread id's prefix `<workspace id>:`."""
    release = version("langgraph-checkpoint-postgres")
    if parts.get("langgraph-checkpoint-postgres") == release:
        return
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg.rows import dict_row

    with psycopg.connect(owner_url, autocommit=True, row_factory=dict_row) as own:
        PostgresSaver(own).setup()
    own_thread = "(SELECT groundwork_workspace()) = split_part(thread_id, ':', 1)"
    with connection.transaction():
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            name = sql.Identifier(table)
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
            connection.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))
            connection.execute(sql.SQL("DROP POLICY IF EXISTS own_workspace ON {}").format(name))
            connection.execute(
                sql.SQL("CREATE POLICY own_workspace ON {} USING (" + own_thread + ") WITH CHECK (" + own_thread + ")").format(name)
            )
        _set_part(connection, parts, "langgraph-checkpoint-postgres", release)


def _queue(connection: psycopg.Connection, parts: dict[str, str]) -> None:
    """Procrastinate's tables: its schema file at first, later the migration files newer than the release that is there."""
    release = version("procrastinate")
    have = parts.get("procrastinate")
    if have == release:
        return
    folder = files("procrastinate.sql")
    with connection.transaction():
        if have is None:
            connection.execute(folder.joinpath("schema.sql").read_bytes())
        else:
            for file in sorted(folder.joinpath("migrations").iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".sql") and _release(file.name.split("_")[0]) > _release(have):
                    connection.execute(file.read_bytes())
        _set_part(connection, parts, "procrastinate", release)


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3])


def _operator(connection: psycopg.Connection) -> None:
    """Let the owner read every tenant table, for backups and for the functions that count over all workspaces; it still cannot write."""
    bare = connection.execute(
        """SELECT relname::text FROM pg_class AS c
            WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relowner = current_user::regrole
              AND NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polname = 'operator')"""
    ).fetchall()
    for (table,) in bare:
        connection.execute(sql.SQL("CREATE POLICY operator ON {} FOR SELECT TO CURRENT_USER USING (true)").format(sql.Identifier(table)))


def _application(connection: psycopg.Connection, app_url: str | None) -> None:
    """The role `groundwork_app` and what it may do. The role of `app_url`, when it is another, becomes a member of it."""
    given = conninfo_to_dict(app_url or "")
    login, password = str(given.get("user") or APP_ROLE), given.get("password")
    app = sql.Identifier(APP_ROLE)
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", ([APP_ROLE, login],))}
    if login not in known | {APP_ROLE}:
        raise StoreError(f"the role {login!r} of DATABASE_URL does not exist: make it, or use {APP_ROLE!r}")
    try:
        if APP_ROLE not in known:
            own = login == APP_ROLE and password
            clause = sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password)) if own else sql.SQL("NOLOGIN")
            connection.execute(sql.SQL("CREATE ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE ").format(app) + clause)
        if connection.execute("SELECT pg_has_role(%s, %s, 'USAGE')", (login, APP_ROLE)).fetchone() == (False,):
            connection.execute(sql.SQL("GRANT {} TO {}").format(app, sql.Identifier(login)))
    except psycopg.errors.InsufficientPrivilege as error:
        grant = "" if login == APP_ROLE else f"; GRANT {APP_ROLE} TO {login}"
        raise StoreError(
            f"an administrator has to run: CREATE ROLE {APP_ROLE} LOGIN PASSWORD '…'{grant} (as far as it is not done)"
        ) from error
    with connection.transaction():
        run = connection.execute
        run(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
        run(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app))
        run(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(app))
        run(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))
        run(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.SQL(", ").join(map(sql.Identifier, OWNER_ONLY)), app))
        run(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.SQL(", ").join(map(sql.Identifier, APPEND_ONLY)), app))
        for table in ("_yoyo_migration", "_yoyo_log", "_yoyo_version", "yoyo_lock"):
            run(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), app))
        # the functions below need a signature or a whole secret, yet nobody else has a use for them
        run(sql.SQL("REVOKE ALL ON FUNCTION groundwork_find_key(text, bytea) FROM PUBLIC"))
        run(sql.SQL("GRANT EXECUTE ON FUNCTION groundwork_find_key(text, bytea) TO {}").format(app))
        for function in (
            "groundwork_counts()",
            "groundwork_due(timestamptz)",
            "groundwork_erase_from_audit(text[])",
            "groundwork_find_member(text)",
            "groundwork_find_session(bytea)",
            "groundwork_find_share(bytea)",
            "groundwork_overdue()",
            "groundwork_scheduled(timestamptz)",
            "groundwork_sign_in_link(bytea, boolean)",
        ):
            run(sql.SQL("REVOKE ALL ON FUNCTION " + function + " FROM PUBLIC"))
            run(sql.SQL("GRANT EXECUTE ON FUNCTION " + function + " TO {}").format(app))


def _workspace_key(connection: psycopg.Connection, signer: Signer) -> None:
    statement = "INSERT INTO workspace_key (key) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET key = excluded.key"
    connection.execute(statement, (signer.key,))
