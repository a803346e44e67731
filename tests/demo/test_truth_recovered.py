"""What is stated as true can be found again in the data, by methods that know nothing of how it was drawn."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.optimize import least_squares, minimize, nnls

from demo.simulate import World
from demo.simulation.calendar import DAY, MONTH
from demo.simulation.purchases import demand
from demo.truth import Curve


def micros(values: pa.ChunkedArray) -> np.ndarray:
    """UTC microseconds; -1 where missing."""
    return pc.fill_null(values.cast(pa.int64()), -1).to_numpy()


def ends(brand: World) -> int:
    return brand.span.instants(np.array([brand.span.end])).cast(pa.int64())[0].as_py()


def first_orders(brand: World) -> pa.Table:
    """contact_id, first order (at_min) and source of people without a business."""
    firsts = brand.tables["orders"].group_by("contact_id").aggregate([("at", "min")])
    return firsts.join(brand.tables["contacts"].select(["contact_id", "source"]), "contact_id", join_type="left outer")


def weekly(brand: World, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Spend and claimed conversions by whole week."""
    ads = brand.tables["ad_metrics"]
    rows = ads.filter(pc.equal(ads["channel"], channel))
    day = (rows["day"].to_numpy().astype("datetime64[D]") - np.datetime64(brand.span.first)).astype(int)
    whole = day < brand.span.days // 7 * 7
    return tuple(np.bincount(day[whole] // 7, weights=rows[name].cast(pa.float64()).to_numpy()[whole]) for name in ("spend", "conversions"))


def fit_curve(spend: np.ndarray, conversions: np.ndarray) -> Curve:
    """Plain least squares from several starts."""
    scale, level = spend.mean(), conversions.mean()

    def curve(point: np.ndarray) -> Curve:
        return Curve(1 / (1 + np.exp(-point[0])), np.exp(point[1]) * scale, np.exp(point[2]) * level)

    fits = [
        least_squares(lambda point: (curve(point).conversions(spend) - conversions) / np.sqrt(level), (decay, half, 1.0))
        for decay in (-1.5, 0.0)
        for half in (0.0, 1.0)
    ]
    return curve(min(fits, key=lambda fit: fit.cost).x)


@pytest.mark.parametrize("channel", ["google_ads", "meta", "linkedin", "tiktok", "email"])
def test_response_curves_can_be_identified(medium_salon: World, channel: str) -> None:
    stated = medium_salon.truth.channel(channel)
    spend, claimed = weekly(medium_salon, channel)
    fitted = fit_curve(spend, claimed / stated.claim)
    levels = np.outer((0.5, 1.0, 1.5), np.full(60, stated.spend))
    for level in levels:
        assert fitted.conversions(level)[-1] == pytest.approx(stated.curve.conversions(level)[-1], rel=0.08)
    assert fitted.decay == pytest.approx(stated.curve.decay, abs=0.12)
    assert fitted.half_saturation == pytest.approx(stated.curve.half_saturation, rel=0.6)


def test_small_curves_can_be_identified_where_money_was_spent(salon: World, fitness: World) -> None:
    for brand in (salon, fitness):
        for stated in brand.truth.channels:
            spend, claimed = weekly(brand, stated.name)
            fitted = fit_curve(spend, claimed / stated.claim)
            level = np.full(60, stated.spend)
            assert fitted.conversions(level)[-1] == pytest.approx(stated.curve.conversions(level)[-1], rel=0.15), stated.name


def test_spend_keeps_to_its_stated_mean(salon: World) -> None:
    for channel in salon.truth.channels:
        assert weekly(salon, channel.name)[0].mean() == pytest.approx(channel.spend, rel=0.2), channel.name


def test_platforms_claim_more_than_the_crm_knows_by_the_stated_factor(salon: World, medium_salon: World) -> None:
    for brand, tolerance in ((salon, 0.03), (medium_salon, 0.01)):
        known = Counter(first_orders(brand)["source"].to_pylist())
        ads = brand.tables["ad_metrics"]
        for channel in brand.truth.channels:
            claimed = float(pc.sum(ads.filter(pc.equal(ads["channel"], channel.name))["conversions"]).as_py())
            assert claimed / known[channel.name] == pytest.approx(channel.claim, rel=tolerance), channel.name


def test_signups_become_customers_at_the_stated_rate(medium_salon: World) -> None:
    contacts = medium_salon.tables["contacts"]
    mature = pc.and_(pc.is_null(contacts["account_id"]), pc.less(contacts["created_at"].cast(pa.int64()), ends(medium_salon) - 21 * DAY))
    rows = contacts.filter(mature)
    for source in (*medium_salon.truth.channels, *medium_salon.truth.unpaid):
        of_source = rows.filter(pc.equal(rows["source"], source.name))
        rate = pc.mean(pc.equal(of_source["stage"], "customer").cast(pa.float64())).as_py()
        error = (rate * (1 - rate) / of_source.num_rows) ** 0.5
        assert rate == pytest.approx(source.signup_to_customer, abs=4 * error), source.name
        assert error < 0.01


def test_segment_mix_is_found_in_repeat_orders(medium_salon: World) -> None:
    """Shares by non-negative least squares on the histogram of repeat orders in the first 180 days: no label is used."""
    truth, horizon = medium_salon.truth, 180 * DAY
    firsts = first_orders(medium_salon)
    start = micros(firsts["at_min"])
    cohort = firsts.filter(pa.array(start < ends(medium_salon) - horizon)).select(["contact_id", "at_min"])
    orders = medium_salon.tables["orders"].join(cohort, "contact_id", join_type="inner")
    age = micros(orders["at"]) - micros(orders["at_min"])
    repeats = orders.filter(pa.array((age > 0) & (age < horizon))).group_by("contact_id").aggregate([("at", "count")])
    bins = np.array([0, 1, 2, 3, 5, 7, 10, 1000])
    observed = np.histogram(repeats["at_count"].to_numpy(), bins)[0].astype(float)
    observed[0] = cohort.num_rows - repeats.num_rows
    observed /= cohort.num_rows

    rng = np.random.default_rng(1)
    _, multiples = demand(truth, medium_salon.span)
    appetite = np.array([product.weight for product in truth.products]) @ multiples.mean(axis=1)
    expected = []
    for segment in truth.segments:
        stay = np.minimum(rng.exponential(MONTH / segment.churn_per_month, 200_000), horizon)
        counts = rng.poisson(segment.orders_per_month * appetite * stay / MONTH)
        expected.append(np.histogram(counts, bins)[0] / len(counts))
    shares, _ = nnls(np.array(expected).T, observed)
    assert shares == pytest.approx([segment.share for segment in truth.segments], abs=0.05)


def test_segments_differ_in_basket_and_stay(salon: World) -> None:
    characters = salon.characters.filter(salon.characters["customer"])
    for segment in salon.truth.segments:
        own = characters.filter(pc.equal(characters["segment"], segment.name))
        assert own.num_rows / characters.num_rows == pytest.approx(segment.share, abs=0.02)
        firsts = salon.tables["orders"].group_by("contact_id").aggregate([("at", "min")]).join(own, "contact_id", join_type="inner")
        left = micros(firsts["leaves_at"])
        exposure = np.where(left < 0, ends(salon), left) - micros(firsts["at_min"])
        hazard = (left >= 0).sum() / (exposure.sum() / MONTH)
        assert hazard == pytest.approx(segment.churn_per_month, rel=0.10), segment.name


@pytest.mark.parametrize("name", ["medium_salon", "fitness"])
def test_churn_hazards_are_found_by_plan_and_engagement(name: str, request: pytest.FixtureRequest) -> None:
    brand: World = request.getfixturevalue(name)
    terms = brand.truth.subscriptions
    rows = brand.tables["subscriptions"].join(brand.subscribers, "subscription_id")
    started, ended = micros(rows["started_at"]), micros(rows["ended_at"])
    months = (np.where(ended < 0, ends(brand), ended) - started) / MONTH
    plan, engaged = np.array(rows["plan"].to_pylist()), rows["engaged"].to_numpy()
    for stated in terms.plans:
        for eager, multiple in ((True, 1.0), (False, terms.unengaged_hazard)):
            own = (plan == stated.name) & (engaged == eager)
            count = (ended[own] >= 0).sum()
            assert count >= 20
            assert count / months[own].sum() == pytest.approx(stated.churn_per_month * multiple, rel=4 / count**0.5)
    assert engaged.mean() == pytest.approx(terms.engaged_share, abs=0.03)
    assert [(plan == item.name).mean() for item in terms.plans] == pytest.approx([item.share for item in terms.plans], abs=0.03)


def test_usage_shows_engagement_and_fades_before_an_end(medium_salon: World) -> None:
    brand, terms = medium_salon, medium_salon.truth.subscriptions
    rows = brand.tables["subscriptions"].join(brand.subscribers, "subscription_id")
    diary = brand.tables["usage"].filter(pc.equal(brand.tables["usage"]["feature"], terms.features[0].name))
    days = diary.group_by("contact_id").aggregate([("day", "count")])
    rows = rows.join(days, "contact_id", join_type="left outer")
    started, ended, used = micros(rows["started_at"]), micros(rows["ended_at"]), pc.fill_null(rows["day_count"], 0).to_numpy()
    engaged, running = rows["engaged"].to_numpy(), ended < 0
    possible = (ends(brand) - started) / DAY
    share = {eager: used[running & (engaged == eager)].sum() / possible[running & (engaged == eager)].sum() for eager in (True, False)}
    assert share[True] == pytest.approx(terms.features[0].daily_share, abs=0.02)
    assert share[False] == pytest.approx(terms.features[0].daily_share * terms.unengaged_use, abs=0.02)

    gone = rows.filter(pa.array(~running)).select(["contact_id", "ended_at", "engaged"])
    uses = diary.join(gone, "contact_id", join_type="inner")
    left = (micros(uses["ended_at"]) - micros(uses["day"].cast(pa.timestamp("us", "UTC")))) / DAY
    assert ((left > 0) & (left < 28)).sum() < 0.6 * ((left > 28) & (left < 56)).sum()


def chosen_elasticities(counts: np.ndarray, log_price: np.ndarray) -> np.ndarray:
    """Own-price elasticities by maximum likelihood of a multinomial choice per day; both arguments are products by days."""
    free = len(counts) - 1

    def loss(point: np.ndarray) -> float:
        utility = np.append(point[:free], 0.0)[:, None] + point[free:, None] * log_price
        return -(counts * (utility - np.log(np.exp(utility).sum(axis=0)))).sum() / counts.sum()

    return minimize(loss, np.zeros(2 * free + 1), options={"gtol": 1e-7}).x[free:]


def test_price_elasticities_are_found_in_what_is_chosen(salon: World, medium_salon: World) -> None:
    """Multinomial likelihood of the day's choices given the price list: season, growth and churn drop out."""
    for brand, tolerance in ((salon, 0.35), (medium_salon, 0.12)):
        names = [product.name for product in brand.truth.products]
        orders = brand.tables["orders"]
        day = brand.span.day_of(micros(pc.local_timestamp(orders["at"].cast(pa.timestamp("us", brand.span.zone)))))
        product = pc.index_in(orders["product"], pa.array(names)).to_numpy()
        counts = np.zeros((len(names), brand.span.days))
        np.add.at(counts, (product, day), 1)
        listed = np.zeros_like(counts)
        for row in brand.tables["prices"].sort_by("valid_from").to_pylist():
            if row["product"] in names:
                listed[names.index(row["product"]), (row["valid_from"] - brand.span.first).days :] = row["price"]
        log_price = np.log(listed) - np.log(listed).mean(axis=1, keepdims=True)

        found = chosen_elasticities(counts, log_price)
        assert found == pytest.approx([product.elasticity for product in brand.truth.products], abs=tolerance)


@pytest.mark.parametrize("name", ["medium_salon", "fitness"])
def test_experiment_lifts_are_found(name: str, request: pytest.FixtureRequest) -> None:
    brand: World = request.getfixturevalue(name)
    exposures, events = brand.tables["exposures"], brand.tables["events"]
    for experiment in brand.truth.experiments:
        shown = exposures.filter(pc.equal(exposures["experiment"], experiment.name))
        units = shown.group_by(["unit_id", "arm"]).aggregate([("at", "min")])
        assert len(pc.unique(units["unit_id"])) == units.num_rows
        outcome = events.filter(pc.equal(events["name"], experiment.outcome)).select(["contact_id", "at"])
        followed = units.join(outcome, "unit_id", "contact_id", join_type="left outer")
        wait = micros(followed["at"]) - micros(followed["at_min"])
        success = (pc.is_valid(followed["at"]).to_numpy()) & (wait > 0) & (wait < 14 * DAY)
        arm = np.array(followed["arm"].to_pylist())
        assert followed.num_rows == units.num_rows
        rates = {item.name: success[arm == item.name].mean() for item in experiment.arms}
        sizes = {item.name: (arm == item.name).sum() for item in experiment.arms}
        control = experiment.arms[0].name
        assert rates[control] == pytest.approx(experiment.base_rate, abs=4 * (0.25 / sizes[control]) ** 0.5)
        for item in experiment.arms[1:]:
            error = sum((1 - rates[which]) / (rates[which] * sizes[which]) for which in (control, item.name)) ** 0.5
            assert rates[item.name] / rates[control] - 1 == pytest.approx(item.lift, abs=4 * error), item.name
            assert error < 0.12
            # A lossy arm is a mismatch that a chi-square test finds; the others are balanced.
            balance = (sizes[item.name] - sizes[control]) / (sizes[item.name] + sizes[control]) ** 0.5
            assert (balance < -4) if item.lost else abs(balance) < 3.5, item.name


def test_referral_rates_are_found(medium_salon: World) -> None:
    brand, referral = medium_salon, medium_salon.truth.referral
    firsts = first_orders(brand)
    old = firsts.filter(pa.array(micros(firsts["at_min"]) < ends(brand) - 200 * DAY))
    sent = brand.tables["referrals"]
    by_old = sent.filter(pc.is_in(sent["referrer_id"], value_set=old["contact_id"].combine_chunks()))
    assert by_old.num_rows / old.num_rows == pytest.approx(referral.invitations, rel=0.03)
    mature = sent.filter(pa.array(micros(sent["invited_at"]) < ends(brand) - 60 * DAY))
    assert pc.mean(pc.is_valid(mature["converted_at"]).cast(pa.float64())).as_py() == pytest.approx(referral.conversion, abs=0.01)


def test_the_engaged_answer_more_kindly(fitness: World) -> None:
    subscriptions = fitness.tables["subscriptions"].join(fitness.subscribers, "subscription_id").select(["contact_id", "engaged"])
    answers = fitness.tables["surveys"].join(subscriptions, "contact_id", join_type="inner")
    nps = answers.filter(pc.equal(answers["kind"], "nps"))
    score, engaged = nps["score"].to_numpy(), nps["engaged"].to_numpy()
    assert (score[engaged] >= 9).mean() > (score[~engaged] >= 9).mean() + 0.1
