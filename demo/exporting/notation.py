"""Values as exports write them, column by column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.simulation.columns import joined

UTC_SECONDS = "%Y-%m-%d %H:%M:%S"
WITH_OFFSET = "%Y-%m-%d %H:%M:%S %z"


def plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers, texts and dates as they are: 1234, 2026-10-31."""
    return values.cast(pa.string())


def thousands(values: pa.ChunkedArray) -> pa.Array:
    """Whole numbers with a comma every three digits: 1,234,567. Below 10⁹, not negative."""
    numbers = values.to_numpy()
    parts = [pa.array(numbers // 1000**power % 1000).cast(pa.string()) for power in (2, 1, 0)]
    padded = [pc.utf8_lpad(part, 3, padding="0") for part in parts]
    millions = joined(parts[0], ",", padded[1], ",", padded[2])
    return pc.if_else(
        pa.array(numbers >= 1_000_000), millions, pc.if_else(pa.array(numbers >= 1000), joined(parts[1], ",", padded[2]), parts[2])
    )


def money(values: pa.ChunkedArray, *, grouped: bool = False) -> pa.Array:
    """Minor units as units of the currency with two decimals: 1234.50, or 1,234.50 when grouped. Not negative."""
    numbers = values.to_numpy()
    units = pa.chunked_array([pa.array(numbers // 100)])
    cents = pc.utf8_lpad(pa.array(numbers % 100).cast(pa.string()), 2, padding="0")
    return joined(combined(thousands(units) if grouped else plain(units)), ".", cents)


def micros(values: pa.ChunkedArray) -> pa.Array:
    """Minor units as millionths of the currency unit."""
    return pa.array(values.to_numpy() * 10_000).cast(pa.string())


def decimals(values: pa.ChunkedArray) -> pa.Array:
    """Quantities with two decimals: 3.25."""
    hundredths = np.rint(values.cast(pa.float64()).to_numpy() * 100).astype(np.int64)
    return money(pa.chunked_array([pa.array(hundredths)]))


def counted(values: pa.ChunkedArray) -> pa.Array:
    """Whole quantities without decimals."""
    return pa.array(np.rint(values.cast(pa.float64()).to_numpy()).astype(np.int64)).cast(pa.string())


def utc(values: pa.ChunkedArray, pattern: str = "%Y-%m-%dT%H:%M:%SZ") -> pa.ChunkedArray:
    """Instants in UTC, whole seconds."""
    return pc.strftime(values.cast(pa.timestamp("s", "UTC")), pattern)


def local(values: pa.ChunkedArray, zone: str, pattern: str = "%Y-%m-%d %H:%M") -> pa.ChunkedArray:
    """Instants as the clock on the wall shows them; with `%z` in the pattern the offset is written too."""
    return pc.strftime(values.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("s", zone)), pattern)


def american(values: pa.ChunkedArray) -> pa.Array:
    """Dates as month, day and year without leading zeros: 4/28/2025."""
    month, day, year = (combined(part(values).cast(pa.string())) for part in (pc.month, pc.day, pc.year))
    return joined(month, "/", day, "/", year)


def day_first(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates as 28/04/2025."""
    return pc.strftime(values, "%d/%m/%Y")


def renamed(values: pa.ChunkedArray, names: dict[str, str]) -> pa.Array:
    """Values under other names; every value must have one."""
    encoded = combined(values).dictionary_encode()
    own = pa.array([None if value is None else names[value] for value in encoded.dictionary.to_pylist()], pa.string())
    return pc.take(own, encoded.indices)


def combined(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array out of chunks."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
