"""How long the texts of an ad may be, by platform and field, each with where it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from tools.contract import Caveat, Column, Figure, NotEnoughData, Request, Table, ToolResult, tool

Platform = Literal["google_ads", "meta", "linkedin"]


@dataclass(frozen=True, slots=True)
class Limit:
    """Characters of one field. `kind`: refused beyond it, or shown cut."""

    platform: Platform
    key: str
    format: str
    field: str
    characters: int
    kind: Literal["refused", "cut"]
    source: str
    read: date


GOOGLE = "wordcountertool.net, Google Ads Character Limits 2026; www.wordcountertool.net/blog/google-ads-character-limits"
META = "geratools.com, Facebook Ad Spec Reference; geratools.com/facebook-ad-spec-reference"
LINKEDIN = "RollWorks help center, LinkedIn Ads specifications; help.rollworks.com/hc/en-us/articles/360041152051"
NAMES = {"google_ads": "Google Ads", "meta": "Meta", "linkedin": "LinkedIn"}
READ = date(2026, 11, 21)

LIMITS = (
    Limit("google_ads", "headline", "responsive search ad", "headline", 30, "refused", GOOGLE, date(2026, 3, 21)),
    Limit("google_ads", "description", "responsive search ad", "description", 90, "refused", GOOGLE, date(2026, 3, 21)),
    Limit("google_ads", "path", "responsive search ad", "path field", 15, "refused", GOOGLE, date(2026, 3, 21)),
    Limit("meta", "primary_text", "feed ad", "primary text", 125, "cut", META, READ),
    Limit("meta", "headline", "feed ad", "headline", 40, "cut", META, READ),
    Limit("meta", "description", "feed ad", "description", 30, "cut", META, READ),
    Limit("linkedin", "introductory_text", "single image ad", "introductory text", 150, "cut", LINKEDIN, READ),
    Limit("linkedin", "headline", "single image ad", "headline", 70, "cut", LINKEDIN, READ),
    Limit("linkedin", "description", "single image ad", "description", 100, "cut", LINKEDIN, READ),
)
"""To add one: read it at an address that a reader can open, with the day it speaks for. Where none could be read, there is none."""


class ListFormats(Request):
    """Which platforms."""

    model_config = {"json_schema_extra": {"examples": [{}, {"channels": ["google_ads", "meta"]}]}}

    channels: tuple[str, ...] = Field(
        (), description="channels such as google_ads, meta, linkedin; all that are known when empty", max_length=20
    )


@tool(version=1, field="market")
def list_formats(request: ListFormats) -> ToolResult:
    """List how many characters the texts of an ad may have, for the platforms whose limits could be read: Google Ads, Meta, LinkedIn.

    A figure is the length beyond which a text is refused or shown cut, with its source and day. Platforms change them without notice.
    """
    known = {limit.platform for limit in LIMITS}
    wanted = [limit for limit in LIMITS if not request.channels or limit.platform in request.channels]
    if not wanted:
        raise NotEnoughData(
            "no limits are on record for these channels",
            field="channels",
            needed=", ".join(sorted(known)),
            found=", ".join(request.channels),
        )
    figures = tuple(
        Figure(
            key=f"{limit.platform}.{limit.key}", value=limit.characters, unit="count", metric=f"{limit.key}_characters",
            entity=limit.platform,
            label=f"characters, {limit.field} of a {limit.format}", basis="benchmark", source=limit.source, source_date=limit.read,
        )
        for limit in wanted
    )  # fmt: skip
    columns = (
        Column(name="platform", label="platform"),
        Column(name="format", label="format"),
        Column(name="field", label="field"),
        Column(name="characters", label="characters", unit="count"),
        Column(name="beyond", label="beyond that"),
    )
    rows = tuple(
        (limit.platform, limit.format, limit.field, limit.characters, "refused" if limit.kind == "refused" else "shown cut")
        for limit in wanted
    )
    missing = sorted(set(request.channels) - known - {"email"})
    caveats = [
        Caveat(code="platforms_change", text="Platforms change these lengths without notice: look at the field while building the ad.")
    ]
    if missing:
        caveats.append(Caveat(code="not_read", text="For the other channels asked for, no length could be read from a source."))
    findings = tuple(
        f"On {NAMES[limit.platform]} the {limit.field} of a {limit.format} may have {{{{{limit.platform}.{limit.key}}}}} characters."
        for limit in wanted
    )
    return ToolResult(
        figures=figures, findings=findings, caveats=tuple(caveats), table=Table(title="Lengths of ad texts", columns=columns, rows=rows)
    )
