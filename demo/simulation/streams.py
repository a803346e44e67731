"""Random streams by name, so that a new table does not change the others."""

from __future__ import annotations

from zlib import crc32

import numpy as np


class Streams:
    """Independent generators of one seed: the same name always gives the same draws."""

    def __init__(self, seed: int, client: str, scale: int):
        self.entropy = (seed, crc32(client.encode()), scale)

    def of(self, *names: str) -> np.random.Generator:
        """A fresh generator for this name."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([*self.entropy, crc32("/".join(names).encode())])))
