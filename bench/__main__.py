"""`make bench`: every measurement in turn, each in a process of its own, printed beside its limit.

Name some to run only those: `python -m bench start strategy`. A measurement that fails does not stop the others; the exit code says so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(wanted: list[str]) -> int:
    """Run the measurements of this folder, in the order of their names."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))
    failed = 0
    for name in wanted or names:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
