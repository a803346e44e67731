"""Settings and a conversation for the tests of models. No test waits for real: the first back-off is a hundredth of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from llm.settings import ModelSettings
from llm.wire_server import WireServer

PROTOCOLS = ("chat", "responses", "messages")

ADD: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add_up",
        "description": "Add two amounts.",
        "parameters": {
            "type": "object",
            "properties": {"first": {"type": "integer"}, "second": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}},
            "required": ["first"],
            "additionalProperties": False,
        },
    },
}

ASKED = [SystemMessage("You add up with the tool."), HumanMessage("Add {{B.budget}} and R15 000, please. Größe: µ")]


def settings_for(protocol: str, server: WireServer, **changes: Any) -> ModelSettings:
    """Settings that send a protocol to a wire server."""
    fixed: dict[str, Any] = {
        "model": "anthropic:claude-opus-5-5" if protocol == "messages" else "openai:gpt-5.4",
        "openai_base_url": server.openai_base_url,
        "anthropic_base_url": server.anthropic_base_url,
        "openai_api": "responses" if protocol == "responses" else "chat",
        "openai_api_key": "sk-test-secret",
        "anthropic_api_key": "sk-test-secret",
        "model_backoff_s": 0.01,
        "model_attempts": 3,
    }
    return ModelSettings(**(fixed | changes))


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    """Each wire protocol in turn."""
    return request.param


@pytest.fixture
def serving() -> Callable[..., Any]:
    """A wire server with a script: `with serving(reply, fault) as server`."""

    @contextmanager
    def serve(*script: Any, key: str | None = None) -> Iterator[WireServer]:
        with WireServer(script, key=key) as server:
            yield server

    return serve
