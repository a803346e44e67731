"""Working folders beside a client's tables: on the same disk, gone when done, and swept when the process that held one has died."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grounding.ids import new_id

WORK = "_work"


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A fresh working folder of a client. Holds rows of people, so it lies where an erasure looks and not in the system's /tmp."""
    sweep(folder)
    name = new_id("w")
    making, place = folder / WORK / f"making_{name}", folder / WORK / name
    making.mkdir(parents=True)
    try:
        with (making / "alive").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # It takes its name once it is locked, so that nobody sweeps it in between.
            making.rename(place)
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(making, ignore_errors=True)


def sweep(folder: Path) -> int:
    """Remove working folders whose process is gone (its lock is free); gives how many."""
    removed = 0
    for place in sorted((folder / WORK).glob("w_*")):
        try:
            with (place / "alive").open("r+") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place)
                removed += 1
        except (FileNotFoundError, BlockingIOError):
            # Its own process has just removed it, or is alive.
            continue
    return removed
