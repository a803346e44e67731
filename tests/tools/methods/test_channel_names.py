"""Channels as keys and as words."""

from __future__ import annotations

import pytest

from tools.contract import KEY
from tools.methods.channel_names import channel_key, channel_name, joined
from tools.methods.currencies import minor_units


@pytest.mark.parametrize(
    ("name", "key"), [("Google Ads", "google_ads"), ("meta", "meta"), ("3rd-party", "channel_3rd_party"), ("  ", "channel_unnamed")]
)
def test_key(name, key):
    assert channel_key(name) == key
    assert KEY.fullmatch(channel_key(name))


@pytest.mark.parametrize("channel", ["x1", "tv_4", "channel_3rd_party", "google_ads", "42"])
def test_words_hold_no_digits(channel):
    assert not any(letter.isdigit() for letter in channel_name(channel))


def test_known_names_are_written_as_their_owners_do():
    assert [channel_name(channel) for channel in ("google_ads", "tiktok", "linkedin", "print_ads")] == [
        "Google Ads",
        "TikTok",
        "LinkedIn",
        "Print ads",
    ]


def test_joined():
    assert [joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_minor_units():
    assert [minor_units(code) for code in ("ZAR", "JPY", "KWD")] == [100, 1, 1000]
