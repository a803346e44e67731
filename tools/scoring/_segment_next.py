"""What the segments, as they stood some time ago, went on to bring: the value of a segment measured after it was drawn."""

from __future__ import annotations

import numpy as np

from tools.contract import Figure
from tools.facts import Facts
from tools.methods.channel_names import channel_key
from tools.methods.periods import Period
from tools.scoring._customers import Customers
from tools.scoring._figure_list import FigureList
from tools.scoring._segments import Segments, assign_then, by_rule

FEWEST = 20  # people of a segment then, under whom its mean says nothing


def next_period(
    days: int, then: Customers | None, now: Customers, found: Segments, facts: Facts
) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """Figures and sentences; none where the customers of then could not be read or put into the segments of now."""
    if then is None or then.next_money is None:
        return (), ()
    labels = assign_then(then, now, found)
    if labels is None and not found.own_rules and found.clusters is None:
        earlier = by_rule(then)
        names = list(found.names)
        placed = np.array([names.index(name) if name in names else -1 for name in earlier.names])
        labels = placed[earlier.labels]
    if labels is None:
        return (), ()
    figures = FigureList(facts.currency, Period.ending(facts.as_of, days).iso)
    figures.add("next.days", days, "days", "days after the segments were looked at", metric="next_days", basis="observed")
    rows = []
    for place, name in enumerate(found.names):
        money = then.next_money[labels == place]
        if len(money) < FEWEST:
            continue
        mean, error = float(money.mean()), float(money.std(ddof=1) / np.sqrt(len(money)))
        key = f"{channel_key(name)}.next_revenue_per_customer"
        figures.add(key, mean, "money", f"revenue per person in the following period, of those who were in {name} before it",
                    metric="next_revenue_per_customer", entity=f"segment: {name}", denominator="customers", n=len(money),
                    interval=(mean - 1.96 * error, mean + 1.96 * error))  # fmt: skip
        rows.append((mean, name, key))
    if not rows:
        return (), ()
    sentences = ["The segments were also looked at as they stood {{next.days}} before, to see what each went on to bring."]
    for _, name, key in sorted(rows, key=lambda row: (-row[0], row[1])):
        sentences.append(f"{name[0].upper()}{name[1:]}: {{{{{key}}}}} of revenue per person in the following period.")
    return tuple(figures.figures), tuple(sentences)
