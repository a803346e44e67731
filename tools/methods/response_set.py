"""Response curves of several channels and all their draws, as arrays: what a plan brings, week by week or in the long run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.methods.adstock import geometric_adstock
from tools.methods.saturation import FORMS, saturate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ResponseSet:
    """K channels × D draws; D is one when there is only the point estimate.

    form, decay, half, slope, maximum: (D, K); half-saturation in minor units a week, maximum in outcomes a week.
    """

    form: NDArray[np.str_]
    decay: Floats
    half: Floats
    slope: Floats
    maximum: Floats

    @property
    def channels(self) -> int:
        """K."""
        return self.decay.shape[1]

    @property
    def draws(self) -> int:
        """D."""
        return self.decay.shape[0]

    def steady(self, channel: int, spend: Floats) -> Floats:
        """Outcomes per week of one channel at steady weekly spend (N,), by draw: (D, N). Carry-over is in: adstock equals spend."""
        value, _ = self._saturated(channel, np.broadcast_to(np.asarray(spend, dtype=float), (self.draws, len(spend))))
        return self.maximum[:, channel, None] * value

    def marginal(self, channel: int, spend: Floats) -> Floats:
        """Extra outcomes per week for one more minor unit of steady weekly spend, by draw: (D, N)."""
        _, rise = self._saturated(channel, np.broadcast_to(np.asarray(spend, dtype=float), (self.draws, len(spend))))
        return self.maximum[:, channel, None] / self.half[:, channel, None] * rise

    def plan(self, spend: Floats) -> Floats:
        """Outcomes per week of each channel of a steady plan (K,), by draw: (D, K)."""
        if not self.channels:
            return np.zeros((self.draws, 0))
        return np.stack([self.steady(channel, spend[channel : channel + 1])[:, 0] for channel in range(self.channels)], axis=1)

    def path(self, spend: Floats, earlier: Floats) -> Floats:
        """Outcomes of each channel and week of a plan (K, H) that follows earlier weeks (K, E), by draw: (D, K, H). Carry-over runs on."""
        together = np.concatenate([earlier, spend], axis=1)
        before = earlier[:, 0] if earlier.shape[1] else 0.0
        carried = geometric_adstock(together, self.decay, before).value[..., earlier.shape[1] :]
        out = np.empty_like(carried)
        for channel in range(self.channels):
            out[:, channel] = self.maximum[:, channel, None] * self._saturated(channel, carried[:, channel])[0]
        return out

    def _saturated(self, channel: int, adstock: Floats) -> tuple[Floats, Floats]:
        """Share of the maximum, and its slope by relative spend, at adstock (D, N): each draw by its own form."""
        value, rise = np.empty(adstock.shape), np.empty(adstock.shape)
        for form in FORMS:
            rows = self.form[:, channel] == form
            if rows.any():
                found = saturate(form, adstock[rows] / self.half[rows, channel, None], self.slope[rows, channel, None])
                value[rows], rise[rows] = found.value, found.by_z
        return value, rise
