"""Retrieval of a client's context, by meaning and by words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import sqrt
from typing import Any

import pytest

from store import documents
from store.chunking import TARGET, chunks_of
from store.clients import Client
from store.database import Database
from store.embedded import Urls
from store.errors import StoreError
from store.migrate import index_model

TOPICS = (
    ("tone", "voice", "words", "warm"),
    ("price", "cost", "rand", "fee"),
    ("booking", "appointment", "calendar"),
    ("refund", "cancel"),
)


class Topics:
    """An embedder that knows four topics: what a model would call meaning, small enough to reason about."""

    dimensions = len(TOPICS) + 1

    def __init__(self, name: str = "topics") -> None:
        self.name = name
        self.seen: list[str] = []

    def embed(self, texts: list[str]) -> Sequence[Sequence[float]]:
        self.seen += texts
        rows = [[*(float(sum(text.lower().count(word) for word in words)) for words in TOPICS), 0.01] for text in texts]
        return [[value / sqrt(sum(x * x for x in row)) for value in row] for row in rows]


NOTES: dict[str, tuple[str, str, str, date | None]] = {
    "Brand voice": ("brand", "We sound warm and plain. Never say synergy.", "brand.md", date(2026, 3, 1)),
    "Price list": ("pricing", "Starter is R199 a month, Studio is R449 a month.", "prices.xlsx", date(2026, 9, 1)),
    "Calendar": ("note", "Most appointments are made on Sunday evenings.", "notes", None),
    "Policy": ("note", "A refund is given when a customer cancels within 14 days. Ask Nomvula.", "policy.pdf", date(2025, 1, 1)),
}


async def filled(database: Database, client: Client, embedder: Any) -> None:
    async with database.transaction(client.workspace_id) as connection:
        for title, (kind, text, source, dated) in NOTES.items():
            await documents.add_document(connection, client.id, title, kind, text, source, dated, embedder=embedder)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("what tone of voice", "Brand voice"),
        ("monthly cost", "Price list"),
        ("when do people book an appointment", "Calendar"),
        ("Nomvula", "Policy"),
        ("synergy", "Brand voice"),
        ("R449", "Price list"),
    ],
)
async def test_the_right_passage_comes_first_by_meaning_or_by_words(database: Database, client: Client, query: str, title: str) -> None:
    embedder = Topics()
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        found = await documents.search(connection, client.id, query, 3, embedder=embedder)
    assert found[0].title == title
    assert (found[0].text, found[0].source, found[0].dated) == NOTES[title][1:]
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)


async def test_what_both_searches_find_outranks_what_one_finds(database: Database, client: Client) -> None:
    embedder = Topics()
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        found = await documents.search(connection, client.id, "refund", 4, embedder=embedder)
    assert found[0].title == "Policy"
    assert found[0].score == pytest.approx(2 / (documents.FUSION + 1))


async def test_another_clients_documents_are_not_found(database: Database, client: Client) -> None:
    from grounding.evidence import Locale
    from store.clients import create_client

    embedder = Topics()
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        other = await create_client(connection, "other", "Other (simulated)", Locale(), {})
        assert await documents.search(connection, other.id, "price", embedder=embedder) == []


async def test_a_changed_embedder_still_finds_by_words_what_the_old_one_embedded(database: Database, client: Client) -> None:
    await filled(database, client, Topics("old"))
    async with database.transaction(client.workspace_id) as connection:
        found = await documents.search(connection, client.id, "Studio", embedder=Topics("new"))
    assert [passage.title for passage in found] == ["Price list"]


async def test_a_forgotten_document_is_gone_with_its_passages(database: Database, client: Client) -> None:
    embedder = Topics()
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        listed = await documents.list_documents(connection, client.id)
        assert {document.title for document in listed} == set(NOTES)
        policy = next(document for document in listed if document.title == "Policy")
        assert await documents.get_document(connection, policy.id) == policy
        assert await documents.forget_document(connection, policy.id)
        assert not await documents.forget_document(connection, policy.id)
        assert "Policy" not in {found.title for found in await documents.search(connection, client.id, "refund Nomvula", embedder=embedder)}
        row = await (await connection.execute("SELECT count(*) AS n FROM chunks WHERE document_id = %s", (policy.id,))).fetchone()
        assert row == {"n": 0}


async def test_a_query_of_no_words_and_odd_signs_is_answered(database: Database, client: Client) -> None:
    embedder = Topics()
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        for query in ("", "!!! & | ( :* '", "the of and", "\\", "x" * 5000):
            assert isinstance(await documents.search(connection, client.id, query, embedder=embedder), list)


async def test_the_partial_index_of_the_model_serves_the_search(database: Database, client: Client, urls: Urls) -> None:
    embedder = Topics("indexed")
    index_model(urls.owner, embedder.name, embedder.dimensions)
    index_model(urls.owner, embedder.name, embedder.dimensions)
    await filled(database, client, embedder)
    async with database.transaction(client.workspace_id) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_bitmapscan = off")
        await connection.execute("SET LOCAL enable_sort = off")
        plan = await connection.execute(
            """EXPLAIN SELECT number FROM chunks WHERE client_id = 'x' AND model = 'indexed'
               ORDER BY embedding::vector(5) <=> '[1,0,0,0,0]'::vector(5) LIMIT 40"""
        )
        assert "chunks_hnsw_indexed" in str(await plan.fetchall())
        found = await documents.search(connection, client.id, "what tone of voice", 1, embedder=embedder)
        assert [passage.title for passage in found] == ["Brand voice"]


async def test_an_empty_document_and_a_lying_embedder_are_refused(database: Database, client: Client) -> None:
    class Liar(Topics):
        dimensions = 3

    async with database.transaction(client.workspace_id) as connection:
        with pytest.raises(StoreError, match="holds no text"):
            await documents.add_document(connection, client.id, "Empty", "note", " \n\n \x00", "x", None, embedder=Topics())
        with pytest.raises(StoreError, match="5 dimensions in place of 3"):
            await documents.add_document(connection, client.id, "T", "note", "text", "x", None, embedder=Liar())


def test_chunks_hold_all_words_in_order_within_the_limit() -> None:
    text = "# Title\n\nFirst paragraph.\n\n" + "\n\n".join(f"Sentence {n} is here. " * 30 for n in range(6)) + "\n\n" + "x" * 2500
    chunks = chunks_of(text)
    assert all(0 < len(chunk) <= TARGET for chunk in chunks)
    assert "".join(" ".join(chunks).split()) == "".join(text.split())
    assert chunks[0].startswith("# Title\nFirst paragraph.")


def test_a_heading_stays_with_what_is_below_it() -> None:
    text = "a" * (TARGET - 5) + "\n\n## Prices\n\nR199 a month."
    assert chunks_of(text) == ["a" * (TARGET - 5), "## Prices\nR199 a month."]
