"""What a reader of a channel summary must know before acting on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tools.attribution._channel_days import CrmCounts, Span
from tools.attribution._channel_figures import Side
from tools.contract import Caveat, Figure

STALE_DAYS = 7  # platforms export daily: a week without a row is an import that stopped
SHORT_DAYS = 28  # under four weeks a trend cannot be told from the week's own rhythm
MANY = 10  # changes at which a false alarm is about as likely as not, at the usual level
UNNAMED_SHARE = 0.3  # above this the CRM's sources say little about the rest


def caveats_of(
    figures: Sequence[Figure], side: Side, span: Span, as_of: date, asked_days: int, crm: CrmCounts | None, *, compared: bool = True
) -> list[Caveat]:
    """In the order of how wrong a reader would be without them."""
    caveats: list[Caveat] = []
    if any(figure.basis == "attributed" for figure in figures):
        caveats.append(
            Caveat(
                code="platform_claimed",
                text="Conversions, and the costs and returns worked out from them, are what the ad platforms claim: several may claim "
                "the same conversion, and a claim is no proof that the channel brought it.",
                insist=True,
                signs=("platforms claim", "platform claims", "claimed", "reported by the platform", "platform-reported", "attributed"),
            )
        )
    if (as_of - span.last).days > STALE_DAYS:
        caveats.append(
            Caveat(
                code="stale",
                text="The ad figures stop well before the day this answer is for: the latest days are missing.",
                insist=True,
                signs=(
                    "stale",
                    "stop before",
                    "stops before",
                    "out of date",
                    "latest days are missing",
                    "not up to date",
                    "no longer current",
                ),
            )
        )
    if side.period.days < SHORT_DAYS:
        caveats.append(
            Caveat(
                code="short_history",
                text="The period is shorter than a month, so these figures can still move a good deal.",
                insist=True,
                signs=("short history", "short period", "shorter than", "little history", "only a few weeks", "few weeks", "weeks of data"),
            )
        )
    elif side.period.days < asked_days:
        caveats.append(
            Caveat(code="shorter_than_asked", text="The record is shorter than the period asked for: the whole of it was summed.")
        )
    if side.earlier is None and compared:
        caveats.append(
            Caveat(code="no_comparison", text="There is no full period before this one on record, so nothing is said about a trend.")
        )
    if len(span.currencies) > 1:
        left = ", ".join(currency for currency in span.currencies if currency != side.currency)
        caveats.append(
            Caveat(
                code="other_currencies",
                text=f"Spend in other currencies ({left}) is left out: amounts are not converted.",
                insist=True,
                signs=("left out", "not converted", "other currencies", "excluded"),
            )
        )
    if sum(figure.interval is not None for figure in figures if figure.key.endswith("_change")) >= MANY:
        caveats.append(
            Caveat(
                code="many_comparisons",
                text="With this many changes looked at, one or another passes for more than ordinary variation by chance.",
            )
        )
    caveats += _about_figures(figures, crm)
    return caveats


def _about_figures(figures: Sequence[Figure], crm: CrmCounts | None) -> list[Caveat]:
    caveats: list[Caveat] = []
    keys = {figure.key for figure in figures}
    channels = {figure.entity for figure in figures if figure.entity}
    if crm is None:
        caveats.append(
            Caveat(code="no_crm_sources", text="The CRM names no sources, so the platforms' claims could not be checked against it.")
        )
    elif crm.unknown > UNNAMED_SHARE * (crm.unknown + sum(crm.contacts.values())):
        caveats.append(
            Caveat(
                code="crm_sources_missing",
                text="Many new contacts have no source in the CRM, so its counts by channel are too low.",
                insist=True,
                signs=("no source", "without a source", "source is missing", "missing source", "too low", "unattributed"),
            )
        )
    else:
        caveats.append(
            Caveat(
                code="crm_source_is_one_touch",
                text="The CRM names one source per contact: a channel that helped earlier or later gets no mention.",
            )
        )
    if any(key.endswith(("claims_per_crm_contact", "claims_per_crm_customer")) for key in keys):
        caveats.append(
            Caveat(
                code="claims_beside_crm",
                text="Claims set beside the CRM compare counts of unlike things: a platform may count a repeat purchase or a sign-up as a "
                "conversion, while the CRM counts people, each in the period when they first appear or first buy.",
            )
        )
    if any(f"{channel}.conversions" in keys for channel in channels) and "total.conversions" not in keys:
        caveats.append(
            Caveat(code="conversions_not_everywhere", text="Not every channel reports conversions, so none are totalled over all channels.")
        )
    return caveats
