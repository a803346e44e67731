"""The case study as the rules write it: what was counted, held against comparable customers, and nothing that nobody said."""

from __future__ import annotations

from typing import Any

from llm.offline.case_study import around, assets, telling
from llm.offline.case_study.view import View
from llm.offline.reading import Desk
from llm.offline.writers import Writer


class CaseStudyWriter(Writer):
    """Writes `deliver_case_study`."""

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole answer."""
        view = View(desk)
        return {
            "title": f"Case study for {desk.named.get('name', 'the client')}",
            "summary": around.summary(view),
            "who": telling.who(view),
            "situation": telling.situation(view),
            "done": telling.done(view),
            "before_after": telling.before_after(view),
            "mechanism": telling.mechanism(view),
            "not_shown": telling.not_shown(view),
            "quotes": [],
            "consent_request": assets.consent_request(view),
            "questions": around.questions(view),
            "assets": assets.assets(view),
            "actions": around.actions(view),
            "alternatives": around.alternatives(view),
            "unknowns": around.unknowns(view),
        }
