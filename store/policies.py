"""What needs whose approval, by client and kind of deliverable. Owners change it; a kind without a rule needs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from psycopg.types.json import Jsonb
from pydantic import AfterValidator, Field

from store.database import Connection
from tools.contract import Frozen

ApproverRole = Literal["owner", "strategist", "approver"]
APPROVER_ROLES: tuple[ApproverRole, ...] = get_args(ApproverRole)
EVERY_KIND = "*"


def _each_once(roles: tuple[ApproverRole, ...]) -> tuple[ApproverRole, ...]:
    return tuple(dict.fromkeys(roles))


class Requirement(Frozen):
    """What an approval takes."""

    roles: Annotated[
        tuple[ApproverRole, ...],
        AfterValidator(_each_once),
        Field(min_length=1, max_length=8, description="whose keys may approve or reject"),
    ] = ("owner", "approver")
    approvers: Annotated[int, Field(ge=1, le=5, description="how many different people have to approve")] = 1
    four_eyes: Annotated[bool, Field(description="whether who asked for the task, or edited its text, may not approve it")] = False
    expires_hours: Annotated[int, Field(ge=1, le=2160, description="hours until the request runs out; 168 is a week")] = 168


async def of_client(connection: Connection, client_id: str) -> dict[str, Requirement]:
    """Every rule of a client, by kind."""
    statement = "SELECT kind, requirement FROM approval_policies WHERE client_id = %s ORDER BY kind"
    rows = await (await connection.execute(statement, (client_id,))).fetchall()
    return {row["kind"]: Requirement.model_validate(row["requirement"]) for row in rows}


async def needed(connection: Connection, client_id: str, kind: str) -> Requirement | None:
    """What a deliverable of this kind needs: the kind's own rule, else the one for every kind, else nothing."""
    statement = """
        SELECT requirement FROM approval_policies WHERE client_id = %(client_id)s AND kind IN (%(kind)s, %(every)s)
         ORDER BY kind = %(every)s LIMIT 1"""
    row = await (await connection.execute(statement, {"client_id": client_id, "kind": kind, "every": EVERY_KIND})).fetchone()
    return Requirement.model_validate(row["requirement"]) if row else None


async def hold(connection: Connection, client_id: str) -> None:
    """Keep the client's policy as it is until the end of this transaction."""
    await connection.execute("SELECT 1 FROM clients WHERE id = %s FOR SHARE", (client_id,))


async def replace(connection: Connection, client_id: str, rules: Mapping[str, Requirement], *, actor: str) -> dict[str, Requirement]:
    """Replace the client's rules; gives what they were. Waits for requests that are being made under the old ones."""
    await connection.execute("SELECT 1 FROM clients WHERE id = %s FOR UPDATE", (client_id,))
    before = await of_client(connection, client_id)
    await connection.execute("DELETE FROM approval_policies WHERE client_id = %s AND kind <> ALL(%s)", (client_id, list(rules)))
    statement = """
        INSERT INTO approval_policies (client_id, kind, requirement, changed_by) VALUES (%s, %s, %s, %s)
        ON CONFLICT (workspace_id, client_id, kind)
        DO UPDATE SET requirement = excluded.requirement, changed_by = excluded.changed_by, changed_at = now()
         WHERE approval_policies.requirement <> excluded.requirement"""
    for kind, requirement in rules.items():
        await connection.execute(statement, (client_id, kind, Jsonb(requirement.model_dump(mode="json")), actor))
    return before
