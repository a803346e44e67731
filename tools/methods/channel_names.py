"""Channels as keys (google_ads) and as words (Google Ads)."""

from __future__ import annotations

import re

KNOWN = {
    "google_ads": "Google Ads", "meta": "Meta", "linkedin": "LinkedIn", "tiktok": "TikTok", "youtube": "YouTube", "email": "email",
    "tv": "TV", "sms": "SMS", "bing_ads": "Bing Ads", "microsoft_ads": "Microsoft Ads", "dv_360": "Display and Video", "x_ads": "X Ads",
}  # fmt: skip
DIGITS = dict(zip("0123456789", ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), strict=True))


def channel_key(name: str) -> str:
    """Lower snake_case, as a figure's key wants it: 'Google Ads' → 'google_ads'."""
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return key if key[:1].isalpha() else f"channel_{key or 'unnamed'}"


def channel_name(channel: str) -> str:
    """The channel in words and without digits, since a finding holds none outside its slots: 'x1' → 'X one'."""
    if channel in KNOWN:
        return KNOWN[channel]
    words = re.sub(r"\d", lambda digit: f" {DIGITS[digit[0]]} ", channel.replace("_", " ")).split()
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]]) if words else channel


def joined(names: list[str]) -> str:
    """'A', 'A and B', 'A, B and C'."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
