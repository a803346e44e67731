"""The chat model of a setting: OpenAI, Anthropic, anything compatible with them, or the offline rules. No silent fallback."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm.errors import ModelSettingsError
from llm.settings import ModelSettings, Provider, Tier

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OFFLINE_NAME = "offline-rules-v1"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which model wrote: shown on every deliverable. `is_llm` is false for the offline rules."""

    name: str
    provider: Provider
    is_llm: bool

    def as_json(self) -> dict[str, Any]:
        """As records keep it."""
        return asdict(self)


def describe(settings: ModelSettings | None = None, tier: Tier = "standard") -> ModelCard:
    """The model that answers for a tier, without making it."""
    chosen = (settings or ModelSettings()).model_for(tier)
    if chosen == "offline":
        return ModelCard(OFFLINE_NAME, "offline", is_llm=False)
    provider, name = chosen.split(":", 1)
    return ModelCard(name, "openai" if provider == "openai" else "anthropic", is_llm=True)


def chat_model(tier: Tier = "standard", settings: ModelSettings | None = None) -> BaseChatModel:
    """The chat model of a tier. Its client is kept, so that connections are. Raises ModelSettingsError when a key is missing.

    Retries are the business of `complete`: the clients are told to make none.
    """
    return _made(tier, settings or ModelSettings())


@lru_cache(maxsize=16)
def _made(tier: Tier, settings: ModelSettings) -> BaseChatModel:
    card = describe(settings, tier)
    if card.provider == "offline":
        from llm.offline.model import OfflineRules

        return OfflineRules()
    return _openai(card.name, settings) if card.provider == "openai" else _anthropic(card.name, settings)


def _openai(name: str, settings: ModelSettings) -> BaseChatModel:
    from llm.openai_chat import OpenAIChat

    return OpenAIChat(
        model=name,
        base_url=settings.openai_base_url,
        api_key=_key(settings, "openai"),
        max_retries=0,
        timeout=settings.model_call_s,
        stream_usage=True,
        stream_chunk_timeout=None,
        use_responses_api=settings.openai_api == "responses",
    )


def _anthropic(name: str, settings: ModelSettings) -> BaseChatModel:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(
        model=name,
        base_url=settings.anthropic_base_url,
        api_key=_key(settings, "anthropic"),
        max_retries=0,
        timeout=settings.model_call_s,
        max_tokens=settings.model_max_output_tokens,
    )


def _key(settings: ModelSettings, provider: Provider) -> Any:
    """The key; a server of one's own may want none, the provider's own does."""
    from pydantic import SecretStr

    key = settings.openai_api_key if provider == "openai" else settings.anthropic_api_key
    standard = ModelSettings.model_fields[f"{provider}_base_url"].default
    address = settings.openai_base_url if provider == "openai" else settings.anthropic_base_url
    if key is None and address == standard:
        raise ModelSettingsError(f"GROUNDWORK_MODEL names a model of {provider}, and {provider.upper()}_API_KEY is not set")
    return key or SecretStr("not-needed")
