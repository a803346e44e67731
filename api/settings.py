"""How the HTTP service listens and what it lets in, read from the environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class ApiSettings(BaseSettings):
    """Settings of the HTTP service."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", frozen=True, extra="ignore", populate_by_name=True)

    host: Annotated[str, Field(description="address to listen on; the loopback by default")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    trusted_proxies: Annotated[
        str,
        Field(description="addresses or networks of your own proxies, by commas: whom they forward for, and by which scheme, is believed"),
    ] = ""
    pool_size: Annotated[int, Field(ge=1, description="database connections of one API process")] = 10
    database_wait: Annotated[float, Field(gt=0, description="seconds to wait for a database connection before the answer is 503")] = 3.0
    body_limit: Annotated[int, Field(ge=1024, description="bytes that a request body may have")] = 2 * MIB
    upload_limit: Annotated[int, Field(ge=1024, description="bytes that an uploaded file may have")] = 512 * MIB
    rate_limit: Annotated[float, Field(ge=0, description="requests per second that one key may make of one process; 0 for no limit")] = 50.0
    rate_burst: Annotated[int, Field(ge=1, description="requests that one key may make at once, before the rate holds")] = 200
    cors_origins: Annotated[
        tuple[str, ...], Field(description="origins whose pages may call the API, as a JSON list; none by default")
    ] = ()
    key_cache_seconds: Annotated[
        float, Field(ge=0, le=5, description="seconds that a key found good is not looked up again: as long a revoked key still holds")
    ] = 3.0
    heartbeat_seconds: Annotated[float, Field(gt=0, description="between comments on a silent event stream")] = 15.0
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="least level that is logged")] = "info"
    log_format: Annotated[Literal["json", "console"], Field(description="json for machines, console for a terminal")] = "json"
