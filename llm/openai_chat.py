"""ChatOpenAI with what its streams leave out, a refusal, and without what it does to every call's tools."""

from __future__ import annotations

from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI


class OpenAIChat(ChatOpenAI):
    """A streamed refusal arrives as `delta.refusal`, which ChatOpenAI drops: the answer would look empty.

    Tools go as they are: they are JSON already, and the SDK walks every schema of every call to see whether it is.
    """

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if not self._use_responses_api(payload) and "tools" in payload:
            payload["extra_body"] = {**(payload.get("extra_body") or {}), "tools": payload.pop("tools")}
        return payload

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or ()
        refusal = (choices[0].get("delta") or {}).get("refusal") if choices else None
        if made is not None and refusal:
            made.message.additional_kwargs["refusal"] = refusal
        return made
