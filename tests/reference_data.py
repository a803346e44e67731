"""Public reference data, kept beside the checkout; a test that wants a file of it is skipped where there is none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def reference_file(name: str) -> Path:
    """A data set or the cases."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the public reference data are not here: {path}")
    return path


def reference_rows(name: str) -> list[dict[str, str]]:
    """The rows of a data set."""
    with reference_file(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reference_case(case: str) -> dict[str, Any]:
    """`input`, `expected` and `source` of one published case."""
    cases = json.loads(reference_file("reference_cases.json").read_text(encoding="utf-8"))
    return next(one for one in cases if one["id"] == case)
