"""The three simulated clients: who they say they are, what they would tell an agency, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

AS_OF = date(2026, 10, 31)
"""The last day of the simulated history, fixed so that runs can be repeated."""

SEED = 20261031

DOCUMENTS = Path(__file__).parent / "documents"


Kind = Literal["brand", "audience", "review", "prices", "competitors"]


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """A document of a client, for context."""

    path: Path
    title: str
    kind: Kind
    dated: date


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A simulated client as a workspace would register it."""

    slug: str
    name: str
    language: str
    """BCP 47."""
    currency: str
    """ISO 4217."""
    zone: str
    """IANA."""
    profile: MappingProxyType[str, Any]
    """What people state of the business. Shares are 0..1, money is minor units of the client's currency, learning spend is per week."""
    briefs: tuple[str, ...]
    """What the client asks for; the first is the one the demo runs."""
    documents: tuple[DemoDocument, ...]
    banned_words: tuple[str, ...]
    """Words that the brand's own document forbids."""


def _document(client: str, file: str, title: str, kind: Kind, dated: date) -> DemoDocument:
    return DemoDocument(DOCUMENTS / client / file, title, kind, dated)


CLIENTS: dict[str, DemoClient] = {
    client.slug: client
    for client in (
        DemoClient(
            slug="salon",
            name="Salon demo (simulated)",
            language="en-ZA",
            currency="ZAR",
            zone="Africa/Johannesburg",
            profile=MappingProxyType(
                {
                    "business": "online booking for salons in South Africa (simulated)",
                    "goal": "booking",
                    "goals": (
                        {"name": "bookings", "measure": "orders", "target_count": 5600},
                        {"name": "ad spend", "measure": "spend", "target_amount": 1_500_000},
                    ),
                    "vat_rate": 0.15,
                    "agency_fee_share": 0.12,
                    "gross_margin_share": 0.15,
                    "minimum_learning_spend": {
                        "google_ads": 40_000,
                        "meta": 45_000,
                        "linkedin": 30_000,
                        "tiktok": 20_000,
                        "email": 5_000,
                    },
                }
            ),
            briefs=(
                "R15 000 a month, Google Ads, Meta, LinkedIn, TikTok and email, goal: bookings",
                "We have R24 000 a month for November to January. Which of our channels should get more, and which less? Goal: bookings.",
            ),
            documents=(
                _document("salon", "brand_voice.md", "Brand voice", "brand", date(2026, 2, 9)),
                _document("salon", "audience.md", "Positioning and audience", "audience", date(2026, 3, 16)),
                _document("salon", "campaign_review.md", "Review of the winter campaign 2026", "review", date(2026, 8, 24)),
                _document("salon", "competitor_notes.md", "Notes on competitors", "competitors", date(2026, 10, 12)),
            ),
            banned_words=("cheap", "luxury", "pamper", "beautify", "guru", "game-changer", "revolutionary", "unleash", "flawless", "hack"),
        ),
        DemoClient(
            slug="fitness",
            name="Fitness demo (simulated)",
            language="en-US",
            currency="USD",
            zone="America/New_York",
            profile=MappingProxyType(
                {
                    "business": "a training app in the United States (simulated)",
                    "goal": "purchase",
                    "vat_rate": 0.0,
                    "agency_fee_share": 0.10,
                    "gross_margin_share": 0.75,
                    "minimum_learning_spend": {
                        "google_ads": 50_000,
                        "meta": 60_000,
                        "tiktok": 35_000,
                        "youtube": 40_000,
                        "email": 4_000,
                    },
                }
            ),
            briefs=(
                "$20,000 a month across Google Ads, Meta, TikTok, YouTube and email. Goal: purchases.",
                "New-year plan: $32,000 for January on Google Ads, Meta and YouTube, goal: purchases at no more than $45 each",
                "We can spend $12,000 a month. Should we keep TikTok? Goal: purchases.",
            ),
            documents=(
                _document("fitness", "brand_voice.md", "Brand voice", "brand", date(2026, 1, 19)),
                _document("fitness", "audience.md", "Positioning and audience", "audience", date(2026, 4, 6)),
                _document("fitness", "campaign_review.md", "Review of the spring campaign 2026", "review", date(2026, 6, 29)),
                _document("fitness", "competitor_notes.md", "Notes on competitors", "competitors", date(2026, 10, 5)),
            ),
            banned_words=("shred", "beast", "burn fat", "guilt", "cheat day", "transform", "no excuses", "insane", "skinny", "hack"),
        ),
        DemoClient(
            slug="newcomer",
            name="Newcomer demo (simulated)",
            language="en-ZA",
            currency="ZAR",
            zone="Africa/Johannesburg",
            profile=MappingProxyType(
                {
                    "business": "a web shop for rooibos soap in Cape Town (simulated)",
                    "goal": "purchase",
                    "vat_rate": 0.15,
                    "agency_fee_share": 0.12,
                    "gross_margin_share": 0.62,
                }
            ),
            briefs=("R6 000 a month on Google Ads and Meta, goal: purchases. We only started this month.",),
            documents=(
                _document("newcomer", "brand_note.md", "Brand note", "brand", date(2026, 10, 5)),
                _document("newcomer", "price_list.md", "Price list", "prices", date(2026, 10, 11)),
            ),
            banned_words=("miracle", "chemical-free", "anti-ageing", "detox", "luxurious", "eco-warrior"),
        ),
    )
}
