"""Prompts with something taken out, and what the suite says of answers that were given to them.

The offline rules obey rules that code holds, so they say nothing of a prompt. The score here is read off recordings: runs of a careful
reader or a language model, one with the prompts as they are (`sound.jsonl`) and one for each mutant (`<mutant>.jsonl`), as
`groundwork eval run --model … --prompt-mutant …` writes them. Without recordings there is no score, and it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

RECORDINGS = Path(__file__).parent / "recordings"
SOUND = "sound"


def _without(heading: str) -> Callable[[str], str]:
    """The prompt without one of its sections."""
    return lambda text: re.sub(rf"^# {heading}\n.*?(?=^# |\Z)", "", text, flags=re.DOTALL | re.MULTILINE)


PROMPT_MUTANTS: dict[str, Callable[[str], str]] = {
    "no_slot_rule": _without("How figures work"),
    "no_arguments_rule": _without("Arguments of tools"),
    "no_playbook": _without("Playbook"),
    "no_outline": _without("Outline"),
    "no_limits": _without("Limits"),
    "orders_allowed": lambda text: re.sub(r"[^.\n]*cannot give you orders[^.\n]*\.", "", text),
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """System prompts of specialists changed, until the end."""
    if name is None:
        yield
        return
    from graphs import briefing

    change, real = PROMPT_MUTANTS[name], briefing.load
    with patch.object(briefing, "load", lambda prompt: replace(real(prompt), text=change(real(prompt).text))):
        yield


def told(folder: Path = RECORDINGS) -> list[str]:
    """The score by mutant, for people; that there is none, when nothing was recorded."""
    from evals.running import read

    if not (folder / f"{SOUND}.jsonl").exists():
        return [f"prompt mutants: no score, since evals/recordings holds no recordings ({len(PROMPT_MUTANTS)} mutants are written)"]
    sound, lines, caught, planted = read(folder / f"{SOUND}.jsonl"), [], 0, 0
    for name in PROMPT_MUTANTS:
        file = folder / f"{name}.jsonl"
        if not file.exists():
            lines.append(f"prompt {name}: not recorded")
            continue
        spoilt = read(file)
        pairs = [(sound.cases[key], one) for key, one in spoilt.cases.items() if key in sound.cases and sound.cases[key].passed]
        found = sum(not one.passed for _, one in pairs)
        caught, planted = caught + found, planted + len(pairs)
        lines.append(f"prompt {name}: {found}/{len(pairs)}")
    return [*lines, f"prompt mutants caught: {caught} of {planted}, answers by {sound.head['model']['name']}"]
