"""Models lie in their client's folder: whole or not at all, one number for one model, gone with whom they name, and saved by a backup."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from grounding.evidence import Locale
from store import models
from store.clients import Client
from store.erase import erase_person
from store.facts import NotReplayable, open_facts
from tools.artefacts import Artefact
from tools.contract import ToolInputError

AS_OF = date(2026, 11, 21)


def client(slug: str = "salon", workspace: str = "ws_1") -> Client:
    return Client(f"cl_{slug}", workspace, slug, "Salon (simulated)", Locale(), {}, datetime(2026, 1, 1, tzinfo=UTC))


def artefact(version: int = 1, *, text: str = "learned", serves: bool = True, about: dict[str, Any] | None = None) -> Artefact:
    content = f"file of {text}".encode()
    return Artefact("lead", version, content, hashlib.sha256(content).hexdigest(), about or {"levels": ["hair", "nails"]}, text, serves)


def keep(root: Path, *offered: Artefact, whose: Client | None = None) -> None:
    whose = whose or client()
    models.keep(root, whose.workspace_id, whose, offered, evidence_id="ev_1")


def facts(root: Path, whose: Client | None = None, **pinned: Any) -> Any:
    whose = whose or client()
    return open_facts(root, whose.workspace_id, whose, as_of=AS_OF, **pinned)


def test_the_newest_that_serves_answers_and_what_was_looked_for_is_noted(tmp_path):
    with facts(tmp_path) as empty:
        assert (empty.model("lead"), empty.versions) == (None, {"model:lead": 0})
    keep(tmp_path, artefact(1))
    keep(tmp_path, artefact(2, text="better"))
    keep(tmp_path, artefact(3, text="worse", serves=False))
    with facts(tmp_path) as opened:
        assert (opened.model("lead").version, opened.model_versions("lead")) == (2, 3)
        assert opened.model("lead", 3).fingerprint == "worse"
        assert opened.model("lead", 4) is None
        assert opened.versions == {"model:lead": 3}
        assert opened.names() == ()
    with facts(tmp_path, versions={"model:lead": 1}) as then:
        assert then.model("lead").version == 1
        assert then.model("lead", 2) is None
        assert then.names() == ()
    with facts(tmp_path, versions={"model:lead": 4}) as lost, pytest.raises(NotReplayable, match="no version 4"):
        lost.model("lead")


def test_the_same_training_is_kept_once_and_another_of_the_same_number_is_refused(tmp_path):
    keep(tmp_path, artefact(1))
    keep(tmp_path, artefact(1))
    with pytest.raises(models.ModelConflict, match="meanwhile"):
        keep(tmp_path, artefact(1, text="another"))
    with pytest.raises(models.ModelConflict):
        keep(tmp_path, artefact(3, text="out of turn"))
    place = tmp_path / "ws_1" / "cl_salon" / "_models" / "lead"
    assert [entry.name for entry in place.iterdir()] == ["000001"]


def test_a_model_belongs_to_its_client_and_a_name_is_no_path(tmp_path):
    keep(tmp_path, artefact(1))
    for other in (client("other"), client("salon", "ws_2")):
        with facts(tmp_path, other) as theirs:
            assert theirs.model("lead") is None
    with facts(tmp_path) as opened:
        for name in ("../lead", "lead/../../cl_other/lead", "Lead", ".draft", ""):
            with pytest.raises(ToolInputError, match="not a model's name"):
                opened.model(name)


def test_a_file_that_is_not_what_was_kept_is_not_loaded(tmp_path):
    keep(tmp_path, artefact(1))
    (tmp_path / "ws_1" / "cl_salon" / "_models" / "lead" / "000001" / "model.skops").write_bytes(b"another")
    with facts(tmp_path) as opened, pytest.raises(models.ModelDamaged, match="not what was kept"):
        opened.model("lead")


def test_an_erasure_takes_away_the_models_that_name_the_person_and_their_numbers_stay_taken(tmp_path):
    keep(tmp_path, artefact(1))
    keep(tmp_path, artefact(2, text="names", about={"recipe": {"levels": ["hair", "thandi@example.com"]}}))
    report = erase_person(tmp_path, "ws_1", client(), "Thandi@example.com", on=AS_OF)
    assert report.models_removed == 1
    with facts(tmp_path) as opened:
        assert (opened.model("lead").version, opened.model_versions("lead")) == (1, 2)
    with facts(tmp_path, versions={"model:lead": 2}) as then, pytest.raises(models.ModelDamaged, match="erased"):
        then.model("lead")
    keep(tmp_path, artefact(3, text="trained again"))
    assert not any(b"thandi" in file.read_bytes() for file in (tmp_path / "ws_1" / "cl_salon" / "_models").rglob("*.*") if file.is_file())
