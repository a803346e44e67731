"""What the tools say of themselves passes the verifier, also where they warn, compare and choose: writers start from these sentences."""

from __future__ import annotations

import pytest

from grounding.evidence import Evidence, Locale
from grounding.slots import prefix, render
from grounding.verify import verify
from tests.tools.scoring.labelled_tables import AS_OF, Desk, leads


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> dict[str, Evidence]:
    """Records of every way in which leads are trained on and scored."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    rows, _ = leads(500, seed=71)
    leaking = [row | {"deal_value": 900 + place if row["won"] == "yes" else None} for place, row in enumerate(rows)]
    desk.give("leads", leaking)
    asked = {"kind": "lead", "table": "leads", "label": "won", "method": "logistic"}
    money = {"value": 100_000, "cost": 40_000, "currency": "ZAR"}
    moved = [row | {"pages_viewed": row["pages_viewed"] + 6} for row in rows]
    points = [{"column": "pages_viewed", "when": "at_least", "value": "5", "points": 10}]
    return {
        "trained": desk.run("train_model", **asked),
        "again": desk.run("train_model", **asked, seed=2, keep_leaking=["deal_value"], replace="never"),
        "valued": desk.run("score_leads", rows=rows, **money),
        "faded": desk.run("score_leads", rows=rows, **money, half_life_days=30, last_seen_column="seen_on"),
        "moved": desk.run("score_leads", rows=moved, capacity=20),
        "points": desk.run("score_leads", rows=rows, model="none", points=points, capacity=9),
    }


@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
@pytest.mark.parametrize("which", ["trained", "again", "valued", "faded", "moved", "points"])
def test_its_sentences_pass(records, which, links):
    record = records[which].model_copy(update={"alias": "E1"})
    texts = [*record.result["findings"], *(caveat["text"] for caveat in record.result["caveats"]), record.result["decision"]["reason"]]
    rendered = render(prefix("\n\n".join(texts), "E1"), {"E1": record}, Locale(), links=links)
    verdict = verify(rendered.text, [record], locale=Locale(), as_of=AS_OF)
    assert not rendered.problems
    stopped = [(each.text, each.reason, each.sentence) for each in verdict.numerals if each.verdict in ("CONTRADICTED", "UNSUPPORTED")]
    assert stopped == []
    assert verdict.ok, (verdict.words, verdict.missing_caveats)
