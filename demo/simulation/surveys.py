"""What customers answer when asked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.simulation.calendar import DAY, Span, waits
from demo.simulation.columns import conform, ids, whole, words
from demo.simulation.people import People
from demo.simulation.streams import Streams
from demo.simulation.subscribers import Subscribers
from demo.truth import Scores

COMMENTS = {
    "promoter": ("Quick and easy.", "I tell my friends about it.", "Does what it says."),
    "passive": ("Fine, mostly.", "Good, but reminders come late.", "It is all right."),
    "detractor": ("I could not reach anyone.", "Too expensive for what it does.", "The page kept loading."),
}


def surveys_table(
    scores: Scores, span: Span, people: People, subscribers: Subscribers | None, contact_ids: pa.Array, streams: Streams
) -> pa.Table:
    """NPS answers: of one customer in eight a month after the first order, of half the subscribers after two; CSAT of some of both."""
    rng = streams.of("surveys")
    customers = np.flatnonzero(people.buys & (rng.random(len(people)) < 1 / 8))
    person, at = customers, people.customer[customers] + 30 * DAY
    # People on their own count as engaged when they stay beyond the question.
    engaged = people.leaves[customers] > at
    if subscribers is not None:
        asked = np.flatnonzero((rng.random(len(subscribers.person)) < 0.5) & (subscribers.ended > subscribers.started + 60 * DAY))
        person = np.concatenate([person, subscribers.person[asked]])
        at = np.concatenate([at, subscribers.started[asked] + 60 * DAY])
        engaged = np.concatenate([engaged, subscribers.engaged[asked]])
    at = at + waits(len(at), 2, rng)
    order = np.argsort(at, kind="stable")
    order = order[at[order] < span.end]
    person, at, engaged = person[order], at[order], engaged[order]
    count = len(person)

    shares = np.where(engaged[:, None], np.array(scores.engaged), np.array(scores.unengaged))
    group = (rng.random(count)[:, None] > shares.cumsum(axis=1)).sum(axis=1).clip(max=2)
    nps = np.choose(group, [rng.integers(9, 11, count), rng.integers(7, 9, count), rng.integers(0, 7, count)])
    csat = rng.random(count) < 0.25
    kind = np.where(csat, 1, 0)
    score = np.where(csat, np.choose(group, [5, 4, rng.integers(1, 4, count)]), nps)
    comments = [text for texts in COMMENTS.values() for text in texts]
    return conform(
        "surveys",
        {
            "survey_id": ids("V", np.arange(1, count + 1)),
            "contact_id": contact_ids.take(pa.array(person)),
            "kind": words(kind, ("nps", "csat")),
            "score": whole(score),
            "at": span.instants(at),
            "comment": words(group * 3 + rng.integers(0, 3, count), comments, rng.random(count) < 0.6),
        },
    )
