"""Fit and allocate for 6 channels × 104 weeks with 200 bootstrap draws, in one process; the limit is 5 s on two cores.

Run: python -m bench.budget
"""

from __future__ import annotations

import time
from datetime import date

import numpy as np

LIMIT = 5.0
CHANNELS = ("google_ads", "meta", "linkedin", "tiktok", "youtube", "email")


def series(weeks: int = 104) -> dict:
    """Simulated weekly spend of six channels and a total outcome."""
    from tools.methods.adstock import geometric_adstock

    random = np.random.default_rng(1)
    decay, half, maximum = random.uniform(0.1, 0.6, 6), random.uniform(1e5, 4e5, 6), random.uniform(30, 90, 6)
    spend = np.round(random.lognormal(0, 0.6, (6, weeks)) * half[:, None] * 0.6)
    carried = geometric_adstock(spend, decay).value
    outcome = 80 + maximum @ (carried / (carried + half[:, None])) + random.normal(0, 8, weeks)
    return {
        "first_week": date(2024, 1, 1).isoformat(),
        "currency": "ZAR",
        "outcome": [round(float(value), 2) for value in outcome],
        "channels": [{"channel": name, "spend": [int(value) for value in row]} for name, row in zip(CHANNELS, spend, strict=True)],
    }


def main() -> None:
    """Measure from a cold start: the first figure holds the imports too."""
    given = series()
    for run in ("first", "again"):
        start, busy = time.perf_counter(), time.process_time()
        from tools.budget.allocate_budget import AllocateBudget, allocate_budget
        from tools.budget.fit_response_curves import FitResponseCurves, fit_response_curves

        fitted = fit_response_curves(FitResponseCurves.model_validate({"series": given, "draws": 200}))
        middle = time.perf_counter()
        allocate_budget(
            AllocateBudget.model_validate(
                {
                    "budget": 3_000_000, "currency": "ZAR", "curves": [curve.model_dump() for curve in fitted.curves],
                    "learning_minimum": 50_000,
                }
            )
        )  # fmt: skip
        end = time.perf_counter()
        parts = f"fit {middle - start:.2f} s, allocate {end - middle:.2f} s, processor {time.process_time() - busy:.2f} s"
        print(f"budget, 6 channels x 104 weeks, 200 draws, {run}: {end - start:.2f} s (limit {LIMIT:.0f} s; {parts})")


if __name__ == "__main__":
    main()
