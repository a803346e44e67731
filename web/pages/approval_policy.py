"""What needs whose approval: the policy of a client, a line for each kind of deliverable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from agents.roster import AGENTS
from graphs.approving import change_policy
from jobs.queue import enqueue
from store import policies
from store.policies import APPROVER_ROLES, EVERY_KIND, Requirement
from web.desk import Desk, back_to
from web.fields import text_of, wrong_fields
from web.visiting import Pages
from web.work import AtWork

router = Pages("clients")

KINDS = (EVERY_KIND, *AGENTS)
USUAL = Requirement()


@router.page("/c/{slug}/settings/approval")
async def policy(desk: AtWork) -> HTMLResponse:
    """The policy: to change for owners, to read for others."""
    return _page(desk, await policies.of_client(desk.connection, desk.client.id), {})


def _page(desk: Desk, rules: Mapping[str, Any], wrong: Mapping[str, str]) -> HTMLResponse:
    return desk.page(
        "settings_approval.html", section="settings", status=422 if wrong else 200, rules=rules, wrong=wrong, kinds=KINDS, every=EVERY_KIND,
        roles=APPROVER_ROLES, usual=USUAL,
    )  # fmt: skip


@router.page("/c/{slug}/settings/approval", methods=("POST",), scope="policies:write")
async def change(desk: AtWork) -> Response:
    """Replace the whole policy by what the form says."""
    form = await desk.request.form()
    rules: dict[str, Requirement] = {}
    shown: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for kind in KINDS:
        if not form.get(f"{kind}.asks"):
            continue
        said = {
            "roles": [role for role in form.getlist(f"{kind}.roles") if isinstance(role, str)],
            "approvers": text_of(form, f"{kind}.approvers", "1"),
            "four_eyes": bool(form.get(f"{kind}.four_eyes")),
            "expires_hours": text_of(form, f"{kind}.expires_hours", "168"),
        }
        shown[kind] = said
        try:
            rules[kind] = Requirement.model_validate(said)
        except ValidationError as error:
            wrong[kind] = " ".join(f"{LABELS[field]}: {text}" for field, text in wrong_fields(error).items())
    if wrong:
        return _page(desk, shown, wrong)
    await change_policy(desk.connection, desk.workspace_id, desk.client, rules, actor=desk.actor, enqueue=enqueue)
    return back_to(f"/c/{desk.client.slug}/settings/approval", "saved")


LABELS: Mapping[str, str] = {"roles": "Who", "approvers": "People", "expires_hours": "Hours", "four_eyes": "Four eyes"}
