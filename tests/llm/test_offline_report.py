"""The rules read a report's days and goals from the brief, and take no number that is not for them."""

from __future__ import annotations

import pytest

from llm.offline.experiments import experiment_named
from llm.offline.goals import goals_of
from llm.offline.periods import days_of
from llm.offline.reading import Desk

TABLES = "- ad_metrics: 5 520 rows, 2025-04-28 to 2026-10-31\n- orders: 9 rows\n- contacts: 9 rows\n- exposures: 9 rows"


def desk(brief: str, today: str = "2026-10-31", stated: str = "", tables: str = TABLES) -> Desk:
    """A desk with this brief."""
    return Desk("", "", (), (), sections={"Brief": brief, "What the brief states": stated, "Tables": tables, "Today": f"{today}\n"})


@pytest.mark.parametrize(
    ("brief", "today", "first", "last"),
    [
        ("Monthly report for October 2026, goal: 120 bookings", "2026-10-31", "2026-10-01", "2026-10-31"),
        ("Report for September", "2026-10-31", "2026-09-01", "2026-09-30"),
        ("Report for November", "2026-10-31", "2025-11-01", "2025-11-30"),
        ("Monthly report", "2026-10-31", "2026-10-01", "2026-10-31"),
        ("Monthly report", "2026-10-30", "2026-09-01", "2026-09-30"),
        ("A report, please", "2026-01-15", "2025-12-01", "2025-12-31"),
        ("Weekly report", "2026-10-31", "2026-10-19", "2026-10-25"),
        ("Weekly report", "2026-10-25", "2026-10-19", "2026-10-25"),
        ("Report of the week, goal: 60 bookings", "2026-10-26", "2026-10-19", "2026-10-25"),
        ("Report for 2026-10-05 to 2026-10-11", "2026-10-31", "2026-10-05", "2026-10-11"),
        ("We may want a monthly report", "2026-10-31", "2026-10-01", "2026-10-31"),
        ("Report for May", "2026-10-31", "2026-05-01", "2026-05-31"),
        ("Report for February 2024", "2026-10-31", "2024-02-01", "2024-02-29"),
    ],
)
def test_the_days_follow_the_brief(brief, today, first, last):
    assert days_of(desk(brief, today)).arguments == {"first_day": first, "last_day": last}


GOALS = """- `{{B.conversions}}` 60 (bookings; "60 bookings")
- `{{B.budget}}` R4 000 (budget; "spend at most R4 000")
- `{{B.cpa}}` R30 (cost per booking; "cost per booking R30")
- `{{B.meta.spend}}` R900 (spend; "R900 on Meta")"""


def test_stated_numbers_become_goals_counted_by_the_clients_own_record_first():
    found = goals_of(desk("Weekly report", stated=GOALS))
    assert [(goal["name"], goal["measure"]) for goal in found] == [
        ("bookings", "orders"), ("ad spend", "spend"), ("cost per booking", "cost_per_conversion"), ("ad spend", "spend"),
    ]  # fmt: skip
    assert found[0]["target_count"] == "{{B.conversions}}"
    assert found[3]["channels"] == ["meta"]
    without = goals_of(desk("Weekly report", stated=GOALS, tables="- ad_metrics: 9 rows"))
    assert without[0]["measure"] == "platform_conversions"
    assert goals_of(desk("Weekly report", stated=GOALS, tables="none")) == []


def test_a_monthly_number_is_no_goal_of_a_week():
    stated = '- `{{B.budget}}` R15 000 (budget, per month; "R15 000 a month")'
    assert goals_of(desk("Weekly report", stated=stated)) == []
    assert len(goals_of(desk("Monthly report", stated=stated))) == 1


def test_an_experiment_is_read_out_only_when_the_brief_names_it_with_its_event():
    named = experiment_named(desk("Monthly report, experiment first_booking_offer, event offer_redeemed."))
    assert named is not None
    assert (named["experiment"], named["metrics"][0]["outcome"]["event"]) == ("first_booking_offer", "offer_redeemed")
    assert experiment_named(desk("Monthly report. How did the experiment go?")) is None
    assert experiment_named(desk("experiment first_booking_offer, event offer_redeemed", tables="none")) is None
