"""The seed of a request: the same in every process, another for another request."""

from __future__ import annotations

import subprocess
import sys

from tools.contract import Request, choice
from tools.methods.seeds import seed_of


class Ask(Request):
    level: float = choice("share", "a level", default=0.9)


def test_same_request_same_seed_in_another_process():
    code = (
        "from tools.contract import Request, choice\nfrom tools.methods.seeds import seed_of\n"
        "class Ask(Request):\n    level: float = choice('share', 'a level', default=0.9)\n"
        "print(seed_of(Ask(as_of='2026-01-05')))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == seed_of(Ask(as_of="2026-01-05"))


def test_another_request_another_seed():
    assert seed_of(Ask(level=0.8)) != seed_of(Ask(level=0.9))
