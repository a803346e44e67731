"""Newcomer: a young web shop for rooibos soap in South Africa, with a price list and three weeks of data."""

from demo.truth import Channel, Curve, Product, Segment, Truth, Unpaid

TRUTH = Truth(
    client="newcomer",
    currency="ZAR",
    zone="Africa/Johannesburg",
    country="ZA",
    cities=("Cape Town", "Stellenbosch", "Paarl"),
    industries=(),
    goal="purchase",
    days=21,
    channels=(
        Channel(
            name="google_ads",
            curve=Curve(decay=0.25, half_saturation=140_000, maximum=24.0),
            spend=62_000,
            claim=1.10,
            signup_to_customer=0.50,
            cost_per_click=270,
            click_rate=0.050,
            campaigns=(("Search | Rooibos soap", 1.00),),
            fractional=True,
        ),
        Channel(
            name="meta",
            curve=Curve(decay=0.45, half_saturation=110_000, maximum=26.0),
            spend=70_000,
            claim=1.30,
            signup_to_customer=0.42,
            cost_per_click=150,
            click_rate=0.012,
            campaigns=(("Prospecting | Natural skin care", 1.00),),
        ),
    ),
    unpaid=(Unpaid("organic", 3.0, 0.0, 0.0, 0.45), Unpaid("direct", 4.0, 0.0, 0.0, 0.60)),
    segments=(Segment("buyer", 0.70, 0.60, 1.00, 0.080), Segment("gift", 0.30, 0.10, 1.30, 0.300)),
    products=(
        Product("soap_bar", 7_500, 2_600, 0.55, -1.40, "bar"),
        Product("gift_box", 26_000, 11_000, 0.25, -1.10, "box"),
        Product("hand_cream", 14_500, 5_200, 0.20, -1.30, "tube"),
    ),
    subscriptions=None,
    experiments=(),
    referral=None,
    scores=None,
    competitors=(),
)
