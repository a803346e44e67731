"""Texts to vectors: an embedded lexical embedder by default, or a model behind an OpenAI-compatible address."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from llm.errors import ModelSettingsError, ModelUnavailable
from llm.settings import ModelSettings

if TYPE_CHECKING:
    import numpy as np

LEXICAL_DIMENSIONS = 384
OPENAI_BATCH = 256
WORDS_SHARE, CHARACTERS_SHARE = 192, 192


class Embedder(Protocol):
    """What turns texts into vectors of length one."""

    @property
    def name(self) -> str:
        """The embedder and its version: vectors of two names are not compared."""

    @property
    def dimensions(self) -> int:
        """Length of every vector."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text, float32, of length one; a text without a word is a row of zeros."""


class LexicalEmbedder:
    """Hashed words and word pairs beside hashed character n-grams, each half scaled to the same length.

    It finds shared words and word stems, not meaning. Nothing is fitted, so vectors of today and of next year compare.
    """

    name = "lexical-hashing-v1"
    dimensions = LEXICAL_DIMENSIONS

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Shape (len(texts), 384)."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        halves = [vectorizer.transform(texts).toarray() for vectorizer in _vectorizers()]
        rows = np.hstack(halves)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0).astype(np.float32)


@lru_cache(maxsize=1)
def _vectorizers() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=WORDS_SHARE, ngram_range=(1, 2), strip_accents="unicode", norm="l2")
    characters = HashingVectorizer(n_features=CHARACTERS_SHARE, analyzer="char_wb", ngram_range=(3, 5), strip_accents="unicode", norm="l2")
    return words, characters


class OpenAIEmbedder:
    """An embedding model behind an OpenAI-compatible address."""

    def __init__(self, model: str, settings: ModelSettings) -> None:
        from llm.models import _key

        self._model, self._settings, self._asked = model, settings, settings.embedding_dimensions
        self._key = _key(settings, "openai")
        self.name = f"openai:{model}" + (f"@{self._asked}" if self._asked else "")
        self._dimensions = self._asked

    @property
    def dimensions(self) -> int:
        """Length of every vector; asked of the server once when no setting says so."""
        if self._dimensions is None:
            self._dimensions = int(self.embed(["dimensions"]).shape[1])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text. Raises ModelUnavailable when the server gives no vectors."""
        import numpy as np
        import openai

        client = openai.OpenAI(api_key=self._key.get_secret_value(), base_url=self._settings.openai_base_url, max_retries=3, timeout=60)
        extra: dict[str, Any] = {"dimensions": self._asked} if self._asked else {}
        rows: list[list[float]] = []
        try:
            with client:
                for start in range(0, len(texts), OPENAI_BATCH):
                    # A server may refuse an empty text: a space stands in for it.
                    batch = [text or " " for text in texts[start : start + OPENAI_BATCH]]
                    given = client.embeddings.create(model=self._model, input=batch, encoding_format="float", **extra)
                    rows += [item.embedding for item in sorted(given.data, key=lambda item: item.index)]
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"the embedding model {self._model!r} gave no vectors: {type(error).__name__}") from error
        vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), -1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def embedder(settings: ModelSettings | None = None) -> Embedder:
    """The embedder of the settings. Raises ModelSettingsError when it wants a key that is not set."""
    settings = settings or ModelSettings()
    if settings.embedder == "lexical":
        return LexicalEmbedder()
    if not settings.embedder.startswith("openai:"):
        raise ModelSettingsError(f"an embedder is 'lexical' or 'openai:NAME', not {settings.embedder!r}")
    return OpenAIEmbedder(settings.embedder.split(":", 1)[1], settings)
