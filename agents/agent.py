"""A specialist is data: who it is, what it is told, what it may compute and what it hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.deliverable import Deliverable

Tier = Literal["fast", "standard", "strong"]


@dataclass(frozen=True, slots=True)
class Agent:
    """One specialist. `prompt` names a file in prompts/; `tools` are names in the registry, in no order."""

    name: str
    kind: str
    prompt: str
    tools: tuple[str, ...]
    deliverable: type[Deliverable]
    model_tier: Tier = "standard"
    questions: tuple[str, ...] = ()
    """Asked of the client's documents before the standing questions."""

    @property
    def answer_tool(self) -> str:
        """The name under which the answer format is offered to the model, like a tool."""
        return f"deliver_{self.kind}"
