"""ChatOpenAI with the one thing that its streams leave out: a refusal."""

from __future__ import annotations

from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI


class OpenAIChat(ChatOpenAI):
    """A streamed refusal arrives as `delta.refusal`, which ChatOpenAI drops: the answer would look empty."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or ()
        refusal = (choices[0].get("delta") or {}).get("refusal") if choices else None
        if made is not None and refusal:
            made.message.additional_kwargs["refusal"] = refusal
        return made
