"""Files that stand in the repository."""

from __future__ import annotations

from pathlib import Path

BASELINE = Path(__file__).parent / "baselines" / "offline.jsonl"
"""A run of the offline rules: it holds graphs, tools and graders to what they were, and says nothing of the quality of a prompt."""
