"""The signed workspace: what a transaction sets so that row-level security lets it see one workspace.

A plain setting could be forged by whoever gets SQL of their own past the application (`SET groundwork.workspace = …`).
So the setting carries a signature that the database checks with a key only the owner can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from psycopg.conninfo import conninfo_to_dict

from store.errors import StoreError

PROBE = "probe"
"""A workspace that never exists: signing it shows whether this process and the database hold the same key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs workspace ids. `key` is 32 bytes; its twin lies in the owner's table `workspace_key`."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, url: str, secret: str | None = None) -> Signer:
        """From GROUNDWORK_SECRET if given, else from the password in the application's URL. Raises StoreError without either."""
        material = secret or conninfo_to_dict(url).get("password")
        if not material:
            raise StoreError(
                "DATABASE_URL holds no password to derive the workspace key from: "
                "set GROUNDWORK_SECRET to one long random value for `groundwork migrate` and for every process"
            )
        return cls(sha256(b"groundwork workspace key\0" + str(material).encode()).digest())

    def sign(self, workspace_id: str) -> str:
        """`<workspace id>.<signature>`, the value of the setting `groundwork.workspace`."""
        inner = sha256(self.key + workspace_id.encode()).digest()
        return f"{workspace_id}.{sha256(self.key + inner).hexdigest()}"
