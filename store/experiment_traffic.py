"""What keeps a client's experiments apart: the holdout that enters none, and layers whose experiments share no unit."""

from __future__ import annotations

from typing import NamedTuple

from grounding.ids import new_id
from store.database import Connection
from store.errors import Conflict
from tools.methods.assignment import SLOTS, Span


class Holdout(NamedTuple):
    """Ten-thousandths of the client's units that enter no experiment, and the salt they are drawn by."""

    slots: int
    salt: str

    @property
    def share(self) -> float:
        """Share of the units."""
        return self.slots / SLOTS


async def get_holdout(connection: Connection, client_id: str, *, lock: bool = False) -> Holdout:
    """The client's holdout; none of the units when nobody has set one. With `lock` it cannot change until the transaction ends."""
    if lock:
        await connection.execute(
            "INSERT INTO experiment_holdouts (client_id, slots, salt) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING", (client_id, new_id("ho"))
        )
    statement = "SELECT slots, salt FROM experiment_holdouts WHERE client_id = %s" + (" FOR SHARE" if lock else "")
    row = await (await connection.execute(statement, (client_id,))).fetchone()
    return Holdout(**row) if row else Holdout(0, "")


async def set_holdout(connection: Connection, client_id: str, slots: int) -> Holdout:
    """Hold this many ten-thousandths out. The salt stays, so those who were held out stay so when the share grows.

    Raises Conflict while an experiment is under way: its units would enter or leave.
    """
    statement = """
        INSERT INTO experiment_holdouts (client_id, slots, salt) VALUES (%s, %s, %s)
        ON CONFLICT (workspace_id, client_id) DO UPDATE SET slots = excluded.slots RETURNING slots, salt"""
    row = await (await connection.execute(statement, (client_id, slots, new_id("ho")))).fetchone()
    # asked after the row is ours: a start waits for it
    running = "SELECT name FROM experiments WHERE client_id = %s AND status IN ('active', 'paused') ORDER BY name"
    names = [found["name"] for found in await (await connection.execute(running, (client_id,))).fetchall()]
    if names:
        raise Conflict(f"the holdout is fixed while experiments are under way ({', '.join(names[:5])}): end them first")
    assert row is not None
    return Holdout(**row)


async def lock_layer(connection: Connection, client_id: str, name: str) -> str:
    """The salt of a layer, made when it is new; its row is held until the transaction ends, so that slots are given once."""
    values = (client_id, name, new_id("la"))
    await connection.execute("INSERT INTO experiment_layers (client_id, name, salt) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", values)
    statement = "SELECT salt FROM experiment_layers WHERE client_id = %s AND name = %s FOR UPDATE"
    row = await (await connection.execute(statement, (client_id, name))).fetchone()
    assert row is not None
    return str(row["salt"])


async def spans_taken(connection: Connection, client_id: str, layer: str) -> list[Span]:
    """The slots of the layer that experiments under way have."""
    statement = """
        SELECT span FROM experiments AS e, jsonb_array_elements(e.enrolment -> 'spans') AS span
         WHERE e.client_id = %s AND e.layer = %s AND e.status IN ('active', 'paused')"""
    rows = await (await connection.execute(statement, (client_id, layer))).fetchall()
    return [(int(row["span"][0]), int(row["span"][1])) for row in rows]
