"""Cassettes of the providers: how they are kept, matched and made anew.

`make record` records the synthetic ones against the wire server of this repository, and, for each provider whose key is in the
environment, real ones beside them. Nothing of the machine or of a key may stand in a cassette: headers are allow-listed, the
address of the wire server is replaced, and a file in which a secret is still found is not kept. Nor is one of a failed call.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import vcr
import yaml
from vcr.request import Request

from llm.settings import ModelSettings
from llm.wire_server import WireServer
from tests.llm.conftest import PROTOCOLS
from tests.llm.provider_cases import CASES, KEY, Outcome, play, settings_of

FOLDER = Path(__file__).parent / "cassettes"
SYNTHETIC, REAL = "synthetic", "real"
SYNTHETIC_HOST = "https://synthetic.invalid"
NOTES = {
    SYNTHETIC: "Synthetic: recorded against llm/wire_server.py with a script. No provider was asked; token counts are made up.",
    REAL: "Real: recorded against the provider.",
}
KEPT_OF_REQUESTS = frozenset({"content-type", "anthropic-version"})
KEPT_OF_RESPONSES = frozenset({"content-type", "retry-after", "retry-after-ms"})
WIRE_MODELS = {"chat": "gpt-5.4", "responses": "gpt-5.4", "messages": "claude-opus-5-5"}
REAL_MODELS = {
    "openai": ("GROUNDWORK_RECORD_OPENAI_MODEL", "gpt-5.4-mini"),
    "anthropic": ("GROUNDWORK_RECORD_ANTHROPIC_MODEL", "claude-haiku-4-5"),
}
LOOPBACK = re.compile(r"127\.0\.0\.1|localhost|\[::1\]")
TELLING = re.compile(r"\bsk-[A-Za-z0-9_-]{4,}|authorization|x-api-key|organization|set-cookie|x-stainless|user-agent", re.IGNORECASE)


class Lines:
    """YAML with a first line that says where the cassette comes from, and bodies that can be read."""

    class _Dumper(yaml.SafeDumper):
        pass

    _Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
    )

    def serialize(self, cassette: dict[str, Any]) -> str:
        """The text of the file."""
        ordered = {"metadata": cassette["metadata"], "version": cassette["version"], "interactions": cassette["interactions"]}
        text = yaml.dump(ordered, Dumper=self._Dumper, allow_unicode=True, sort_keys=False, width=10_000)
        return f"# {NOTES[cassette['metadata']['source']]} Made by `make record`; do not edit.\n{text}"

    def deserialize(self, text: str) -> Any:
        """What the file holds."""
        return yaml.safe_load(text)


def _request(request: Request) -> Request:
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_OF_REQUESTS}
    where = urlsplit(request.uri)
    if LOOPBACK.fullmatch(where.hostname or ""):
        request.uri = SYNTHETIC_HOST + where.path
    return request


def _response(response: dict[str, Any]) -> dict[str, Any]:
    kept = {name.lower(): values for name, values in response["headers"].items() if name.lower() in KEPT_OF_RESPONSES}
    return {**response, "headers": kept}


TAPE = vcr.VCR(
    serializer="lines",
    match_on=("method", "path", "body"),
    before_record_request=_request,
    before_record_response=_response,
    decode_compressed_response=True,
)
TAPE.register_serializer("lines", Lines())


def file_of(protocol: str, case: str, source: str, folder: Path = FOLDER) -> Path:
    """Where a cassette is kept: its name says whether it is synthetic."""
    return folder / f"{protocol}-{case}.{source}.yaml"


async def replay(file: Path, case: str, protocol: str) -> tuple[Outcome, Any]:
    """Play the conversation from its cassette, without a server. The cassette tells what was left unplayed."""
    with TAPE.use_cassette(str(file), record_mode="none") as cassette:
        settings = settings_of(protocol, cassette.get_metadata("model", None))
        return await play(case, settings), cassette


class NotKept(ValueError):
    """A recording that is no use or would give something away; its message says which."""


async def record(protocol: str, case: str, source: str, settings: ModelSettings, folder: Path = FOLDER) -> Path:
    """Play the conversation against a server and keep it. Raises NotKept."""
    file = file_of(protocol, case, source, folder)
    fresh = file.with_suffix(".fresh")
    try:
        with TAPE.use_cassette(str(fresh), record_mode="all") as cassette:
            for key, value in (("source", source), ("protocol", protocol), ("case", case), ("model", settings.model.split(":", 1)[1])):
                cassette.get_metadata(key, value)
            outcome = await play(case, settings)
        if (outcome.error is not None) is not CASES[case].fails:
            raise NotKept(f"{file.name} is not kept, the conversation ended in {outcome.error or 'an answer, not an error'}")
        if found := secrets(fresh.read_text(encoding="utf-8"), _keys(settings)):
            raise NotKept(f"{file.name} is not kept, it would hold {', '.join(found)}")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return file


def secrets(text: str, keys: Iterable[str] = ()) -> list[str]:
    """What a cassette may not hold: keys, telling headers, an address of this machine, its name."""
    wrong = [match[0] for pattern in (LOOPBACK, TELLING) if (match := pattern.search(text))]
    name = socket.gethostname()
    # A machine with a short name may be called after a word of the protocol.
    wrong += ["the name of this machine"] if len(name) > 7 and re.search(rf"\b{re.escape(name)}\b", text) else []
    return wrong + ["a key" for key in keys if key in text]


def _keys(settings: ModelSettings) -> list[str]:
    return [key.get_secret_value() for key in (settings.openai_api_key, settings.anthropic_api_key) if key]


async def record_synthetic(protocol: str, case: str, folder: Path = FOLDER) -> Path:
    """Record a conversation against the wire server."""
    with WireServer(CASES[case].script(protocol), key=KEY) as server:
        addresses = {"openai_base_url": server.openai_base_url, "anthropic_base_url": server.anthropic_base_url}
        return await record(protocol, case, SYNTHETIC, settings_of(protocol, WIRE_MODELS[protocol], **addresses), folder)


async def record_real(protocol: str, key: str, folder: Path = FOLDER, **addresses: str) -> list[Path]:
    """Record what a provider can be asked for on purpose."""
    provider = provider_of(protocol)
    variable, usual = REAL_MODELS[provider]
    settings = settings_of(protocol, os.environ.get(variable) or usual, **{f"{provider}_api_key": key, **addresses})
    return [await record(protocol, name, REAL, settings, folder) for name, case in CASES.items() if case.on_purpose]


def provider_of(protocol: str) -> str:
    """Who speaks the protocol."""
    return "anthropic" if protocol == "messages" else "openai"


async def _record_all() -> int:
    # The overload is asked for: its warnings would look like a failure of the recording.
    logging.getLogger("llm.complete").setLevel(logging.ERROR)
    FOLDER.mkdir(exist_ok=True)
    made = [await record_synthetic(protocol, case) for protocol in PROTOCOLS for case in CASES]
    print(f"{len(made)} synthetic cassettes recorded against the wire server of this repository")
    failed = 0
    for protocol in PROTOCOLS:
        provider = provider_of(protocol)
        key = os.environ.get(f"{provider.upper()}_API_KEY")
        if not key:
            print(f"{protocol}: nothing recorded against {provider}: {provider.upper()}_API_KEY is not set")
            continue
        try:
            real = await record_real(protocol, key)
        except NotKept as error:
            print(f"{protocol}: {error}", file=sys.stderr)
            failed = 1
        else:
            print(f"{protocol}: {len(real)} cassettes recorded against {provider}; a refusal and an overload stay synthetic")
    return failed


if __name__ == "__main__":
    sys.exit(asyncio.run(_record_all()))
