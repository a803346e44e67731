"""Which step of the playbook is due: its condition read against what is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from llm.offline.experiments import experiment_named
from llm.offline.goals import goals_of
from llm.offline.reading import Desk

TABLE_THERE = re.compile(r"when the tables? (?P<names>\w+(?:(?:, | and | or )\w+)*) (?:is|are) there")
GAVE = re.compile(r"when (?P<tool>\w+) gave (?P<result>\w+)")
LEFT_OUT = re.compile(r"when (?P<tool>\w+) was left out or refused")

SAID: Mapping[str, Callable[[Desk], bool]] = {
    "when a goal is stated": lambda desk: bool(goals_of(desk)),
    "when earlier promises are listed": lambda desk: desk.promises is not None,
    "when the brief names an experiment": lambda desk: experiment_named(desk) is not None,
}
"""Conditions on what the request says."""


class NotYet(Exception):
    """The condition hangs on a tool that has not answered."""


def holds(condition: str, desk: Desk, waiting: Collection[str]) -> bool:
    """Whether a step's condition holds. A condition that no rule reads does not. Raises NotYet when a waiting tool decides it.

    Only the part before the first semicolon is a condition; the rest says how.
    """
    condition = condition.partition(";")[0].strip()
    if condition == "always":
        return True
    if condition in SAID:
        return SAID[condition](desk)
    if match := TABLE_THERE.fullmatch(condition):
        names = re.findall(r"\w+", re.sub(r"\b(?:and|or)\b", " ", match["names"]))
        there = [name in desk.tables for name in names]
        return any(there) if " or " in match["names"] else all(there)
    if match := GAVE.fullmatch(condition):
        _settled(match["tool"], waiting)
        answer = desk.good(match["tool"])
        return answer is not None and answer.result(match["result"]) is not None
    if match := LEFT_OUT.fullmatch(condition):
        _settled(match["tool"], waiting)
        return desk.good(match["tool"]) is None
    return False


def _settled(tool: str, waiting: Collection[str]) -> None:
    if tool in waiting:
        raise NotYet(tool)
