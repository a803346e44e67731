"""Whatever is decided, the sentences that say so pass the verifier as they stand: a writer starts from them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from grounding.evidence import Evidence, Locale
from grounding.slots import prefix, render
from grounding.verify import verify
from tests.tools.memory_facts import memory_facts
from tools.registry import load

AS_OF = date(2026, 11, 21)


def shares(*pairs: tuple[int, int], **more: Any) -> dict[str, Any]:
    totals = [{"arm": name, "units": n, "conversions": x} for name, (x, n) in zip(("control", "new_offer", "third"), pairs, strict=False)]
    return {"name": "booking_rate", "totals": totals, **more}


def money(*arms: tuple[int, float], **more: Any) -> dict[str, Any]:
    totals = [
        {"arm": arm, "units": n, "sum": n * mean, "sum_of_squares": n * (mean**2 + 4e8)}
        for arm, (n, mean) in zip(("control", "new_offer"), arms, strict=True)
    ]
    return {"name": "revenue", "kind": "mean", "currency": "ZAR", "totals": totals, **more}


PLAN = {"planned_units": 40000, "units_per_day": 500}
DEVICES = [
    {"dimension": "device", "part": part, "totals": shares((1000, 10000), (x, 10000))["totals"]}
    for part, x in (("mobile", 1000), ("desktop", 1600))
]
READ_OUTS: dict[str, dict[str, Any]] = {
    "ship": {"metrics": [shares((800, 10000), (1000, 10000), minimum_effect=0.15)], **PLAN},
    "roll back": {"metrics": [shares((1000, 10000), (800, 10000), minimum_effect=0.15)], **PLAN},
    "keep running": {"metrics": [shares((800, 10000), (810, 10000), minimum_effect=0.15)], **PLAN},
    "needed": {"metrics": [shares((800, 10000), (805, 10000), minimum_effect=0.1)], "units_per_day": 500},
    "inconclusive": {"metrics": [shares((800, 10000), (810, 10000))], "planned_units": 20000},
    "invalid": {"metrics": [shares((800, 10000), (1000, 9000))]},
    "crossed": {"metrics": [shares((800, 10000), (1000, 10000))], "crossed_units": 400},
    "parts": {"metrics": [shares((2000, 20000), (2600, 20000), subgroups=DEVICES)], **PLAN},
    "money": {"metrics": [money((8000, 50000), (8000, 52000), minimum_effect=0.03)], **PLAN},
    "arms": {"metrics": [shares((800, 10000), (1000, 10000), (900, 10000))], **PLAN},
    "guardrail": {
        "metrics": [shares((800, 10000), (1000, 10000)), {**shares((600, 10000), (600, 10000), role="guardrail"), "name": "kept"}]
    },
    "exact": {"metrics": [shares((80, 10000), (180, 10000))], "sequence": "exact", **PLAN},
    "lower is better": {"metrics": [shares((1000, 10000), (800, 10000), direction="decrease", minimum_effect=0.1)], **PLAN},
}
TODAY = {"baseline_rate": 0.05, "units_per_week": 40_000}
DESIGNS: dict[str, dict[str, Any]] = {
    "anytime": {**TODAY, "relative_effect": 0.1},
    "fixed": {**TODAY, "relative_effect": 0.1, "read_out": "fixed"},
    "looks": {**TODAY, "relative_effect": 0.1, "read_out": "group_sequential"},
    "not affordable": {"baseline_rate": 0.02, "units_per_week": 500, "relative_effect": 0.1},
    "profit": {**TODAY, "metric": "profit", "margin": 20_000, "new_margin": 16_000, "currency": "ZAR", "relative_effect": 0.1},
    "dearer": {
        **TODAY,
        "metric": "profit",
        "margin": 20_000,
        "new_margin": 24_000,
        "currency": "ZAR",
        "units_per_week": 300,
        "relative_effect": 0.1,
    },
    "revenue": {**TODAY, "metric": "revenue", "baseline_mean": 40_000, "deviation": 30_000, "currency": "ZAR", "relative_effect": 0.1},
}
CASES = [("analyze_experiment", name, body) for name, body in READ_OUTS.items()]
CASES += [("design_experiment", name, body) for name, body in DESIGNS.items()]


@pytest.mark.parametrize(("tool", "name", "body"), CASES, ids=[f"{tool}-{name}" for tool, name, _ in CASES])
def test_its_own_sentences_pass_the_verifier(tool, name, body):
    declared = load(tool)
    request = declared.request.model_validate({"as_of": AS_OF, **body})
    result = declared(request, memory_facts({}, as_of=AS_OF))
    evidence = Evidence(
        id="ev_1", alias="E1", tool=tool, version=1, request=request.model_dump(mode="json"), result=result.model_dump(mode="json"),
        created_at=datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip
    texts = [*result.findings, *(caveat.text for caveat in result.caveats), *([result.decision.reason] if result.decision else [])]
    rendered = render(prefix("\n\n".join(texts), "E1"), {"E1": evidence}, Locale())
    assert not rendered.problems
    verdict = verify(rendered.text, [evidence], locale=Locale(), as_of=AS_OF)
    assert [(n.text, n.reason, n.sentence) for n in verdict.numerals if n.verdict in ("CONTRADICTED", "UNSUPPORTED")] == []
    assert verdict.ok, (verdict.words, verdict.missing_caveats)
