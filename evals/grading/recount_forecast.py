"""What a forecast expects, counted again in plain arithmetic from the arguments that it was given."""

from __future__ import annotations

import math
from typing import Any

from evals.grading.counting import Wrong, same
from evals.house import House
from evals.seen import Seen
from grounding.evidence import Evidence

WEEKS = {"week": 1.0, "month": 365.25 / 84}
OFF = 0.01
"""Share by which two ways of adding up may differ."""


def forecast(seen: Seen, house: House, record: Evidence) -> Wrong:
    """Expected results by channel and in all, from rates or from response curves, and what each of them costs."""
    known = {figure.key: figure.value for figure in record.figures if not isinstance(figure.value, str)}
    request = record.request
    weekly = {line["channel"]: line["amount"] / WEEKS[line["period"]] for line in request["plan"]}
    mine: dict[str, float] = {}
    for rate in request.get("rates") or ():
        clicks = weekly.get(rate["channel"], 0.0) * request["horizon_weeks"] / rate["cost_per_click"]["likely"]
        mine[rate["channel"]] = clicks * rate["conversion_rate"]["likely"]
    for curve in request.get("curves") or ():
        mine[curve["channel"]] = _brings(curve, weekly.get(curve["channel"], 0.0), request["horizon_weeks"])
    pairs = {f"{channel}.expected_conversions": value for channel, value in mine.items()}
    pairs |= {"total.expected_conversions": sum(mine.values())} if mine else {}
    wrong: Wrong = [(key, known[key], value) for key, value in pairs.items() if key in known and not same(known[key], value, OFF)]
    cost, each, whole = (known.get(f"total.{key}") for key in ("cost", "cost_per_conversion", "expected_conversions"))
    if cost and each and whole and not same(each, cost / whole, OFF):
        wrong.append(("total.cost_per_conversion", each, cost / whole))
    return wrong


def _brings(curve: dict[str, Any], spend: float, weeks: int) -> float:
    """What a steady weekly spend brings over so many weeks, what was spent before running out on its way; the mean over draws."""
    draws = curve["draws"] or [[curve["form"], curve["decay"], curve["half_saturation"], curve["slope"], curve["maximum"]]]
    earlier = curve["recent_spend"]
    total = 0.0
    for form, decay, half, slope, maximum in draws:
        carried = float(earlier[0]) if earlier else 0.0
        for week, now in enumerate([*earlier, *[spend] * weeks]):
            carried = decay * carried + (1 - decay) * now
            total += maximum * _share(form, carried / half, slope) if week >= len(earlier) else 0.0
    return total / len(draws)


def _share(form: str, z: float, slope: float) -> float:
    """Share of the maximum at so many half-saturations."""
    if form == "logistic":
        return math.tanh(z * math.log(3) / 2)
    power: float = z ** (slope if form == "hill" else 1.0)
    return power / (1 + power)
