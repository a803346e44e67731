"""A worker process beside the server, kept alive as long as the server runs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import note

RESTART_SECONDS = 1.0
STOP_SECONDS = 30.0


@contextmanager
def worker_beside(wanted: bool) -> Iterator[None]:
    """Run `groundwork worker` until the block ends; start it again when it dies."""
    if not wanted:
        yield
        return
    ending = threading.Event()
    thread = threading.Thread(target=_keep, args=(ending,), name="worker beside")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _keep(ending: threading.Event) -> None:
    while not ending.is_set():
        # its own process group: Ctrl-C reaches the server, which then stops the worker in order
        process = subprocess.Popen([sys.executable, "-m", "cli.main", "worker"], start_new_session=True)
        while process.poll() is None and not ending.wait(0.2):
            pass
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        elif not ending.is_set():
            note(f"the worker ended with {process.returncode}; starting it again")
            ending.wait(RESTART_SECONDS)
