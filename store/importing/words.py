"""Words as exports write them, as SQL over a trimmed cell: ids, names of things, channels, yes and no."""

from __future__ import annotations

from collections.abc import Mapping

from store.importing.sql import matches, quoted, replaced

YES = ("true", "t", "yes", "y", "1", "on", "ja", "j", "oui", "si", "sí", "x", "subscribed", "opted in", "opt-in", "granted")
NO = ("false", "f", "no", "n", "0", "off", "nein", "nee", "non", "unsubscribed", "opted out", "opt-out", "denied")

LOST_DIGITS = r"^\d(\.\d+)?E\+\d+$"
"""What a spreadsheet makes of a long id: its last digits are gone."""

CHANNELS: Mapping[str, str] = {
    **dict.fromkeys(("google", "adwords", "google_adwords", "google_cpc", "paid_search", "sem", "gads"), "google_ads"),
    **dict.fromkeys(("facebook", "instagram", "fb", "ig", "facebook_ads", "instagram_ads", "meta_ads", "facebook_instagram"), "meta"),
    **dict.fromkeys(("linkedin_ads", "linked_in"), "linkedin"),
    **dict.fromkeys(("tiktok_ads", "tik_tok"), "tiktok"),
    **dict.fromkeys(("youtube_ads", "you_tube"), "youtube"),
    **dict.fromkeys(("email_marketing", "e_mail", "newsletter", "mailchimp"), "email"),
    **dict.fromkeys(("organic_search", "seo"), "organic"),
    **dict.fromkeys(("direct_traffic", "none"), "direct"),
    **dict.fromkeys(("referrals",), "referral"),
}
"""Other names of channels, in snake_case."""

STATUSES: Mapping[str, str] = {
    **dict.fromkeys(("succeeded", "complete", "completed", "fulfilled", "settled", "captured"), "paid"),
    **dict.fromkeys(("refund", "fully_refunded"), "refunded"),
    **dict.fromkeys(("canceled", "void", "voided", "failed", "expired"), "cancelled"),
}
"""Other names of an order's status, in snake_case."""

ALIASES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("ad_metrics", "channel"): CHANNELS,
    ("events", "channel"): CHANNELS,
    ("touchpoints", "channel"): CHANNELS,
    ("contacts", "source"): CHANNELS,
    ("orders", "status"): STATUSES,
}
"""By table and column: other names for its values."""

SNAKE = frozenset(
    {*ALIASES, ("events", "name"), ("contacts", "stage"), ("touchpoints", "kind"), ("surveys", "kind"), ("tickets", "severity")}
)
"""Columns whose contract asks for snake_case."""


def category(text: str, table: str, column: str) -> str:
    """A name of a thing: in snake_case and by its usual name where the contract asks for it, else as it is."""
    if (table, column) not in SNAKE:
        return text
    snake = _snake(text)
    aliases = ALIASES.get((table, column))
    if not aliases:
        return snake
    cases = " ".join(f"WHEN {quoted(other)} THEN {quoted(usual)}" for other, usual in aliases.items())
    return f"CASE {snake} {cases} ELSE {snake} END"


def _snake(text: str) -> str:
    split = replaced(text, r"([\p{Ll}\d])(\p{Lu})", r"\1_\2", everywhere=True)
    return "trim(" + replaced(f"lower({split})", r"[^\pL\pN]+", "_", everywhere=True) + ", '_')"


def truth(text: str, *, negate: bool) -> str:
    """Yes or no as BOOLEAN, null when it is neither."""
    yes, no = (", ".join(map(quoted, words)) for words in (YES, NO))
    return f"CASE WHEN lower({text}) IN ({yes}) THEN {str(not negate).lower()} WHEN lower({text}) IN ({no}) THEN {str(negate).lower()} END"


def has_lost_digits(text: str) -> str:
    """Whether an id went through a spreadsheet and lost its last digits."""
    return matches(text, LOST_DIGITS)
