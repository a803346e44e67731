"""The command line against the session's Postgres, in this process; each test in a workspace of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from store.embedded import Urls


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Groundwork = Callable[..., Ended]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Groundwork:
    """`groundwork …` with nothing set and an empty home."""
    for name in ("DATABASE_URL", "GROUNDWORK_MIGRATE_URL", "GROUNDWORK_WORKSPACE", "GROUNDWORK_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROUNDWORK_HOME", str(tmp_path / "home"))

    def run(*arguments: str, stdin: str | None = None) -> Ended:
        result = CliRunner().invoke(app, list(arguments), input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def groundwork(bare: Groundwork, home: Path, urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Groundwork:
    """`groundwork …` in a workspace of this test, on the session's database."""
    monkeypatch.setenv("GROUNDWORK_HOME", str(home))
    made = bare("workspace", "create", "CLI test (simulated)", "--json").json
    monkeypatch.setenv("GROUNDWORK_WORKSPACE", made["id"])
    return bare


@pytest.fixture
def salon(groundwork: Groundwork) -> Groundwork:
    """The same with a client `salon`."""
    assert groundwork("client", "create", "salon", "--name", "Salon (simulated)").code == 0
    return groundwork
