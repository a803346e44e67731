"""What the case itself asks for: how it ends, which tools answer, what is said and what is not."""

from __future__ import annotations

import re

from evals.house import House
from evals.seen import Seen


def ends(seen: Seen, house: House) -> list[str]:
    """The run ended as the case says."""
    wanted = seen.case.ends.split("|")
    return [] if seen.status in wanted else [f"it ended as {seen.status!r}, not {seen.case.ends!r}: {(seen.error or '')[:300]}"]


def tools(seen: Seen, house: House) -> list[str]:
    """The tools that the case needs answered, and none that it forbids was asked."""
    answered = {record.tool for record in seen.evidence}
    called = [name for name, _ in seen.calls()]
    problems = [f"{name} did not answer" for name in seen.case.tools if name not in answered]
    problems += [f"{name} was asked" for name in seen.case.tools_not if name in called]
    return problems


def must(seen: Seen, house: House) -> list[str]:
    """What has to be said is said, what may not be is not, and what had to happen happened."""
    text = seen.text if seen.status != "refused" else seen.error or ""
    text = " ".join(text.split())
    problems = [f"it does not say /{pattern}/" for pattern in seen.case.says if not re.search(pattern, text, re.IGNORECASE)]
    for pattern in seen.case.says_not:
        if found := re.search(pattern, text, re.IGNORECASE):
            problems.append(f"it says {found[0]!r}")
    problems += [f"there is no event {kind!r}" for kind in seen.case.events if kind not in seen.kinds()]
    problems += [f"there is an event {kind!r}" for kind in seen.case.events_not if kind in seen.kinds()]
    return problems
