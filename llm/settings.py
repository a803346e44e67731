"""Which model answers, how long we wait for it and what a run may spend, read from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Tier = Literal["fast", "standard", "strong"]
Provider = Literal["offline", "openai", "anthropic"]

MODEL = re.compile(r"offline|(?P<provider>openai|anthropic):(?P<name>\S+)")
EMBEDDER = re.compile(r"lexical|openai:\S+")


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard one call is tried, and how much one run may use.

    Times in seconds. `spend` in millionths of a US dollar; a model without a known price does not count towards it, so
    `tokens` (input and output together, per run) holds for every model.
    """

    attempts: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0
    stall_s: float = 90.0
    call_s: float = 600.0
    calls: int = 60
    tokens: int = 3_000_000
    spend: int | None = 5_000_000
    stream: bool = True
    prices: Path | None = field(default=None)


class ModelSettings(BaseSettings):
    """Settings of the models. Without any, the offline rules answer and nothing leaves the machine."""

    model_config = SettingsConfigDict(
        env_prefix="GROUNDWORK_", frozen=True, extra="ignore", populate_by_name=True, protected_namespaces=(), hide_input_in_errors=True
    )

    model: str = Field(default="offline", description="offline, openai:NAME or anthropic:NAME")
    model_fast: str | None = Field(default=None, description="another model for quick work")
    model_standard: str | None = Field(default=None, description="another model for ordinary work")
    model_strong: str | None = Field(default=None, description="another model for deliverables")
    openai_base_url: str = Field(default="https://api.openai.com/v1", description="an OpenAI-compatible server, with its /v1")
    openai_api: Literal["chat", "responses"] = Field(default="chat", description="which of OpenAI's two protocols is spoken")
    anthropic_base_url: str = Field(default="https://api.anthropic.com", description="an Anthropic-compatible server, without /v1")
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("openai_api_key", "OPENAI_API_KEY"))
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("anthropic_api_key", "ANTHROPIC_API_KEY"))
    model_attempts: int = Field(default=5, ge=1, le=20, description="tries of one call, the first included")
    model_backoff_s: float = Field(default=1.0, ge=0, le=60, description="first wait before a retry, in seconds; it doubles")
    model_longest_wait_s: float = Field(default=60.0, ge=0, le=3600, description="longest single wait, whatever Retry-After asks for")
    model_stall_s: float = Field(default=90.0, gt=0, le=3600, description="longest silence inside an answer, in seconds")
    model_call_s: float = Field(default=600.0, gt=0, le=7200, description="longest single answer, in seconds")
    model_stream: bool = Field(default=True, description="ask for streamed answers")
    model_max_output_tokens: int = Field(default=32_000, ge=256, description="longest answer asked of Anthropic, in tokens")
    model_prices: Path | None = Field(default=None, description="JSON file of prices that go before the built-in ones")
    run_calls: int = Field(default=60, ge=1, description="model calls that one run may make")
    run_tokens: int = Field(default=3_000_000, ge=1000, description="tokens that one run may use, in and out together")
    run_spend_usd: float | None = Field(default=5.0, gt=0, description="US dollars that one run may spend, as far as prices are known")
    embedder: str = Field(default="lexical", description="lexical, or openai:NAME for an embedding model behind the OpenAI address")
    embedding_dimensions: int | None = Field(default=None, ge=8, le=4096, description="dimensions asked of the embedding model")

    @field_validator("model", "model_fast", "model_standard", "model_strong")
    @classmethod
    def _known_model(cls, name: str | None) -> str | None:
        if name and not MODEL.fullmatch(name):
            raise ValueError("a model is 'offline', 'openai:NAME' or 'anthropic:NAME'")
        return name or None

    @field_validator("embedder")
    @classmethod
    def _known_embedder(cls, name: str) -> str:
        if not EMBEDDER.fullmatch(name):
            raise ValueError("an embedder is 'lexical' or 'openai:NAME'")
        return name

    @field_validator("openai_base_url", "anthropic_base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a base URL begins with http:// or https:// and names a host")
        return url.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, given: Any) -> Any:
        """An empty setting is one that was not made: compose files and CI pass `NAME=` for what a person left out."""
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _versions_in_addresses(self) -> Self:
        if not urlsplit(self.openai_base_url).path:
            raise ValueError("GROUNDWORK_OPENAI_BASE_URL lacks its path: it ends with /v1 for most servers")
        if urlsplit(self.anthropic_base_url).path.endswith("/v1"):
            raise ValueError("GROUNDWORK_ANTHROPIC_BASE_URL goes without /v1: the client adds it")
        return self

    def model_for(self, tier: Tier) -> str:
        """The setting that holds for a tier: its own, or else the common one."""
        return {"fast": self.model_fast, "standard": self.model_standard, "strong": self.model_strong}[tier] or self.model

    @property
    def limits(self) -> Limits:
        """What a call and a run may take."""
        return Limits(
            attempts=self.model_attempts,
            backoff_s=self.model_backoff_s,
            longest_wait_s=self.model_longest_wait_s,
            stall_s=self.model_stall_s,
            call_s=self.model_call_s,
            calls=self.run_calls,
            tokens=self.run_tokens,
            spend=None if self.run_spend_usd is None else round(self.run_spend_usd * 1_000_000),
            stream=self.model_stream,
            prices=self.model_prices,
        )
