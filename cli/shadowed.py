"""Our packages have plain names; another distribution's package of the same name must not answer in their place."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("agents", "api", "cli", "graphs", "grounding", "jobs", "llm", "prompts", "store", "tools", "web")


def check_packages(names: tuple[str, ...] = PACKAGES) -> str | None:
    """What is wrong when a package of ours resolves elsewhere; None when all are ours."""
    home = Path(__file__).resolve().parent.parent
    for name in names:
        spec = find_spec(name)
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != home / name:
            where = f"is found at {found}" if found else "is not found"
            return (
                f"the package {name!r} {where}, not at {home / name}: another distribution shadows it "
                "(openai-agents has a package `agents`). Install Groundwork in an environment of its own."
            )
    return None
