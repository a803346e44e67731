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
    external_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("database_url", "DATABASE_URL"),
        description="Postgres as the application's role",
    )
    external_migrate_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("migrate_url", "GROUNDWORK_MIGRATE_URL"),
        description="the same Postgres as its owner",
    )
    facts_root: Path = Field(default=Path("facts"), description="root of the Delta tables; a relative path is under home")
    engine: Literal["duckdb", "pyspark"] = Field(default="duckdb", description="engine that aggregates facts")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("external_url", "external_migrate_url", mode="before")
    @classmethod
    def _empty_is_unset(cls, url: str | None) -> str | None:
        return url or None

    @model_validator(mode="after")
    def _facts_under_home(self) -> Self:
        object.__setattr__(self, "facts_root", self.home / self.facts_root.expanduser())
        return self

    @property
    def embedded(self) -> bool:
        """Whether the embedded Postgres serves."""
        return self.external_url is None

    @property
    def database_url(self) -> str:
        """Postgres as the application's role, with its password. Raises StoreError when there is no database yet."""
        if self.external_url is not None:
            return self.external_url.get_secret_value()
        from store import embedded

        return embedded.urls(self.home).app

    @property
    def migrate_url(self) -> str:
        """Postgres as its owner, with its password. Raises StoreError when none is known."""
        if self.external_migrate_url is not None:
            return self.external_migrate_url.get_secret_value()
        if self.external_url is not None:
            from store.errors import StoreError

            raise StoreError("set GROUNDWORK_MIGRATE_URL: the application's role of DATABASE_URL cannot change the schema")
        from store import embedded

        return embedded.urls(self.home).owner
