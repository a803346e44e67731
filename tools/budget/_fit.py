"""From weekly series to fitted channels: one joint model of a total outcome, or one model per channel of its claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.budget._curve import Baseline, ChannelSeries, Draw, Mode, ResponseCurve, Source, WeeklySeries
from tools.budget._identifiability import Screen, close_pairs, own_variation, screen, weeks_needed
from tools.contract import NotEnoughData
from tools.methods.adstock import geometric_adstock
from tools.methods.channel_names import channel_name, joined
from tools.methods.response_estimate import Draws, Estimate, draw_over_forms, estimate, predict
from tools.methods.response_set import ResponseSet
from tools.methods.saturation import Form
from tools.methods.variable_projection import ResponseModel
from tools.methods.weekly_controls import controls

Floats = NDArray[np.float64]
RECENT_WEEKS = 8
"""Weeks that 'recent spend' averages over: two months even out a single promotion."""
STORED_WEEKS = 13


@dataclass(frozen=True)
class Settings:
    """How to fit."""

    saturation: Literal["auto"] | Form
    trend: bool
    harmonics: int | None
    ran_before: bool
    weak_prior: bool
    draws: int
    kept_draws: int
    holdout_weeks: int
    outcome: str
    source: Source


class Holdout(NamedTuple):
    """Mean absolute percentage error on the last weeks, fitted without them, beside the average of the weeks before them."""

    weeks: int
    error: float
    naive: float


@dataclass(frozen=True)
class Fitted:
    """Curves with what is needed to report on them. point and draws hold the channels in the order of `curves`."""

    mode: Mode
    curves: tuple[ResponseCurve, ...]
    point: ResponseSet
    draws: ResponseSet
    recent: Floats
    baseline: Baseline | None
    holdout: Holdout | None
    explained: float
    screened: Screen
    close: tuple[tuple[str, str], ...]
    seasonal: tuple[str, ...]
    season_fitted: bool


def fit_series(series: WeeklySeries, settings: Settings, random: np.random.Generator) -> Fitted:
    """Fit all channels that can be fitted. Raises NotEnoughData when none can, or when the weeks are too few."""
    mode: Mode = "joint" if series.outcome is not None else "per_channel"
    screened = screen(series.channels, need_claims=mode == "per_channel")
    shapes = 3 if settings.saturation == "hill" else 2
    harmonics = settings.harmonics if settings.harmonics is not None else 2 if series.weeks >= 78 else 1 if series.weeks >= 60 else 0
    steady = _controls(series, settings, harmonics) if mode == "joint" else np.empty((0, series.weeks))
    needed = weeks_needed(len(screened.fitted) if mode == "joint" else 1, shapes, len(steady))
    if series.weeks < needed:
        raise NotEnoughData(
            f"The record holds {series.weeks} whole weeks, Monday to Sunday, too few to tell the response to spend from chance: "
            f"a fit of this size needs at least {needed}. {_instead(series, shapes, len(steady))}",
            needed=f"{needed} whole weeks",
            found=f"{series.weeks} whole weeks",
        )
    if not screened.fitted:
        raise NotEnoughData(_none_fit(screened), needed="a channel whose spend varied from week to week", found="none")
    groups: list[tuple[ChannelSeries, ...]] = [screened.fitted] if mode == "joint" else [(one,) for one in screened.fitted]
    forms: tuple[Form, ...] = ("michaelis_menten", "logistic") if settings.saturation == "auto" else (settings.saturation,)
    found = [_estimate(group, _outcome(series, group), steady, forms, settings, random) for group in groups]
    return _assemble(series, settings, mode, screened, harmonics, steady, groups, found, needed, random)


def _controls(series: WeeklySeries, settings: Settings, harmonics: int, first: int = 0) -> Floats:
    base = controls(
        series.first_week, first, series.weeks, trend_weeks=series.weeks if settings.trend else None, harmonics=harmonics
    )  # fmt: skip
    return np.vstack([base, *(np.array(control.values, dtype=float) for control in series.controls)])


def _outcome(series: WeeklySeries, group: tuple[ChannelSeries, ...]) -> Floats:
    return np.array(series.outcome if series.outcome is not None else group[0].conversions, dtype=float)


def _model(group: tuple[ChannelSeries, ...], steady: Floats, form: Form, settings: Settings) -> ResponseModel:
    levels = 1 + settings.trend if len(steady) else 0
    return ResponseModel(np.array([one.spend for one in group], dtype=float), form, steady, levels, settings.ran_before)


def _estimate(
    group: tuple[ChannelSeries, ...],
    outcome: Floats,
    steady: Floats,
    forms: tuple[Form, ...],
    settings: Settings,
    random: np.random.Generator,
) -> tuple[Estimate, Draws]:
    """The best form and draws over all of them."""
    tried = [estimate(_model(group, steady, form, settings), outcome, random, weak_prior=settings.weak_prior) for form in forms]
    return draw_over_forms(tried, outcome, random, settings.draws)


def _assemble(
    series: WeeklySeries, settings: Settings, mode: Mode, screened: Screen, harmonics: int, steady: Floats,
    groups: list[tuple[ChannelSeries, ...]], found: list[tuple[Estimate, Draws]], needed: int, random: np.random.Generator,
) -> Fitted:  # fmt: skip
    estimates = [done for done, _ in found]
    point = _point(estimates)
    draws = _drawn([drawn for _, drawn in found]) if settings.draws else point
    spend = np.array([one.spend for one in screened.fitted], dtype=float)
    owners = [done for group, done in zip(groups, estimates, strict=True) for _ in group]
    curves = tuple(
        _curve(series, one, done, place, point, draws if settings.draws else None, settings, mode)
        for place, (one, done) in enumerate(zip(screened.fitted, owners, strict=True))
    )
    carried = geometric_adstock(spend, point.decay[0]).value
    names = [one.channel for one in screened.fitted]
    joint = mode == "joint"
    left, outcomes = np.concatenate([done.residuals for done in estimates]), [_outcome(series, group) for group in groups]
    spread = sum(float(((outcome - outcome.mean()) ** 2).sum()) for outcome in outcomes)
    own = own_variation(spend, steady) if joint else np.ones(len(names))
    return Fitted(
        mode=mode,
        curves=curves,
        point=point,
        draws=draws,
        recent=spend[:, -RECENT_WEEKS:].mean(axis=1),
        baseline=_baseline(series, settings, harmonics, *found[0], screened) if joint else None,
        holdout=_holdout(series, settings, steady, groups, estimates, needed, random),
        explained=max(0.0, 1 - float(left @ left) / spread) if spread > 0 else 0.0,
        screened=screened,
        close=tuple((names[a], names[b]) for a, b in close_pairs(carried, steady)) if joint else (),
        seasonal=tuple(name for name, share in zip(names, own, strict=True) if share < 0.1),
        season_fitted=harmonics > 0,
    )


def _point(estimates: list[Estimate]) -> ResponseSet:
    parts = []
    for done in estimates:
        decay, half, slope = done.model.unpack(done.theta[None])
        channels = len(done.model.spend)
        parts.append((np.full((1, channels), done.model.form), decay, half, slope, done.linear[None, :channels]))
    return ResponseSet(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


def _drawn(drawn: list[Draws]) -> ResponseSet:
    parts = [(np.repeat(one.form[:, None], one.decay.shape[1], axis=1), one.decay, one.half, one.slope, one.maximum) for one in drawn]
    return ResponseSet(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


def _curve(
    series: WeeklySeries, one: ChannelSeries, done: Estimate, place: int, point: ResponseSet, draws: ResponseSet | None,
    settings: Settings, mode: Mode,
) -> ResponseCurve:  # fmt: skip
    kept = [] if draws is None else list(_draws(draws, place))[: settings.kept_draws]
    return ResponseCurve(
        channel=one.channel,
        form=done.model.form,
        decay=float(point.decay[0, place]),
        half_saturation=float(point.half[0, place]),
        slope=float(point.slope[0, place]),
        maximum=float(point.maximum[0, place]),
        draws=tuple(kept),
        observed_min=min(one.spend),
        observed_max=max(one.spend),
        recent_spend=one.spend[-STORED_WEEKS:],
        n_weeks=series.weeks,
        period=series.period,
        currency=series.currency,
        outcome=settings.outcome,
        mode=mode,
        source=settings.source,
        residual_sd=done.residual_sd,
        residual_autocorrelation=done.autocorrelation,
        basis="model",
    )


def _draws(draws: ResponseSet, place: int) -> Iterator[Draw]:
    for form, decay, half, slope, maximum in zip(
        draws.form[:, place], draws.decay[:, place], draws.half[:, place], draws.slope[:, place], draws.maximum[:, place], strict=True
    ):
        yield str(form), _short(decay), _short(half), _short(slope), _short(maximum)  # type: ignore[misc]


def _short(value: float) -> float:
    """Five digits are far finer than draws differ, and keep the record short."""
    return float(f"{value:.5g}")


def _baseline(series: WeeklySeries, settings: Settings, harmonics: int, done: Estimate, drawn: Draws, screened: Screen) -> Baseline:
    first, count = len(done.model.spend), 1 + settings.trend + 2 * harmonics
    return Baseline(
        origin=series.first_week,
        trend_weeks=series.weeks,
        trend=settings.trend,
        harmonics=harmonics,
        coefficients=tuple(float(value) for value in done.linear[first : first + count]),
        draws=tuple(tuple(_short(value) for value in draw) for draw in drawn.controls[: settings.kept_draws, :count]),
        residual_sd=done.residual_sd,
        residual_autocorrelation=done.autocorrelation,
        outcome=settings.outcome,
        left_out=screened.steady + screened.rare,
    )


def _holdout(
    series: WeeklySeries, settings: Settings, steady: Floats, groups: list[tuple[ChannelSeries, ...]], estimates: list[Estimate],
    needed: int, random: np.random.Generator,
) -> Holdout | None:  # fmt: skip
    weeks = settings.holdout_weeks
    before = series.weeks - weeks
    if not weeks or before < max(needed, 2 * weeks):
        return None
    expected, actual, naive = np.zeros(weeks), np.zeros(weeks), 0.0
    for group, done in zip(groups, estimates, strict=True):
        outcome = _outcome(series, group)
        whole = done.model
        if not np.all((whole.spend[:, :before] > 0).any(axis=1)):
            return None
        part = replace(whole, spend=whole.spend[:, :before], controls=steady[:, :before])
        fitted = estimate(part, outcome[:before], random, weak_prior=settings.weak_prior)
        expected += predict(fitted, whole.spend, steady)[before:]
        actual += outcome[before:]
        naive += outcome[before - weeks : before].mean()
    counted = actual > 0
    if not counted.any():
        return None
    share = np.abs(np.stack([expected, np.full(weeks, naive)]) - actual)[:, counted] / actual[counted]
    return Holdout(weeks, float(share[0].mean()), float(share[1].mean()))


def _instead(series: WeeklySeries, shapes: int, controls: int) -> str:
    """What can be done with too few weeks: only what would not be refused again."""
    ways = []
    if series.outcome is not None:
        most = max((count for count in range(1, len(series.channels)) if weeks_needed(count, shapes, controls) <= series.weeks), default=0)
        if most:
            ways.append(f"fit at most {most} of the channels")
        if weeks_needed(1, shapes, 0) <= series.weeks and any(any(one.conversions or ()) for one in series.channels):
            ways.append("use the platforms' own conversions (outcome platform_conversions)")
    ways.append("plan from rates (forecast_campaign with rates) until there are more weeks")
    said = ", or ".join(ways)
    return f"{said[0].upper()}{said[1:]}."


def _none_fit(screened: Screen) -> str:
    reasons = [
        f"{joined([channel_name(name) for name in names])} {what}"
        for names, what in (
            (screened.steady, "never varied its spend"),
            (screened.rare, "spent in too few weeks"),
            (screened.unclaimed, "has no conversions on record"),
        )
        if names
    ]
    return (
        "No channel's response can be told from these weeks: " + "; ".join(reasons) + ". Vary spend by week for two months and fit again."
    )
