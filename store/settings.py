"""Where records and facts are kept, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Settings of the store. Without `database_url` the embedded Postgres under `home` is used."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", frozen=True, extra="ignore", populate_by_name=True)

    home: Annotated[Path, Field(description="folder of the embedded database, client facts and reject files; made absolute")] = Path(".groundwork")
    database_url: Annotated[
        SecretStr | None,
        Field(validation_alias=AliasChoices("DATABASE_URL", "database_url"), description="Postgres as the application's role"),
    ] = None
    migrate_url: Annotated[
        SecretStr | None,
        Field(validation_alias=AliasChoices("GROUNDWORK_MIGRATE_URL", "migrate_url"), description="the same Postgres as its owner"),
    ] = None
    secret: Annotated[
        SecretStr | None,
        Field(description="key that signs the workspace of a transaction; by default derived from the password in DATABASE_URL"),
    ] = None
    facts_root: Annotated[Path | None, Field(description="root of the Delta tables; default home/facts")] = None
    engine: Annotated[Literal["duckdb", "pyspark"], Field(description="engine that aggregates facts")] = "duckdb"

    @field_validator("home", "facts_root")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path if path is None else path.expanduser().resolve()

    @model_validator(mode="after")
    def _facts_under_home(self) -> Self:
        if self.facts_root is None:
            object.__setattr__(self, "facts_root", self.home / "facts")
        return self

    @property
    def embedded(self) -> bool:
        """Whether the embedded Postgres serves."""
        return self.database_url is None
