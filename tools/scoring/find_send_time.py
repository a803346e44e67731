"""When to write to whom, and on which channel."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator

from tools.contract import Frozen, NotEnoughData, Request, ToolResult, choice, quantity, tool
from tools.facts import Facts
from tools.methods.seeds import seed_of
from tools.scoring._send_time_result import ChannelReading, PersonTime, read_channel, send_time_parts, times_of
from tools.scoring._send_time_rows import read_sends

FEWEST_SENDS, FEWEST_RESPONSES, FEWEST_PEOPLE = 200, 20, 20


class SendRow(Frozen):
    """Sends to one person at one hour of their own day."""

    person: str = Field(description="the client's id of the person", min_length=1, max_length=120)
    channel: str = Field("email", description="email, sms, whatsapp, push, …", min_length=1, max_length=60)
    hour: int = quantity("hours", "hour of the person's own day at which it was sent", ge=0, le=23)
    weekday: int = quantity("number", "day of the week, zero is Monday", default=0, ge=0, le=6)
    sends: int = quantity("count", "messages sent", default=1, ge=0, le=10**9)
    responses: int = quantity("count", "of these, answered: opened, clicked or replied", ge=0, le=10**9)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.responses > self.sends:
            raise ValueError(f"more responses ({self.responses}) than sends ({self.sends})")
        return self


def _example() -> list[Any]:
    """Simulated: sixty people, some of whom answer in the morning and some in the evening."""
    rows: list[Any] = []
    for number in range(60):
        early = number % 3 != 0
        for hour, answered in ((8, 9 if early else 1), (13, 3), (19, 1 if early else 10)):
            rows.append({"person": f"p{number}", "hour": hour, "sends": 12, "responses": max(0, answered - number % 2)})
    return rows


class FindSendTime(Request):
    """Sends and responses in the request, or the client's touchpoints."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": _example(), "people": ["p1", "p3"]}]})

    rows: tuple[SendRow, ...] = Field(
        (),
        description="sends and responses; left out when touchpoints are read",
        max_length=1_000_000,
        json_schema_extra={"x-agent": False},
    )
    channels: tuple[str, ...] = Field((), description="channels to look at; all when empty", max_length=20)
    people: tuple[str, ...] = Field((), description="ids of people to name a time for", max_length=1000)
    weekend_apart: bool = Field(False, description="whether working days and weekends have times of their own")
    times_at_random: bool = Field(False, description="whether chance chose the times of past sends")
    response_hours: int = choice("hours", "hours after a send in which an answer counts", default=48, ge=1, le=336)
    lookback_days: int = choice("days", "days of touchpoints to read, ending on the day asked for", default=365, ge=14, le=1825)
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)


class SendTimes(ToolResult):
    """The time for the group by channel, whether people differ, and the times of those asked about."""

    channels: tuple[ChannelReading, ...] = Field(description="each channel, best rate first")
    people: tuple[PersonTime, ...] = Field(description="the people asked about, in the order asked")


@tool(version=1, field="scoring")
def find_send_time(request: FindSendTime, facts: Facts) -> SendTimes:
    """Find the part of the day at which people answer most, by channel and by person, each person moved toward the group.

    A person's rate in a part of the day is moved toward the group's rate there times the person's own level, by as much as the counts
    themselves ask for; with little of their own a person gets the group's time. Times of their own are recommended only when they foretell
    held-back sends better than the group's time does. Hours are those of the person's country where it has one zone, else of the client's.
    Past times were mostly chosen by somebody, so a difference is observed and not caused: the advice is to test it.
    """
    found = read_sends(request, facts)
    enough = [
        one
        for one in found.channels
        if one.cells.sends.sum() >= FEWEST_SENDS
        and FEWEST_RESPONSES <= one.cells.hits.sum() <= one.cells.sends.sum() - FEWEST_RESPONSES
        and one.cells.people >= FEWEST_PEOPLE
    ]
    if not enough:
        sends, hits = sum(int(one.cells.sends.sum()) for one in found.channels), sum(int(one.cells.hits.sum()) for one in found.channels)
        raise NotEnoughData(
            "there are too few sends, or too few with or without an answer, to tell when people answer",
            needed=f"a channel with {FEWEST_SENDS} sends to {FEWEST_PEOPLE} people, {FEWEST_RESPONSES} of them answered and as many not",
            found=f"{sends} sends, {hits} answered",
        )
    random = np.random.default_rng(seed_of(request))
    readings = sorted(
        (read_channel(one, request.level, random, request.weekend_apart) for one in enough), key=lambda r: (-r.rate, r.channel)
    )
    return SendTimes(
        **send_time_parts(request, found, tuple(readings), facts.currency),
        channels=tuple(readings),
        people=times_of(request.people, enough, request.weekend_apart),
    )
