"""How the pages let people in, read from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """Settings of the pages."""

    model_config = SettingsConfigDict(env_prefix="GROUNDWORK_", frozen=True, extra="ignore")

    session_hours: Annotated[float, Field(gt=0, description="hours until somebody has to sign in again")] = 168.0
    link_hours: Annotated[float, Field(gt=0, description="hours that a sign-in link holds")] = 24.0
    secure_cookies: Annotated[
        bool | None, Field(description="send the session's cookie over HTTPS only; when not set, unless the page was asked for on loopback")
    ] = None
