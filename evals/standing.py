"""Files that stand in the repository. `python -m evals.standing RUN` makes a run the baseline."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

BASELINE = Path(__file__).parent / "baselines" / "offline.jsonl"
"""A run of the offline rules: it holds graphs, tools and graders to what they were, and says nothing of the quality of a prompt."""
KEPT_TEXT = 900
"""characters of each answer that the baseline keeps: its hash covers all of it"""


def main(path: Path) -> None:
    """Keep a run as the baseline, its texts cut short."""
    from evals.running import read, write

    found = read(path)
    if found.head["model"]["is_llm"]:
        raise SystemExit("the committed baseline is one of the offline rules")
    write(BASELINE, found.head | {"text_cut_at": KEPT_TEXT}, [replace(one, text=one.text[:KEPT_TEXT]) for one in found.cases.values()])
    print(f"{BASELINE}: {found.head['passed']} of {found.head['cases']} passed; {found.head['says']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
