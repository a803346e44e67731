"""`groundwork serve --with-worker` as a process: a task over HTTP to its deliverable, every record of it replayed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.api.support import BRIEF

REPOSITORY = Path(__file__).resolve().parents[2]
BOOKINGS = "day,channel,campaign,impressions,clicks,spend,currency,conversions\n" + "".join(
    f"2026-{month:02d}-{day:02d},{channel},always on,{1000 + 13 * day},{50 + day},{90000 + 700 * day + 3000 * month},ZAR,{3 + day % 5}\n"
    for month in range(3, 11)
    for day in range(1, 29)
    for channel in ("google_ads", "meta")
)


@pytest.fixture
def served(home, urls, ours):
    """The address of a `groundwork serve` process with a worker beside it."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--with-worker"],
        cwd=REPOSITORY,
        env=environment | {"GROUNDWORK_HOME": str(home), "GROUNDWORK_MODEL": "offline"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        found = re.search(r"Uvicorn running on (http://[\d.:]+)", line)
        if found:
            break
    else:
        pytest.fail("".join(lines))
    import threading

    drain = threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True)
    drain.start()
    yield found[1], lines
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    drain.join(5)
    wrong = [line for line in lines if "Traceback" in line or ours.secret in line]
    assert not wrong, "".join(wrong)


@pytest.mark.slow
async def test_a_task_goes_from_request_to_deliverable_and_every_record_replays(served, ours):
    address, _ = served
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {ours.secret}"}, timeout=60) as http:
        imported = await http.post("/imports", data={"client": "salon", "confirm": "true"}, files={"file": ("ads.csv", BOOKINGS.encode())})
        assert imported.status_code == 201, imported.text
        deadline = time.monotonic() + 30
        while "no live worker" in (await httpx.AsyncClient().get(f"{address}/readyz")).text:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        task = (await http.post("/tasks", json={"client": "salon", "brief": BRIEF})).json()
        kinds = []
        async with http.stream("GET", task["links"]["events"].removeprefix("/api/v1"), timeout=120) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    kinds.append(line.removeprefix("event: "))
        assert kinds[0] == "queued"
        assert kinds[-1] == "finished"
        assert "tool_result" in kinds
        ended = (await http.get(f"/tasks/{task['id']}")).json()
        assert ended["status"] in ("succeeded", "needs_person"), ended["error"]
        made = (await http.get(f"/deliverables/{ended['deliverable']}")).json()
        assert made["model"]["is_llm"] is False
        for suffix, begins in ((".md", b"# "), (".html", b"<!doctype html>"), (".pdf", b"%PDF-")):
            assert (await http.get(f"/deliverables/{made['id']}{suffix}")).content.startswith(begins)
        replayed = 0
        for alias, identity in made["evidence"].items():
            if alias.startswith("E"):
                assert (await http.post(f"/evidence/{identity}/replay")).json()["equal"] is True
                replayed += 1
        assert replayed >= 3
