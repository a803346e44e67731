"""`offline-rules-v1`: the rules as a LangChain chat model. It sees the messages and tools of a call, and nothing else."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from llm.offline.planner import Turn, turn_of


class OfflineRules(BaseChatModel):
    """A rule-based planner and writer behind the interface of a chat model. Deterministic; uses no tokens and no network."""

    model_name: str = "offline-rules-v1"

    @property
    def _llm_type(self) -> str:
        return "offline-rules"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name, "is_llm": False}

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """The model with tools offered; a choice of tool is ignored: the playbook in the prompt decides."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn = turn_of(messages, kwargs.get("tools") or ())
        calls = [tool_call(name=name, args=arguments, id=_id(messages, index)) for index, (name, arguments) in enumerate(turn.calls)]
        return ChatResult(generations=[ChatGeneration(message=AIMessage(turn.text, tool_calls=calls, **_metadata(turn)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        turn = turn_of(messages, kwargs.get("tools") or ())
        for piece in turn.text.split(" ") if turn.text else ():
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece + " "))
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk
        for index, (name, arguments) in enumerate(turn.calls):
            call = tool_call_chunk(name=name, args=json.dumps(arguments, ensure_ascii=False), id=_id(messages, index), index=index)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last", **_metadata(turn)))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, stop, None, **kwargs):
            if run_manager and chunk.text:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _metadata(turn: Turn) -> dict[str, Any]:
    reason = "tool_calls" if turn.calls else "stop"
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return {"response_metadata": {"finish_reason": reason, "model_name": "offline-rules-v1", "is_llm": False}, "usage_metadata": usage}


def _id(messages: Sequence[BaseMessage], index: int) -> str:
    """An id that is the same when the same conversation is answered again."""
    said = "\x1f".join(f"{message.type}\x1e{message.text}" for message in messages)
    return "call_" + uuid.uuid5(uuid.NAMESPACE_OID, f"{said}\x1f{len(messages)}\x1f{index}").hex[:24]
