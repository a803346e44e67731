"""Where records and facts are kept, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Settings of the store. Without DATABASE_URL the embedded Postgres under `home` serves."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", frozen=True, extra="ignore", populate_by_name=True)

    home: Path = Field(default=Path(".groundwork"), description="folder of the embedded database and the client facts; made absolute")
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("database_url", "DATABASE_URL"),
        description="Postgres as the application's role",
    )
    migrate_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("migrate_url", "GROUNDWORK_MIGRATE_URL"),
        description="the same Postgres as its owner",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="key that signs the workspace of a transaction; by default derived from the password in DATABASE_URL",
    )
    facts_root: Path = Field(default=Path("facts"), description="root of the Delta tables; a relative path is under home")
    retention_days: int = Field(
        default=90, ge=1, description="days that events and checkpoints of ended runs are kept; audit, evidence and deliverables stay"
    )
    fetch_hosts: tuple[str, ...] = Field(
        default=(),
        description="hosts whose pages may be fetched as documents, as a JSON list; none by default, and then nothing is fetched",
    )
    engine: Literal["duckdb", "pyspark"] = Field(default="duckdb", description="engine that aggregates facts")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("database_url", "migrate_url", "secret", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _facts_under_home(self) -> Self:
        object.__setattr__(self, "facts_root", self.home / self.facts_root.expanduser())
        return self

    @property
    def embedded(self) -> bool:
        """Whether the embedded Postgres serves."""
        return self.database_url is None

    @property
    def app_url(self) -> str:
        """Postgres as the application's role, with its password. Raises StoreError when there is no embedded database yet."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        from store import embedded

        return embedded.urls(self.home).app

    @property
    def owner_url(self) -> str:
        """Postgres as its owner, with its password. Raises StoreError when none is known."""
        from store import embedded
        from store.errors import StoreError

        if self.database_url is None:
            return embedded.urls(self.home).owner
        if self.migrate_url is None:
            raise StoreError("this needs the database's owner: set GROUNDWORK_MIGRATE_URL beside DATABASE_URL")
        return self.migrate_url.get_secret_value()
