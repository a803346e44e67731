"""What businesses among the customers achieve themselves: how many a day, of which kind, and who changed something on which day."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import WEEKDAYS, Span
from demo.simulation.columns import conform, constant, ids, whole, words
from demo.simulation.people import People
from demo.simulation.subscribers import USAGE_PANEL, Subscribers
from demo.truth import Results

RECENT = 182
"""Days before the last one within which changes fall."""


def customer_results_table(terms: Results, span: Span, people: People, subscribers: Subscribers, rng: np.random.Generator) -> pa.Table:
    """A row for each business, day and part with a count above zero, while its subscription runs."""
    account = people.account[subscribers.person]
    panel = np.flatnonzero(account >= 0)[:USAGE_PANEL]
    first = span.day_of(subscribers.started[panel])
    last = span.day_of(np.minimum(subscribers.ended[panel], span.end - 1))
    level = terms.per_day * rng.lognormal(0.0, terms.spread, len(panel))
    changed = np.where(rng.random(len(panel)) < terms.changers, span.days - 1 - rng.integers(0, RECENT, len(panel)), span.days)
    weeks = -(-span.days // 7)
    noise = rng.lognormal(-(terms.weekly_noise**2) / 2, terms.weekly_noise, (len(panel), weeks))

    lengths = last - first + 1
    who = np.repeat(np.arange(len(panel)), lengths)
    day = np.arange(len(who)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[who]
    weekday = np.roll(WEEKDAYS, -span.first.weekday())[day % 7] / WEEKDAYS.mean()
    mean = level[who] * weekday * noise[who, day // 7]
    lifted = np.where(day >= changed[who], 1 + terms.lift, 1.0)
    counts = np.stack([rng.poisson(mean * terms.part_share * lifted), rng.poisson(mean * (1 - terms.part_share))], axis=1).ravel()
    row = np.flatnonzero(counts)
    which, part = np.divmod(row, 2)
    order = np.lexsort((part, account[panel[who[which]]], day[which]))
    which, part, row = which[order], part[order], row[order]
    return conform(
        "customer_results",
        {
            "account_id": ids("A", account[panel[who[which]]] + 1, width=6),
            "day": span.dates(day[which]),
            "measure": constant(terms.measure, len(row)),
            "part": words(part, (terms.part, terms.other)),
            "value": whole(counts[row]),
        },
    )
