"""Context of a client: documents in chunks, found by meaning and by words, cited with source and date, forgotten on request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from psycopg import sql

from grounding.ids import new_id
from store.chunking import chunks_of
from store.database import Connection
from store.errors import StoreError

FUSION = 60
"""k of reciprocal rank fusion: score = sum of 1 / (k + rank). Cormack, Clarke, Büttcher, SIGIR 2009."""
CANDIDATES = 40
"""passages that each of the two searches hands to the fusion"""
COLUMNS = "id, client_id, title, kind, source, dated, text, created_at"


class Vectors(Protocol):
    """What an embedder gives: one row of floats per text."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> object: ...


class Embedder(Protocol):
    """Turns texts into vectors; `name` goes with every vector, since vectors of two models do not compare."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: list[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was given."""

    id: str
    client_id: str
    title: str
    kind: str
    source: str
    dated: date | None
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Outline:
    """A document without its text."""

    id: str
    title: str
    kind: str
    source: str
    dated: date | None
    characters: int
    passages: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """One chunk that answers a query, with what a citation needs. `score` is the fused rank score, larger is nearer."""

    document_id: str
    title: str
    source: str
    dated: date | None
    text: str
    score: float


async def add_document(
    connection: Connection, client_id: str, title: str, kind: str, text: str, source: str, dated: date | None, *, embedder: Embedder
) -> Document:
    """Keep a document with its chunks embedded. `kind` is brand, note, pricing, deliverable … Raises StoreError for an empty one."""
    chunks = await _embedded(title, text, embedder)
    statement = f"""
        INSERT INTO documents (id, client_id, title, kind, source, dated, text) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    row = await (await connection.execute(statement, (new_id("doc"), client_id, title, kind, source, dated, text))).fetchone()
    assert row is not None
    await _keep_chunks(connection, Document(**row), chunks, embedder)
    return Document(**row)


async def rewrite_document(connection: Connection, document: Document, *, embedder: Embedder) -> None:
    """Put another title, source and text in a document's place and cut and embed it again: its passages must not say the old ones."""
    chunks = await _embedded(document.title, document.text, embedder)
    statement = "UPDATE documents SET title = %s, source = %s, text = %s WHERE id = %s"
    await connection.execute(statement, (document.title, document.source, document.text, document.id))
    await connection.execute("DELETE FROM chunks WHERE document_id = %s", (document.id,))
    await _keep_chunks(connection, document, chunks, embedder)


async def _embedded(title: str, text: str, embedder: Embedder) -> list[tuple[str, str]]:
    """The text's pieces, each with its vector. Raises StoreError for an empty text."""
    pieces = await asyncio.to_thread(chunks_of, text)
    if not pieces:
        raise StoreError(f"the document {title!r} holds no text")
    # the title goes with every chunk, or a passage of "Brand voice" that never says so could not be found by it
    vectors = await asyncio.to_thread(embedder.embed, [f"{title}\n{piece}" for piece in pieces])
    return [(piece, _literal(vectors[number], embedder)) for number, piece in enumerate(pieces)]


async def _keep_chunks(connection: Connection, document: Document, chunks: list[tuple[str, str]], embedder: Embedder) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """INSERT INTO chunks (client_id, document_id, number, title, text, model, embedding)
               VALUES (%s, %s, %s, %s, %s, %s, %s::vector)""",
            [
                (document.client_id, document.id, number, document.title, piece, embedder.name, vector)
                for number, (piece, vector) in enumerate(chunks)
            ],
        )


async def search(connection: Connection, client_id: str, query: str, limit: int = 8, *, embedder: Embedder) -> list[Passage]:
    """The client's passages nearest to the query: cosine over the embedder's vectors and full text, fused by reciprocal rank.

    Chunks embedded by another model are found by their words only.
    """
    vector = _literal((await asyncio.to_thread(embedder.embed, [query]))[0], embedder)
    # the index is partial by model and typed by a cast: both have to stand in the query as literals to match it
    by_meaning = sql.SQL("""
        SELECT document_id, number, row_number() OVER (ORDER BY distance) AS rank
          FROM (SELECT document_id, number, embedding::vector({dimensions}) <=> %(vector)s::vector({dimensions}) AS distance
                  FROM chunks WHERE client_id = %(client_id)s AND model = {model}
                 ORDER BY distance LIMIT %(candidates)s) AS nearest
         WHERE distance < 1""").format(dimensions=sql.Literal(embedder.dimensions), model=sql.Literal(embedder.name))
    statement = sql.SQL("""
        WITH wanted AS (SELECT replace(plainto_tsquery('english', %(query)s)::text, '&', '|')::tsquery AS words),
             by_meaning AS ({by_meaning}),
             by_words AS (
                SELECT document_id, number, row_number() OVER (ORDER BY relevance DESC, document_id, number) AS rank
                  FROM (SELECT document_id, number, ts_rank_cd(search, words, 1) AS relevance
                          FROM chunks, wanted WHERE client_id = %(client_id)s AND search @@ words
                         ORDER BY relevance DESC, document_id, number LIMIT %(candidates)s) AS matching),
             fused AS (
                SELECT document_id, number, sum(1.0 / (%(fusion)s + rank))::float8 AS score
                  FROM (SELECT * FROM by_meaning UNION ALL SELECT * FROM by_words) AS ranked GROUP BY document_id, number)
        SELECT d.id AS document_id, d.title, d.source, d.dated, c.text, f.score
          FROM fused AS f JOIN chunks AS c USING (document_id, number) JOIN documents AS d ON d.id = c.document_id
         ORDER BY f.score DESC, d.id, c.number LIMIT %(limit)s""").format(by_meaning=by_meaning)
    values = {"client_id": client_id, "query": query, "vector": vector, "candidates": CANDIDATES, "fusion": FUSION, "limit": limit}
    async with connection.transaction():
        # without it a client with few of the many chunks would get fewer neighbours than there are
        await connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        rows = await (await connection.execute(statement, values)).fetchall()
    return [Passage(**row) for row in rows]


async def list_documents(connection: Connection, client_id: str) -> list[Document]:
    """The client's documents, newest first."""
    statement = f"SELECT {COLUMNS} FROM documents WHERE client_id = %s ORDER BY created_at DESC, id DESC"
    return [Document(**row) for row in await (await connection.execute(statement, (client_id,))).fetchall()]


async def outlines(connection: Connection, client_id: str, *, limit: int = 500) -> list[Outline]:
    """The client's documents without their texts, newest first."""
    statement = """
        SELECT id, title, kind, source, dated, length(text) AS characters, created_at,
               (SELECT count(*)::int FROM chunks AS c WHERE c.document_id = d.id) AS passages
          FROM documents AS d WHERE client_id = %s ORDER BY created_at DESC, id DESC LIMIT %s"""
    return [Outline(**row) for row in await (await connection.execute(statement, (client_id, limit))).fetchall()]


async def passages_of(connection: Connection, document_id: str) -> list[str]:
    """The passages that a document is cut in, in order: what an answer finds and cites."""
    statement = "SELECT text FROM chunks WHERE document_id = %s ORDER BY number"
    return [row["text"] for row in await (await connection.execute(statement, (document_id,))).fetchall()]


async def get_document(connection: Connection, document_id: str) -> Document | None:
    """The document of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM documents WHERE id = %s", (document_id,))).fetchone()
    return Document(**row) if row else None


async def forget_document(connection: Connection, document_id: str) -> bool:
    """Forget a document with its chunks; False when there is none."""
    return (await connection.execute("DELETE FROM documents WHERE id = %s", (document_id,))).rowcount == 1


def _literal(vector: object, embedder: Embedder) -> str:
    """pgvector's text form. Raises StoreError for a vector of another length than the embedder says."""
    numbers = [float(number) for number in vector]  # type: ignore[attr-defined]
    if len(numbers) != embedder.dimensions:
        raise StoreError(f"the embedder {embedder.name!r} gave {len(numbers)} dimensions in place of {embedder.dimensions}")
    return "[" + ",".join(f"{number:.7g}" for number in numbers) + "]"
