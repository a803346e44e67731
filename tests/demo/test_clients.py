"""Who the simulated clients say they are agrees with what was simulated of them."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo.clients import CLIENTS
from demo.simulate import World
from demo.truth import truth


@pytest.mark.parametrize("slug", CLIENTS)
def test_a_client_agrees_with_its_truth_and_says_it_is_simulated(slug: str) -> None:
    client, stated = CLIENTS[slug], truth(slug)
    assert "(simulated)" in client.name
    assert "(simulated)" in client.profile["business"]
    assert (client.currency, client.zone, client.profile["goal"]) == (stated.currency, stated.zone, stated.goal)
    assert set(client.profile.get("minimum_learning_spend", {})) <= {channel.name for channel in stated.channels}
    margin = sum(item.weight * (1 - item.unit_cost / item.price) for item in stated.products)
    assert client.profile["gross_margin_share"] == pytest.approx(margin, abs=0.06)


@pytest.mark.parametrize("slug", CLIENTS)
def test_shares_of_a_truth_sum_to_one(slug: str) -> None:
    stated = truth(slug)
    assert sum(segment.share for segment in stated.segments) == pytest.approx(1)
    assert sum(product.weight for product in stated.products) == pytest.approx(1)
    for channel in stated.channels:
        assert sum(share for _, share in channel.campaigns) == pytest.approx(1)
    if stated.subscriptions:
        assert sum(plan.share for plan in stated.subscriptions.plans) == pytest.approx(1)
    if stated.scores:
        assert sum(stated.scores.engaged) == pytest.approx(1)
        assert sum(stated.scores.unengaged) == pytest.approx(1)


@pytest.mark.parametrize("slug", CLIENTS)
def test_documents_say_that_they_are_simulated_and_when_they_were_written(slug: str) -> None:
    client = CLIENTS[slug]
    for document in client.documents:
        text = document.path.read_text(encoding="utf-8")
        assert "Simulated client, simulated document." in text
        assert str(document.dated.year) in text.splitlines()[2]
        assert document.dated.strftime("%B") in text.splitlines()[2]
    brand = client.documents[0].path.read_text(encoding="utf-8")
    assert f"Banned words: {', '.join(client.banned_words)}." in brand


def amount(cell: str) -> int:
    """Money of a document in minor units."""
    return round(float(re.sub(r"[^0-9.]", "", cell)) * 100)


@pytest.mark.parametrize(("slug", "period"), [("salon", ("2026-06-01", "2026-07-31")), ("fitness", ("2026-04-01", "2026-05-31"))])
def test_figures_of_the_past_review_are_those_of_the_data(slug: str, period: tuple[str, str], request: pytest.FixtureRequest) -> None:
    brand: World = request.getfixturevalue(slug)
    ads, orders, contacts = (brand.tables[name] for name in ("ad_metrics", "orders", "contacts"))
    day = ads["day"].cast("string")
    within = ads.filter(pc.and_(pc.greater_equal(day, period[0]), pc.less_equal(day, period[1])))
    firsts = orders.group_by("contact_id").aggregate([("at", "min")]).join(contacts.select(["contact_id", "source"]), "contact_id")
    table = CLIENTS[slug].documents[2].path.read_text(encoding="utf-8")
    shown = [line for line in table.splitlines() if re.match(r"\| (Google|Meta|LinkedIn|TikTok|YouTube|Email)", line)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown]
    assert len(rows) == len(brand.truth.channels)
    for name, spend, claimed, known in rows:
        channel = name.lower().replace(" ", "_")
        own = within.filter(pc.equal(within["channel"], channel))
        assert amount(spend) == pc.sum(own["spend"]).as_py(), name
        assert float(claimed) == float(pc.sum(own["conversions"]).as_py()), name
        assert int(known) == count_of(firsts, channel, period, brand), name


def count_of(firsts: pa.Table, channel: str, period: tuple[str, str], brand: World) -> int:
    """First orders of a channel's people in the local days of a period."""
    own = firsts.filter(pc.equal(firsts["source"], channel))
    day = pc.strftime(own["at_min"].cast(pa.timestamp("us", brand.span.zone)), "%Y-%m-%d")
    return pc.sum(pc.and_(pc.greater_equal(day, period[0]), pc.less_equal(day, period[1]))).as_py()


def test_the_first_brief_of_each_client_is_in_reach_of_its_history(salon: World, fitness: World) -> None:
    for brand, budget in ((salon, 1_500_000), (fitness, 2_000_000)):
        spent = pc.sum(brand.tables["ad_metrics"]["spend"]).as_py() / brand.span.days * 30.44
        assert spent == pytest.approx(budget, rel=0.1)


def test_the_price_list_of_the_newcomer_is_the_one_in_its_data(newcomer: World) -> None:
    text = CLIENTS["newcomer"].documents[1].path.read_text(encoding="utf-8")
    listed = {(amount(price), amount(cost)) for price, cost in re.findall(r"\| (R[\d.]+) \| (R[\d.]+) \|", text)}
    prices = newcomer.tables["prices"]
    assert listed == set(zip(prices["price"].to_pylist(), prices["unit_cost"].to_pylist(), strict=True))
