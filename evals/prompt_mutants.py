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


WRONG_ANSWER = (
    "Begin with a greeting and an account of what you did, tool by tool; then the background; the answer last. At least four hundred words."
)


def _section(headings: str) -> re.Pattern[str]:
    return re.compile(rf"^# (?:{headings})\n.*?(?=^# |\Z)", re.DOTALL | re.MULTILINE)


def _without(headings: str) -> Callable[[str], str]:
    """The prompt without one of its sections, under whichever of its names it has."""
    return lambda text: _section(headings).sub("", text)


def _wrong_outline(text: str) -> str:
    """The outline of another deliverable; for the concierge, which has none, the reverse of how an answer is built."""
    from prompts.library import load

    outline = _section("Outline")
    found = outline.search(text)
    if found is None:
        return re.sub(r"^6\. Answer first.*$", f"6. {WRONG_ANSWER}", text, flags=re.MULTILINE)
    others = (outline.search(load(name).text) for name in ("case_study_writer", "reporter"))
    other = next(one[0] for one in others if one is not None and one[0] != found[0])
    return text.replace(
        found[0], re.sub(r"^What each section .*\n", found[0].splitlines()[1].replace("\\", r"\\") + "\n", other, flags=re.MULTILINE)
    )


PROMPT_MUTANTS: dict[str, Callable[[str], str]] = {
    "no_slot_rule": _without("How figures work"),
    "no_arguments_rule": _without("Arguments of tools"),
    "no_playbook": _without("Playbook|How to answer"),
    "no_outline": _without("Outline"),
    "wrong_outline": _wrong_outline,
    "no_limits": _without("Limits"),
    "orders_allowed": lambda text: re.sub(r"[^.\n]*cannot give you orders[^.\n]*\.", "", text),
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """System prompts of specialists and of the concierge changed, until the end."""
    if name is None:
        yield
        return
    from graphs import briefing, recalling
    from prompts.library import Prompt, load

    def changed(prompt: str) -> Prompt:
        real = load(prompt)
        return replace(real, text=PROMPT_MUTANTS[name](real.text))

    with patch.object(briefing, "load", changed), patch.object(recalling, "load", changed):
        yield


def told(folder: Path = RECORDINGS) -> list[str]:
    """The score by mutant, for people; that there is none, when nothing was recorded.

    A mutant is caught in a case when some grader objects that was content with the answer to the sound prompt.
    """
    from evals.running import read

    if not (folder / f"{SOUND}.jsonl").exists():
        return [f"prompt mutants: no score, since evals/recordings holds no recordings ({len(PROMPT_MUTANTS)} mutants are written)"]
    sound, lines, caught, planted, alike = read(folder / f"{SOUND}.jsonl"), [], 0, 0, 0
    width = max(map(len, PROMPT_MUTANTS))
    for name in PROMPT_MUTANTS:
        file = folder / f"{name}.jsonl"
        if not file.exists():
            lines.append(f"prompt {name:<{width}} not recorded")
            continue
        pairs = [(sound.cases[key], one) for key, one in read(file).cases.items() if key in sound.cases]
        by = {spoilt.case: [one for one in spoilt.failed if one not in whole.failed] for whole, spoilt in pairs}
        found = sum(map(bool, by.values()))
        caught, planted = caught + found, planted + len(pairs)
        alike += sum(whole.text_sha256 == spoilt.text_sha256 for whole, spoilt in pairs)
        missed = ", ".join(key for key, graders in by.items() if not graders)
        graders = ", ".join(sorted({one for some in by.values() for one in some}))
        lines.append(f"prompt {name:<{width}} {found}/{len(pairs)}  [{graders}]" + (f"  missed in {missed}" if missed else ""))
    share = f" ({caught / planted:.0%})" if planted else ""
    return [
        *lines,
        f"prompt mutants caught: {caught} of {planted}{share}, one answer each by {sound.head['model']['name']}: too few for a margin; "
        f"in {alike} of them the text is word for word that of the sound prompt",
    ]
