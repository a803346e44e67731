"""A key may ask so often and no oftener; another key does not feel it."""

from __future__ import annotations

import httpx
import pytest

from api.problems import TooMany
from api.rates import RateLimit
from api.settings import ApiSettings
from store.keys import create_key
from tests.api.conftest import running
from tests.api.support import problem


class Clock:
    """Time that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimit, key: str, most: int = 1000) -> int:
    """How many requests pass before one is refused."""
    for number in range(most):
        try:
            limit.take(key)
        except TooMany:
            return number
    return most


def test_a_bucket_lets_a_burst_through_then_the_rate():
    clock = Clock()
    limit = RateLimit(rate=10, burst=20, clock=clock)
    assert taken(limit, "a") == 20
    clock.now += 1
    assert taken(limit, "a") == 10
    assert taken(limit, "b") == 20
    clock.now += 3600
    assert taken(limit, "a") == 20


def test_a_refusal_says_when_the_next_request_passes():
    clock = Clock()
    limit = RateLimit(rate=0.25, burst=1, clock=clock)
    limit.take("a")
    with pytest.raises(TooMany) as refused:
        limit.take("a")
    after = int(refused.value.headers["Retry-After"])
    assert after == 4
    clock.now += after
    limit.take("a")


def test_no_rate_is_no_limit():
    assert taken(RateLimit(rate=0, burst=1), "a") == 1000


def test_buckets_do_not_grow_without_bound(monkeypatch):
    monkeypatch.setattr("api.rates.MOST", 50)
    clock = Clock()
    limit = RateLimit(rate=1, burst=2, clock=clock)
    for number in range(500):
        limit.take(f"key_{number}")
        clock.now += 0.01
    assert len(limit._buckets) <= 50


async def test_over_http_it_is_429_with_retry_after_for_this_key_alone(store_settings, database, workspace):
    async with database.transaction(workspace.id) as connection:
        secrets = [(await create_key(connection, workspace.id, name, "auditor"))[1] for name in ("eager", "calm")]
    with running(ApiSettings(rate_limit=0.5, rate_burst=5), store_settings) as address:
        async with httpx.AsyncClient(base_url=address) as http:
            eager, calm = ({"Authorization": f"Bearer {secret}"} for secret in secrets)
            answers = [await http.get("/api/v1/clients", headers=eager) for _ in range(6)]
            assert [answer.status_code for answer in answers] == [200] * 5 + [429]
            body = problem(answers[-1], 429, "too-many-requests")
            assert answers[-1].headers["retry-after"] == "2"
            assert "come back in 2 s" in body["detail"]
            assert (await http.get("/api/v1/clients", headers=calm)).status_code == 200
            assert (await http.get("/healthz")).status_code == 200
