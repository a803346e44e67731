"""Every specialist, in one flat list."""

from __future__ import annotations

from agents.agent import Agent
from agents.competitor_analyst import COMPETITOR_ANALYST
from agents.outreach_writer import OUTREACH_WRITER
from agents.reporter import REPORTER
from agents.strategist import STRATEGIST

AGENTS: dict[str, Agent] = {agent.kind: agent for agent in (STRATEGIST, REPORTER, COMPETITOR_ANALYST, OUTREACH_WRITER)}
