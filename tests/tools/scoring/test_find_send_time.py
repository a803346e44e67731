"""Send times: the group's where a person has shown little, their own where they have, and never a claim of cause."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.tools.memory_facts import memory_facts
from tools.contract import NotEnoughData
from tools.methods.shrunk_rates import Cells, fit_rates, raw_rates
from tools.registry import load
from tools.scoring._send_time_rows import single_zones

AS_OF = date(2026, 11, 21)


def run(tables: dict[str, Any] | None = None, zone: str = "Africa/Johannesburg", **request: Any) -> Any:
    declared = load("find_send_time")
    return declared(declared.request.model_validate({"as_of": AS_OF, **request}), memory_facts(tables or {}, as_of=AS_OF, zone=zone))


def rows(people: int = 150, sends: int = 8, seed: int = 1, own: float = 0.0, group: float = 0.15) -> list[dict[str, Any]]:
    """Simulated: the group answers more at eight in the morning by `group`, each person more at a time of their own by `own`."""
    random = np.random.default_rng(seed)
    found = []
    for person in range(people):
        level, best = random.uniform(0.6, 1.4), random.integers(0, 4)
        for place, hour in enumerate((8, 12, 16, 20)):
            chance = level * (0.2 + group * (hour == 8) + own * (place == best))
            found.append(
                {"person": f"p{person}", "hour": hour, "sends": sends, "responses": int(random.binomial(sends, min(chance, 0.95)))}
            )
    return found


def test_the_groups_time_is_found_and_is_to_be_tested():
    reading = run(rows=rows())
    channel = reading.channels[0]
    assert channel.best == "early morning"
    assert channel.differs < 1e-6
    assert reading.decision.action == "test_time"
    assert "times_were_chosen" in {caveat.code for caveat in reading.caveats if caveat.insist}
    assert run(rows=rows(), times_at_random=True).decision.action == "one_time"
    assert reading.figure("email.early_morning.rate").value == pytest.approx(0.35, abs=0.04)


def test_where_no_time_is_better_none_is_named():
    assert run(rows=rows(group=0.0)).decision.action == "any_time"


def test_people_with_times_of_their_own_get_them():
    given = rows(people=100, sends=40, own=0.4, group=0.0)
    result = run(rows=given, people=["p0", "p1", "nobody"])
    assert result.decision.action == "personal_times"
    most = max((row for row in given if row["person"] == "p0"), key=lambda row: row["responses"])
    names = {8: "early morning", 12: "early afternoon", 16: "late afternoon", 20: "early evening"}
    assert result.people[0].slot == names[most["hour"]]
    assert result.people[2].slot is None


def test_a_person_with_one_answer_gets_the_groups_time():
    given = [*rows(), {"person": "newcomer", "hour": 20, "sends": 1, "responses": 1}]
    assert run(rows=given, people=["newcomer"]).people[0].slot == "early morning"


def test_shrinkage_beats_the_raw_mean_of_each_person():
    """Simulated: mean squared error of the rates over people and times, with few and with many sends each."""
    random = np.random.default_rng(7)
    for sends, most in ((4, 0.35), (60, 0.95)):
        people, slots = 300, 6
        truth = np.clip(
            random.gamma(8, 1 / 8, (people, 1)) * random.uniform(0.1, 0.3, slots) * random.gamma(20, 1 / 20, (people, slots)), 0, 0.9
        )
        person, slot = np.repeat(np.arange(people), slots), np.tile(np.arange(slots), people)
        count = np.full(people * slots, float(sends))
        hits = random.binomial(sends, truth.ravel()).astype(float)
        cells = Cells(person, slot, count, hits, people, slots)
        shrunk = float(((fit_rates(cells).personal(cells) - truth) ** 2).mean())
        raw = float(((raw_rates(cells) - truth) ** 2).mean())
        assert shrunk < most * raw, (sends, shrunk, raw)


def touchpoints(country: str, people: int = 60) -> dict[str, Any]:
    """Simulated: sends at 06:00 and 16:00 UTC; those at six are answered more."""
    random = np.random.default_rng(3)
    touches: dict[str, list[Any]] = {"touchpoint_id": [], "contact_id": [], "channel": [], "kind": [], "at": []}
    for person in range(people):
        for day in range(10):
            hour = 6 if day % 2 else 16
            at = datetime(2026, 10, 1 + day, hour, tzinfo=UTC)
            answered = random.random() < (0.6 if hour == 6 else 0.2)
            for kind, moment in (("send", at), *((("open", at + timedelta(hours=1)),) if answered else ())):
                for column, value in zip(touches, (f"t{len(touches['at'])}", f"c{person}", "email", kind, moment), strict=True):
                    touches[column].append(value)
    contacts = {
        "contact_id": [f"c{person}" for person in range(people)],
        "country": [country] * people,
        "created_at": [datetime(2026, 1, 1, tzinfo=UTC)] * people,
    }
    return {"touchpoints": touches, "contacts": contacts}


@pytest.mark.parametrize(
    ("country", "zone", "slot"),
    [
        ("ZA", "America/New_York", "early morning"),
        ("South Africa", "America/New_York", "early morning"),
        ("US", "Africa/Johannesburg", "early morning"),
        ("Japan", "Africa/Johannesburg", "late afternoon"),
        ("US", "America/New_York", "after midnight"),
    ],
    ids=["own zone", "by name", "several zones: the client's", "another own zone", "client's zone"],
)
def test_hours_are_those_of_the_person_else_of_the_client(country, zone, slot):
    result = run(touchpoints(country), zone=zone)
    assert result.channels[0].best == slot
    assert result.channels[0].sends == 480, "those of the last two days may still be answered"
    assert 0.3 < result.channels[0].rate < 0.5, "an answer belongs to one message"


def test_a_country_with_several_zones_has_none_of_its_own():
    zones = single_zones()
    assert zones["za"] == "Africa/Johannesburg"
    assert "us" not in zones


def test_the_better_channel_comes_first():
    given = [*({**row, "channel": "sms", "responses": row["responses"] // 2} for row in rows(seed=2)), *rows()]
    result = run(rows=given)
    assert [one.channel for one in result.channels] == ["email", "sms"]
    assert [one.channel for one in run(rows=given, channels=["sms"]).channels] == ["sms"]


def test_weekends_may_have_their_own_times():
    given = [{**row, "weekday": place % 7} for place, row in enumerate(rows())]
    assert {slot.slot.split(" ", 2)[2] for slot in run(rows=given, weekend_apart=True).channels[0].slots} == {
        "on working days",
        "at the weekend",
    }


def test_bad_input_is_refused():
    with pytest.raises(NotEnoughData) as refusal:
        run(rows=rows()[:12])
    assert "200 sends" in (refusal.value.needed or "")
    with pytest.raises(NotEnoughData):
        run(rows=[{**row, "responses": row["sends"]} for row in rows()])
    with pytest.raises(NotEnoughData):
        run({})
    for wrong in ({"responses": 9}, {"responses": -1}, {"hour": 24}, {"sends": -2}):
        with pytest.raises(ValidationError):
            run(rows=[{**rows()[0], **wrong}])


def test_the_same_request_gives_the_same_result_to_the_bit():
    assert run(rows=rows()).model_dump_json() == run(rows=rows()).model_dump_json()
