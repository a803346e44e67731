"""Every specialist, in one flat list."""

from __future__ import annotations

from agents.agent import Agent
from agents.campaign_optimizer import CAMPAIGN_OPTIMIZER
from agents.case_study_writer import CASE_STUDY_WRITER
from agents.competitor_analyst import COMPETITOR_ANALYST
from agents.content_planner import CONTENT_PLANNER
from agents.outreach_writer import OUTREACH_WRITER
from agents.reporter import REPORTER
from agents.strategist import STRATEGIST

AGENTS: dict[str, Agent] = {
    agent.kind: agent
    for agent in (
        STRATEGIST,
        CAMPAIGN_OPTIMIZER,
        CONTENT_PLANNER,
        REPORTER,
        COMPETITOR_ANALYST,
        OUTREACH_WRITER,
        CASE_STUDY_WRITER,
    )
}
