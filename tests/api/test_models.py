"""A model trained through the door answers through the door, is replayed, and is nobody else's."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from tests.api.support import problem
from tests.tools.scoring.labelled_tables import leads


async def test_a_model_is_trained_asked_and_replayed_and_another_agency_has_none_of_it(ours, theirs, store_settings):
    rows, _ = leads(400, seed=61)
    asked = {"kind": "lead", "label": "won", "rows": rows, "method": "logistic"}
    made = await ours.http.post("/tools/train_model", json=asked, params={"client": "salon"}, timeout=240)
    assert made.status_code == 200, made.text
    assert (made.json()["result"]["version"], made.json()["result"]["serves"]) == (1, True)
    one = {"rows": [{name: value for name, value in rows[0].items() if name != "won"}]}
    scored = await ours.http.post("/tools/score_leads", json=one, params={"client": "salon"}, timeout=240)
    assert scored.status_code == 200, scored.text
    assert scored.json()["facts"] == {"model:lead": 1}
    for record in (made.json(), scored.json()):
        compared = (await ours.http.post(f"/evidence/{record['id']}/replay", timeout=240)).json()
        assert compared["equal"] is True, compared
    other = await theirs.http.post("/tools/score_leads", json=one, params={"client": "salon"}, timeout=240)
    assert "there is no model 'lead'" in problem(other, 422, "not-enough-data")["detail"]
    alone = await ours.http.post("/tools/score_leads", json=one)
    problem(alone, 422, "not-enough-data")
    kept = Path(store_settings.facts_root) / ours.workspace.id / ours.client.id / "_models" / "lead" / "000001" / "model.skops"
    with zipfile.ZipFile(io.BytesIO(kept.read_bytes())) as file:
        assert "schema.json" in file.namelist()


async def test_a_file_with_a_type_that_is_not_on_the_list_is_not_loaded(ours, store_settings):
    """Were somebody to put a file in a model's place, with its hash: a type of no model does not come to life."""
    import hashlib
    import json
    from collections import Counter

    from skops.io import dumps

    rows, _ = leads(300, seed=62)
    asked = {"kind": "lead", "label": "won", "rows": rows, "method": "logistic"}
    assert (await ours.http.post("/tools/train_model", json=asked, params={"client": "salon"}, timeout=240)).status_code == 200
    place = Path(store_settings.facts_root) / ours.workspace.id / ours.client.id / "_models" / "lead" / "000001"
    bad = dumps(Counter({"a": 1}))
    (place / "model.skops").write_bytes(bad)
    about = json.loads((place / "about.json").read_text()) | {"sha256": hashlib.sha256(bad).hexdigest()}
    (place / "about.json").unlink()
    (place / "about.json").write_text(json.dumps(about))
    answer = await ours.http.post("/tools/score_leads", json={"rows": rows[:1]}, params={"client": "salon"}, timeout=240)
    assert "is not a model" in problem(answer, 422)["detail"]
