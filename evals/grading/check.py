"""One thing that was held against an answer, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`why`: what was found, for the person who reads it; empty when it held."""

    name: str
    ok: bool
    why: str = ""


def held(name: str, problems: list[str]) -> Check:
    """The check of a grader that lists what is wrong."""
    return Check(name, not problems, "; ".join(problems[:4])[:600])
