"""Send times as figures, sentences, caveats, a decision, a table and a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from tools.contract import Caveat, Column, Decision, Frozen, Table
from tools.experiments._names import key_of, words_of
from tools.methods.charts import intervals
from tools.methods.shrunk_rates import differ_by_slot, fit_rates, log_loss, raw_rates, split
from tools.scoring._figure_list import FigureList
from tools.scoring._send_time_rows import HOURS, PARTS, Found, Sends, slots_of

if TYPE_CHECKING:
    from tools.scoring.find_send_time import FindSendTime

DIFFERS = 0.01  # p below which parts of the day are said to differ
FEWEST_IN_SLOT = 50  # sends under which a part of the day is not recommended
GAIN = 0.001  # of log loss per send, relative, under which times of their own are not worth the trouble
SPLITS = 4


class SlotRate(Frozen):
    """One part of the day."""

    slot: str = Field(description="which part of the day")
    sends: int = Field(description="messages sent in it")
    rate: float = Field(description="share answered, moved toward the mean of all parts and corrected for who was written to")
    low: float = Field(description="lower end of its interval")
    high: float = Field(description="upper end of its interval")


class ChannelReading(Frozen):
    """One channel: its rate, its times, and whether people have times of their own."""

    channel: str = Field(description="the channel")
    people: int = Field(description="people written to")
    sends: int = Field(description="messages sent")
    rate: float = Field(description="share answered")
    slots: tuple[SlotRate, ...] = Field(description="parts of the day with sends, earliest first")
    best: str = Field(description="the part of the day with the best rate among those with enough sends")
    differs: float = Field(description="p-value that all parts of the day are answered alike")
    own_share: float = Field(description="share of people whose best part of the day is another than the group's")
    loss_personal: float = Field(description="log loss per held-back send with times of their own")
    loss_group: float = Field(description="the same with the group's times and each person's own level")
    loss_raw: float = Field(description="the same with each person's raw mean")

    @property
    def personal(self) -> bool:
        """Whether times of their own foretell held-back sends better than the group's."""
        return self.loss_personal < self.loss_group * (1 - GAIN)


class PersonTime(Frozen):
    """One person's best channel and time."""

    person: str = Field(description="the id asked about")
    channel: str | None = Field(description="channel they answer most on, moved toward the group; none when nothing was sent to them")
    slot: str | None = Field(description="part of the day, in their own zone")
    rate: float | None = Field(description="expected share answered then")
    sends: int = Field(description="messages sent to them on that channel")


def read_channel(found: Sends, level: float, random: np.random.Generator, weekend: bool) -> ChannelReading:
    """Rates by part of the day, and personal times judged on held-back sends."""
    from scipy.stats import beta

    cells, names = found.cells, slots_of(weekend)
    rates = fit_rates(cells)
    sends = np.bincount(cells.slot, cells.sends, cells.slots)
    rows = []
    for place in np.flatnonzero(sends > 0):
        rate, weight = float(min(rates.group[place], 0.999)), float(sends[place])
        low, high = beta.ppf([(1 - level) / 2, (1 + level) / 2], rate * weight + 0.5, (1 - rate) * weight + 0.5)
        rows.append(SlotRate(slot=names[place], sends=int(sends[place]), rate=rate, low=min(float(low), rate), high=max(float(high), rate)))
    used = np.where(sends >= FEWEST_IN_SLOT, rates.group, -1.0)
    best = int(used.argmax()) if used.max() >= 0 else int(sends.argmax())
    losses = np.zeros(3)
    for _ in range(SPLITS):
        known, held = split(cells, random)
        if not len(known.sends) or not len(held.sends) or known.hits.sum() == 0:
            continue
        learned = fit_rates(known)
        parts = (learned.personal(known), learned.prior(slice(None), cells.slots), raw_rates(known))
        losses += [log_loss(held, part) / SPLITS for part in parts]
    personal = np.where(sends >= FEWEST_IN_SLOT, rates.personal(cells), -1.0) if used.max() >= 0 else rates.personal(cells)
    return ChannelReading(
        channel=found.channel,
        people=cells.people,
        sends=int(cells.sends.sum()),
        rate=rates.mean,
        slots=tuple(rows),
        best=names[best],
        differs=differ_by_slot(cells, rates),
        own_share=float((personal.argmax(axis=1) != best).mean()),
        loss_personal=float(losses[0]),
        loss_group=float(losses[1]),
        loss_raw=float(losses[2]),
    )


def times_of(people: tuple[str, ...], channels: list[Sends], weekend: bool) -> tuple[PersonTime, ...]:
    """Best channel and time of each person asked about."""
    names = slots_of(weekend)
    if not people:
        return ()
    known = []
    for one in channels:
        sends = np.bincount(one.cells.slot, one.cells.sends, one.cells.slots)
        rates = fit_rates(one.cells).personal(one.cells)
        number = {person: place for place, person in enumerate(one.people)}
        known.append((one, np.where(sends >= min(FEWEST_IN_SLOT, sends.max()), rates, -1.0), number))
    found = []
    for person in people:
        best = PersonTime(person=person, channel=None, slot=None, rate=None, sends=0)
        for one, rates, number in known:
            if person in number:
                row = rates[number[person]]
                rate = float(row.max())
                if best.rate is None or rate > best.rate:
                    mine = int(one.cells.sends[one.cells.person == number[person]].sum())
                    best = PersonTime(person=person, channel=one.channel, slot=names[int(row.argmax())], rate=rate, sends=mine)
        found.append(best)
    return tuple(found)


def send_time_parts(request: FindSendTime, found: Found, readings: tuple[ChannelReading, ...], currency: str) -> dict[str, Any]:
    """The fields of a result that are common to all tools."""
    figures, findings = FigureList(currency, found.period), list[str]()
    for one in readings:
        key, channel = key_of(one.channel), words_of(one.channel)
        entity = f"channel: {one.channel}"
        figures.add(f"{key}.people", one.people, "count", f"people written to by {channel}", metric="people_written_to", entity=entity)
        figures.add(f"{key}.sends", one.sends, "count", f"messages sent by {channel}", metric="sends", entity=entity)
        figures.add(
            f"{key}.rate",
            one.rate,
            "share",
            f"share of messages by {channel} that were answered",
            metric="response_rate",
            entity=entity,
            denominator="sends",
            n=one.sends,
        )
        for slot in one.slots:
            figures.add(
                f"{key}.{key_of(slot.slot)}.rate",
                slot.rate,
                "share",
                f"share answered by {channel}, {slot.slot}",
                metric="slot_response_rate",
                entity=entity,
                denominator="sends",
                n=slot.sends,
                interval=(slot.low, slot.high),
                level=request.level,
                basis="model",
            )
        figures.add(
            f"{key}.own_share",
            one.own_share,
            "share",
            f"share of people by {channel} whose best part of the day is another",
            entity=entity,
            metric="share_with_own_time",
            denominator="people",
            basis="model",
            n=one.people,
        )
        figures.add(
            f"{key}.gain",
            1 - one.loss_personal / one.loss_group if one.loss_group else 0.0,
            "share",
            f"loss on held-back messages that own times by {channel} save",
            metric="held_back_saving",
            entity=entity,
            denominator="loss with the group's times",
            basis="model",
        )
        best = f"{key}.{key_of(one.best)}.rate"
        findings.append(f"By {channel}, {{{{{key}.rate}}}} of {{{{{key}.sends}}}} messages to {{{{{key}.people}}}} people were answered.")
        if one.differs < DIFFERS and figures.has(best):
            findings.append(
                f"By {channel}, most are answered in the part of the day {one.best}: "
                f"{{{{{best}}}}} ({{{{{best}.low}}}} to {{{{{best}.high}}}})."
            )
        else:
            findings.append(f"By {channel}, no part of the day is shown to be answered more than another.")
        if one.personal:
            findings.append(
                f"By {channel}, {{{{{key}.own_share}}}} of people answer more at a time of their own, which held-back messages bear out."
            )
        else:
            findings.append(f"By {channel}, times of their own foretell held-back messages no better than the group's time.")
    return {
        "figures": tuple(figures.figures),
        "findings": tuple(findings),
        "caveats": _caveats(request, found),
        "decision": _decision(request, readings),
        "table": _table(readings),
        "chart": _chart(readings[0]),
    }


def _caveats(request: FindSendTime, found: Found) -> tuple[Caveat, ...]:
    caveats = []
    if not request.times_at_random:
        caveats.append(
            Caveat(
                code="times_were_chosen",
                text="Past times were chosen and not drawn by chance: other people or messages may be behind a difference, so test it.",
                insist=True,
                signs=("not drawn by chance", "were chosen", "test it", "observed"),
            )
        )
    if not request.rows:
        caveats.append(
            Caveat(code="answers_nearby", text="An open, click or reply on the channel soon after a message counts as its answer.")
        )
        if found.own_zone == 0:
            caveats.append(
                Caveat(code="client_zone", text="Hours are those of the client's zone: no person's country gives them a single zone.")
            )
    if found.too_young:
        caveats.append(Caveat(code="too_young", text="Messages sent too lately to have been answered were left out."))
    caveats.append(
        Caveat(code="opens", text="Opens are also counted when a mail program fetches pictures by itself; clicks and replies are firmer.")
    )
    return tuple(caveats)


def _decision(request: FindSendTime, readings: tuple[ChannelReading, ...]) -> Decision:
    first = readings[0]
    if any(one.personal for one in readings):
        return Decision(
            action="personal_times", reason="People have times of their own that held-back messages bear out: send each at theirs."
        )
    if first.differs < DIFFERS:
        if request.times_at_random:
            return Decision(action="one_time", reason=f"Send at one time for all: the part of the day {first.best} is answered most.")
        return Decision(
            action="test_time", reason=f"Test the part of the day {first.best} against the usual one before moving everything there."
        )
    return Decision(
        action="any_time", reason="No time is shown to be better: choose it by what else it serves, or draw times by chance and look again."
    )


def _hours(slot: str) -> str:
    part = next(place for place, name in enumerate(PARTS) if slot.startswith(name))
    return f"{part * HOURS:02d}:00 to {(part + 1) * HOURS % 24:02d}:00"


def _table(readings: tuple[ChannelReading, ...]) -> Table:
    rows = [
        (one.channel, slot.slot, _hours(slot.slot), slot.sends, slot.rate, slot.low, slot.high) for one in readings for slot in one.slots
    ]
    columns = (
        Column(name="channel", label="Channel"),
        Column(name="slot", label="Part of the day"),
        Column(name="hours", label="Hours"),
        Column(name="sends", label="Messages", unit="count"),
        Column(name="rate", label="Share answered", unit="share"),
        Column(name="low", label="At least", unit="share"),
        Column(name="high", label="At most", unit="share"),
    )
    return Table(title="When messages are answered", columns=columns, rows=tuple(rows))


def _chart(one: ChannelReading) -> dict[str, Any]:
    rows: list[dict[str, str | float]] = [{"slot": slot.slot, "rate": slot.rate, "low": slot.low, "high": slot.high} for slot in one.slots]
    return intervals(
        f"Share answered by part of the day: {one.channel}", rows, name="slot", value="rate", low="low", high="high", axis="share answered"
    )
