"""What tokens cost: a small dated table, overridable by a file. A model that is not in it has no known cost, which is not zero."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llm.errors import ModelSettingsError

BUILT_IN = Path(__file__).parent / "prices.json"
DATED_NAME = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. `longer`: the price of a whole call whose input has more tokens than `longer_than`."""

    input: float
    output: float
    cached: float
    cache_write: float
    longer_than: int | None = None
    longer: Price | None = None

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int, written_tokens: int) -> int:
        """The cost of one call in millionths of a US dollar, rounded up. `input_tokens` counts cached and written ones too."""
        if self.longer is not None and self.longer_than is not None and input_tokens > self.longer_than:
            return self.longer.cost(input_tokens, output_tokens, cached_tokens, written_tokens)
        fresh = max(input_tokens - cached_tokens - written_tokens, 0)
        exact = fresh * self.input + cached_tokens * self.cached + written_tokens * self.cache_write + output_tokens * self.output
        return -int(-exact // 1)


def price_of(model: str, overriding: Path | None = None) -> Price | None:
    """The price of a model, with or without its trailing date; None when nobody told us one. Raises ModelSettingsError."""
    known = _table(overriding) if overriding else {}
    for name in (model, DATED_NAME.sub("", model)):
        for table in (known, _table(BUILT_IN)):
            if name in table:
                return table[name]
    return None


@lru_cache(maxsize=8)
def _table(file: Path) -> dict[str, Price]:
    try:
        models = json.loads(file.read_text(encoding="utf-8"))["models"]
        return {name: _price(row) for name, row in models.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelSettingsError(
            f"the price file {file} cannot be read ({error!r}); it holds "
            '{"models": {"NAME": {"input": 1.0, "output": 5.0}}} in US dollars per million tokens'
        ) from error


def _price(row: dict[str, Any]) -> Price:
    longer = row.get("longer")
    base = float(row["input"])
    return Price(
        input=base,
        output=float(row["output"]),
        cached=float(row.get("cached", base)),
        cache_write=float(row.get("cache_write", base)),
        longer_than=longer["than"] if longer else None,
        longer=_price(longer) if longer else None,
    )
