"""What a tool leaves behind for later calls: a fitted model, found again by name and version. `store/models.py` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Artefact:
    """One version of a model.

    `content`: the estimator as a skops file, never a pickle. `sha256` is its hash in hex. `about`: plain JSON, all that is needed to use
    and judge it: how columns are read, the calibration, the card. `fingerprint` is a hash of the learned numbers: two trainings that
    learned the same have the same, though their files differ. `serves`: whether it took over from the version that served before it.
    """

    name: str
    version: int
    content: bytes
    sha256: str
    about: Mapping[str, Any]
    fingerprint: str
    serves: bool
