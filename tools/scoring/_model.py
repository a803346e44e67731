"""A model as it is kept: written down with its card, and read back to be asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

from tools.artefacts import Artefact
from tools.contract import Frozen, NotEnoughData, ToolInputError
from tools.facts import Facts
from tools.scoring._card import ModelCard
from tools.scoring._columns import Cell, Columns, Floats, Ids, find_table, need_column, of_rows, with_ids
from tools.scoring._estimator import Calibration, Learned, fingerprint, read, write
from tools.scoring._recipe import Family, Recipe

ModelKind = Literal["lead", "churn", "conversion", "expansion"]
FORMAT = 1


class About(Frozen):
    """What is kept beside a model's file."""

    format: int
    kind: ModelKind
    label: str
    positive: str
    family: Family
    recipe: Recipe
    calibration: Calibration
    card: ModelCard
    trained_on: str
    trained_until: float
    scores: tuple[float, ...]
    """Deciles of the probabilities of the rows that were judged: what drift of the scores is held against."""


class Model(NamedTuple):
    """A model that can be asked."""

    name: str
    version: int
    about: About
    learned: Learned


def to_artefact(name: str, version: int, about: About, learned: Learned, *, serves: bool) -> Artefact:
    """A model as the store keeps it."""
    content = write(learned.estimator)
    digest = hashlib.sha256(content).hexdigest()
    return Artefact(name, version, content, digest, about.model_dump(mode="json"), fingerprint(learned), serves)


class _Held:
    """An artefact as a cache's key: its hashes say all of it."""

    def __init__(self, artefact: Artefact):
        self.artefact, self.key = artefact, (artefact.name, artefact.version, artefact.sha256, artefact.fingerprint)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.key == self.key


def from_artefact(artefact: Artefact) -> Model:
    """The model of an artefact, loaded once per process. Raises ToolInputError for the format of another release."""
    return _loaded(_Held(artefact))


@lru_cache(maxsize=16)
def _loaded(held: _Held) -> Model:
    artefact = held.artefact
    if artefact.about.get("format") != FORMAT:
        raise ToolInputError(f"the model {artefact.name} was kept by another release: train it again", field="model")
    about = About.model_validate(artefact.about)
    learned = Learned(about.recipe, about.family, read(artefact.content), about.calibration)
    return Model(artefact.name, artefact.version, about, learned)


def find_model(facts: Facts, name: str, kinds: tuple[ModelKind, ...], version: int | None = None) -> Model | None:
    """The client's model that serves under this name, or one version of it. Raises ToolInputError for one of another kind."""
    found = facts.model(name, version)
    if found is None:
        if version is not None:
            raise NotEnoughData(
                f"the model {name} has no version {version}", field="version", found=f"{facts.model_versions(name)} versions"
            )
        return None
    model = from_artefact(found)
    if model.about.kind not in kinds:
        raise ToolInputError(f"{name} is a model of {model.about.kind}", field="model", needed=" or ".join(kinds), found=model.about.kind)
    return model


class Asked(NamedTuple):
    """Rows that a model is asked about: its columns, others that were asked for beside them when they are there, and their names."""

    columns: Columns
    rows: int
    ids: Ids


def read_asked(
    learned: Learned,
    facts: Facts,
    rows: tuple[Mapping[str, Cell], ...] | None,
    table: str | None,
    id_column: str | None,
    more: tuple[str | None, ...] = (),
) -> Asked:
    """The columns that a model reads. Raises ToolInputError when the table is not what it was trained on."""
    if (table is None) == (rows is None):
        raise ToolInputError("name a table or give rows: one of the two", field="table")
    source: Any = None
    if rows is not None:
        there: Any = {name for row in rows for name in row}
    else:
        source = find_table(facts, str(table))
        there = source.columns
    if id_column is not None:
        need_column(there, id_column, "id_column")
    gone = [name for name in learned.recipe.names if name not in there]
    if gone:
        raise ToolInputError(
            f"the table has changed since the model was trained: {', '.join(gone[:10])} {'is' if len(gone) == 1 else 'are'} not there",
            field="table" if table else "rows",
            needed=f"the columns {', '.join(learned.recipe.names)}, or a model trained again on the table as it is",
            found=", ".join(sorted(map(str, there))[:30]),
        )
    names = list(dict.fromkeys([*learned.recipe.names, *(name for name in more if name is not None and name in there)]))
    if rows is not None:
        columns = of_rows(rows, names, as_text=learned.recipe.as_text)
        ids = Ids([row.get(id_column) for row in rows] if id_column else None)
    else:
        columns, ids = with_ids(facts, source, names, id_column, as_text=learned.recipe.as_text)
    return Asked(columns, len(next(iter(columns.values()))), ids)


def score_deciles(probability: Floats) -> tuple[float, ...]:
    """The nine inner deciles."""
    return tuple(float(edge) for edge in np.quantile(probability, np.arange(1, 10) / 10))
