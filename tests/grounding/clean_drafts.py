"""Sentences that hold, as different writers would put them; every one must pass."""

# ruff: noqa: E501 - prose of drafts stays on its line

from __future__ import annotations

CLEAN = [
    "Put {{E4.google_ads.budget}} a month into Google Ads and {{E4.meta.budget}} into Meta; LinkedIn, beyond the spend on record, gets {{E4.linkedin.budget}}.",
    "Over the last quarter, the account paid {{E2.total.cpa}} for a booking across all channels.",
    "Google Ads is the cheapest channel at {{E2.google_ads.cpa}} per booking; LinkedIn, at {{E2.linkedin.cpa}}, is the dearest.",
    "We recommend moving money from LinkedIn to Google Ads: {{E4.linkedin.change|abs}} a month less for LinkedIn, {{E4.google_ads.change}} a month more for Google Ads. LinkedIn's part is an extrapolation.",
    "With a budget of {{B.budget}} a month, we expect {{E5.bookings}} bookings in December 2026 ({{E5.bookings.low}} to {{E5.bookings.high}}).",
    "There is a {{E4.chance_worse}} chance that the plan does worse than the current plan, and LinkedIn's amount is extrapolated.",
    "Meta's cost per booking is higher than that of Google Ads: {{E2.meta.cpa}} against {{E2.google_ads.cpa}}.",
    "Loyal customers are worth {{E3.loyal.value}} each, at-risk customers {{E3.at_risk.value}}.",
    "Nearly half of spend, {{E7.share_google}}, went to Google Ads in Q3 2026.",
    "At {{E2.tiktok.roas}}, TikTok returned less on ad spend than Meta at {{E2.meta.roas}}.",
    "| Action | Owner | Due |\n| --- | --- | --- |\n| Raise Google Ads to {{E4.google_ads.budget}} a month | agency | 2026-12-01 |\n| Stop LinkedIn when cost per booking passes {{E2.linkedin.cpa.high}}, as its amount is extrapolated | client | 2026-12-15 |",
    "### Google Ads\n\n- **Role:** it carries most bookings, {{E2.google_ads.conversions}} of {{E2.total.conversions}} in the quarter.\n- **Budget:** {{E4.google_ads.budget}} a month, {{E4.google_ads.current}} before.\n- **Campaign:** Search, target CPA near {{E2.google_ads.cpa}}.\n\nLinkedIn is extrapolated.",
    "If cost per booking on Meta is above {{E2.meta.cpa.high}} on 2026-12-21, cut Meta first.",
    "The data runs until {{E1.ad_metrics.last_day}} and covers {{E1.ad_metrics.days}}.",
    "Before deciding we need {{E6.n_per_arm}} people in each arm for {{E6.days}}, enough to detect {{E6.mde}}.",
    "The reminder e-mail lifted bookings by {{E6.lift}} (95% confidence interval {{E6.lift|range}}).",
    "Bookings with Google Ads came to {{E2.google_ads.conversions}}, more than the {{E2.meta.conversions}} of Meta.",
    "In our view the client should keep email, because it costs little to send; nothing in the data says that it caused bookings.",
    "TikTok's clicks convert at {{E2.tiktok.conversion_rate}}, so test the landing page first.",
    "Your brief asks for at least {{B.conversions}} bookings a month on {{B.budget}}.",
    "Spend on LinkedIn grew {{E2.linkedin.spend_change}} in the third quarter while its return on ad spend stood at {{E2.linkedin.roas}}.",
    "Meta (R27 890 of spend) gave 118 bookings in Q3 2026, Google Ads (R45 123) gave 247.",
    "Google Ads cost about R183 per booking and Meta about R236.",
    "A total of 435 bookings came in between July and September 2026, at a total spend of R95 512.",
    "Roughly R96k was spent in the quarter; Google Ads took R45k of it.",
    "Women aged 25–44 in Cape Town see the 15-second video at 18:30, in 9:16 and 1080x1920.",
    "The 963 at-risk customers last ordered 118 days ago. Write to them first.",
    "First, fix tracking in GA4. Second, launch in week 3.",
    "Revenue of R103 425 is expected in December 2026, with R84 100 as the low end and R124 800 as the high end.",
    "The plan adds 13,6 bookings a month (80% prediction interval 2,4 to 24,1); LinkedIn is extrapolated.",
    "LinkedIn's click-through rate (0,68%) is the lowest of the four channels.",
    "Per booking, LinkedIn costs R464,31 and TikTok R220,34.",
    "On TikTok we paid R220,34 for each booking, on Meta R236,36.",
    "Newcomers make up 37,6% of customers, the loyal 18,7%, the at-risk 43,7%.",
    "The three segments are loyal, at-risk and newcomers.",
    "The test could detect a difference of 1,2 percentage points with 5 240 people per arm.",
]
