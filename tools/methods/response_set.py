"""Response curves of several channels and all their draws, as arrays: what a plan brings, week by week or in the long run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.methods.adstock import geometric_adstock
from tools.methods.saturation import Form, saturate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ResponseSet:
    """K channels × D draws; D is one when there is only the point estimate.

    decay, half, slope, maximum: (D, K); half-saturation in minor units a week, maximum in outcomes a week.
    """

    forms: tuple[Form, ...]
    decay: Floats
    half: Floats
    slope: Floats
    maximum: Floats

    @property
    def channels(self) -> int:
        """K."""
        return len(self.forms)

    def steady(self, channel: int, spend: Floats) -> Floats:
        """Outcomes per week of one channel at steady weekly spend (N,), by draw: (D, N). Carry-over is in: adstock equals spend."""
        z = np.asarray(spend, dtype=float) / self.half[:, channel, None]
        return self.maximum[:, channel, None] * saturate(self.forms[channel], z, self.slope[:, channel, None]).value

    def marginal(self, channel: int, spend: Floats) -> Floats:
        """Extra outcomes per week for one more minor unit of steady weekly spend, by draw: (D, N)."""
        half = self.half[:, channel, None]
        rise = saturate(self.forms[channel], np.asarray(spend, dtype=float) / half, self.slope[:, channel, None]).by_z
        return self.maximum[:, channel, None] / half * rise

    def plan(self, spend: Floats) -> Floats:
        """Outcomes per week of each channel of a steady plan (K,), by draw: (D, K)."""
        if not self.channels:
            return np.zeros((len(self.decay), 0))
        return np.stack([self.steady(channel, spend[channel : channel + 1])[:, 0] for channel in range(self.channels)], axis=1)

    def path(self, spend: Floats, earlier: Floats) -> Floats:
        """Outcomes of each channel and week of a plan (K, H) that follows earlier weeks (K, E), by draw: (D, K, H). Carry-over runs on."""
        together = np.concatenate([earlier, spend], axis=1)
        before = earlier[:, 0] if earlier.shape[1] else 0.0
        carried = geometric_adstock(together, self.decay, before).value[..., earlier.shape[1] :]
        out = np.empty_like(carried)
        for channel, form in enumerate(self.forms):
            share = saturate(form, carried[:, channel] / self.half[:, channel, None], self.slope[:, channel, None]).value
            out[:, channel] = self.maximum[:, channel, None] * share
        return out
