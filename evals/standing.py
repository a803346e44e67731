"""Files that stand in the repository.

`python -m evals.standing RUN` makes a run the baseline; `python -m evals.standing --recording sound RUN…` joins runs of a reader or a
language model, of different cases, into one recording.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
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


def record(name: str, paths: Sequence[Path]) -> None:
    """Join runs into `evals/recordings/<name>.jsonl`. Raises SystemExit when they were not asked alike."""
    from evals.prompt_mutants import PROMPT_MUTANTS, RECORDINGS, SOUND
    from evals.running import read, write

    runs = [read(path) for path in paths]
    said = {(run.head["model"]["name"], run.head.get("prompt_mutant") or SOUND, run.head["graders"]) for run in runs}
    if len(said) != 1 or not runs[0].head["model"]["is_llm"]:
        raise SystemExit("a recording is of one model that is no set of rules, one state of the prompts and one of the graders")
    [(_, mutant, _)] = said
    if mutant != name or name not in (SOUND, *PROMPT_MUTANTS):
        raise SystemExit(f"these runs are of {mutant!r}, not of {name!r}")
    cases = {key: one for run in runs for key, one in run.cases.items()}
    first = runs[0].head | {"datasets": {key: value for run in runs for key, value in run.head["datasets"].items()}}
    first |= {"cases": len(cases), "passed": sum(one.passed for one in cases.values()), "seconds": sum(run.head["seconds"] for run in runs)}
    write(RECORDINGS / f"{name}.jsonl", first, cases.values())
    print(f"{RECORDINGS / name}.jsonl: {first['passed']} of {first['cases']} passed")


if __name__ == "__main__":
    if sys.argv[1] == "--recording":
        record(sys.argv[2], [Path(name) for name in sys.argv[3:]])
    else:
        main(Path(sys.argv[1]))
