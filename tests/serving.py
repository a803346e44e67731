"""The service as people start it: `groundwork serve --with-worker` in processes of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parents[1]
UNSET = ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL", "GROUNDWORK_MODEL", "GROUNDWORK_WORKSPACE")


@asynccontextmanager
async def served(home: Path, log: Path, **settings: str) -> AsyncIterator[str]:
    """Its address while the block lasts; `settings` go into its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment |= {"GROUNDWORK_HOME": str(home), "GROUNDWORK_LOG_FORMAT": "json", **settings}
    command = [sys.executable, "-m", "cli.main", "serve", "--with-worker", "--port", str(port)]
    with log.open("wb") as said:
        server = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=said, stderr=said)
    try:
        address = f"http://127.0.0.1:{port}"
        await _answering(address, server, log)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.wait, 60)


async def _answering(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    async with asyncio.timeout(120), httpx.AsyncClient() as http:
        while True:
            assert server.poll() is None, log.read_text()
            try:
                if (await http.get(f"{address}/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.2)
