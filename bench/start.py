"""How fast a command answers: whole processes from outside, best and median of seven."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).parent / "groundwork"
REQUEST = json.dumps(
    {
        "operation": "ratio",
        "name": "cost_per_booking",
        "label": "cost per booking",
        "operands": [
            {"name": "ad spend", "value": 1500000, "unit": "money", "currency": "ZAR"},
            {"name": "bookings", "value": 84, "unit": "count"},
        ],
    }
)


def seconds(arguments: list[str], given: str = "") -> list[float]:
    """Wall seconds of seven runs after one warm-up."""
    taken = []
    for _ in range(8):
        began = time.perf_counter()
        subprocess.run([COMMAND, *arguments], input=given, text=True, capture_output=True, check=True)
        taken.append(time.perf_counter() - began)
    return taken[1:]


def main() -> None:
    """Print each figure beside its limit."""
    for label, arguments, given, limit in (
        ("groundwork --help", ["--help"], "", 0.3),
        ("groundwork tool run calculate", ["tool", "run", "calculate"], REQUEST, 1.0),
    ):
        taken = seconds(arguments, given)
        print(f"{label:<32} median {statistics.median(taken):.2f} s, best {min(taken):.2f} s (limit {limit} s)")


if __name__ == "__main__":
    main()
