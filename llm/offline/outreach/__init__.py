"""The outreach sequence as the rules write it: plain, in the client's own words, and nothing claimed of the reader."""

from __future__ import annotations

from typing import Any

from llm.offline.outreach import around, messages
from llm.offline.outreach.view import View
from llm.offline.reading import Desk
from llm.offline.writers import Writer


class OutreachWriter(Writer):
    """Writes `deliver_outreach`."""

    def write(self, desk: Desk) -> dict[str, Any]:
        """The whole answer."""
        view = View(desk)
        return {
            "title": f"Outreach for {desk.named.get('name', 'the client')}: {view.goal}",
            "summary": around.summary(view),
            "recipients": around.recipients(view),
            "messages": messages.sequence(view),
            "variants": messages.variants(view),
            "test": around.test(view),
            "stopping": around.stopping(),
            "risks": around.risks(view),
            "actions": around.actions(view),
            "alternatives": around.alternatives(view),
            "unknowns": around.unknowns(view),
        }
