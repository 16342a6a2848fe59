"""The AR(1) model of what tokens leave: against dense Gaussian conditioning and processes with known parameters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktsvq._gaps import interpolate
from sktsvq._residuals import ResidualModel, expected_residual, fill_gaps, fit_residuals, hide


def process(shape, correlation, rng):
    """Stationary AR(1) paths of variance 1."""
    values = rng.standard_normal(shape)
    for t in range(1, shape[-1]):
        values[..., t] = correlation * values[..., t - 1] + np.sqrt(1 - correlation**2) * values[..., t]
    return values


def condition(row, known, correlation):
    """Mean and covariance of an AR(1) process of variance 1 given its known values, by dense linear algebra."""
    time = np.arange(len(row))
    covariance = correlation ** np.abs(time[:, np.newaxis] - time)
    gain = covariance[:, known] @ np.linalg.inv(covariance[np.ix_(known, known)])
    return gain @ row[known], covariance - gain @ covariance[known]


@pytest.fixture
def gaps():
    """Two series of two channels, and what is known of them."""
    rng = np.random.RandomState(0)
    series = rng.normal(size=(2, 2, 24))
    known = rng.uniform(size=series.shape) < 0.4
    known[:, :, 9:15] = False
    known[0, 0, :4] = known[1, 1, -5:] = False
    known[..., 7] = True
    return np.where(known, series, np.nan)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.95])
def test_the_expected_residual_is_the_conditional_mean(gaps, correlation):
    known = ~np.isnan(gaps)
    means = expected_residual(gaps[np.newaxis], known, np.full((2, 2, 1), correlation))[0]
    for mean, row, is_known in zip(means.reshape(4, 24), gaps.reshape(4, 24), known.reshape(4, 24), strict=True):
        assert_allclose(mean, condition(row, is_known, correlation)[0], atol=1e-12)


def test_draws_have_the_conditional_distribution(gaps):
    known, n_draws = ~np.isnan(gaps), 20_000
    model = ResidualModel(*(np.full((2, 2, 1), value) for value in (0.0, 0.8, 3.0, 0.0)), np.zeros((2, 1, 1)))
    draws = fill_gaps(np.zeros((n_draws, *gaps.shape)), gaps, model, length=4, rng=np.random.RandomState(1))
    assert (draws[:, known] == gaps[known]).all()
    for row in range(4):
        mean, covariance = condition(gaps.reshape(4, 24)[row], known.reshape(4, 24)[row], 0.8)
        sample = draws.reshape(n_draws, 4, 24)[:, row]
        assert_allclose(sample.mean(axis=0), mean, atol=5 * 3 / np.sqrt(n_draws))
        assert_allclose(np.cov(sample.T), 9 * covariance, atol=0.4)


@pytest.mark.parametrize(("far_share", "reach"), [(0, 4), (1, 64)])
def test_the_share_of_the_line_falls_with_the_distance(gaps, far_share, reach):
    model = ResidualModel(*(np.full((2, 2, 1), value) for value in (0.0, 0.5, 1.0, 1.0)), np.full((2, 1, 1), far_share))
    none = model._replace(near_share=np.zeros((2, 2, 1)), far_share=np.zeros((2, 1, 1)))
    whole, alone = (fill_gaps(np.full((1, *gaps.shape), 100.0), gaps, each, length=4)[0] for each in (model, none))
    known, line = ~np.isnan(gaps), interpolate(gaps)
    share = (whole - alone)[~known] / (line - alone)[~known]
    distance = np.array([np.abs(np.flatnonzero(row) - t).min() for row in known.reshape(4, 24) for t in range(24)])
    assert_allclose(share, np.exp(-(distance.reshape(known.shape)[~known] - 1) / reach))


@pytest.mark.parametrize("correlation", [0.2, 0.9])
def test_a_process_is_recovered(correlation):
    rng = np.random.RandomState(0)
    decoded, residual = rng.normal(size=(20, 1, 4000)), 3 * process((20, 1, 4000), correlation, rng)
    series = np.where(rng.uniform(size=decoded.shape) < 0.2, np.nan, decoded + residual)
    model = fit_residuals(decoded, series, hide(series, rng), length=8)
    assert_allclose(model.correlation, correlation, atol=0.08)
    assert_allclose(model.scale, 3, rtol=0.2)
    moved = fit_residuals(decoded - 7, series, hide(series, np.random.RandomState(0)), length=8)
    assert_allclose(moved.mean, 7 + model.mean, atol=0.2)
    # The series is white noise in part, so that lines are worth little here.
    assert (model.near_share < 0.5).all()


def test_the_line_is_taken_where_tokens_know_nothing():
    rng = np.random.RandomState(0)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(4, 1, 400)), axis=-1), axis=-1)
    noise = smooth.std() * rng.normal(size=smooth.shape)
    hidden = hide(smooth, rng)
    lost = fit_residuals(smooth + noise, smooth, hidden, length=8)
    right = fit_residuals(smooth + 1e-3 * noise, smooth, hidden, length=8)
    assert (lost.near_share > 0.8).all()
    zigzag = smooth + 10 * smooth.std() * (-1.0) ** np.arange(400)  # a line between neighbours is far off
    assert (fit_residuals(zigzag + noise * 1e-3, zigzag, hidden, length=8).near_share < 0.2).all()
    assert (right.scale < lost.scale).all()


@pytest.mark.parametrize("share_missing", [0.1, 0.5, 0.7])
def test_tokens_that_know_nothing_cost_next_to_nothing(share_missing):
    rng = np.random.RandomState(0)
    series = np.cumsum(rng.normal(size=(30, 3, 200)), axis=-1)
    decoded = series + rng.normal(scale=3, size=series.shape)
    gaps = np.where(rng.uniform(size=series.shape) < share_missing, np.nan, series)
    model = fit_residuals(decoded, gaps, hide(gaps, rng), length=4)
    filled = fill_gaps(decoded[np.newaxis], gaps, model, length=4)[0]
    ours, line = (np.square(guess - series)[np.isnan(gaps)].mean() for guess in (filled, interpolate(gaps)))
    assert ours < 1.1 * line


def test_values_that_lie_near_say_nothing_of_a_long_gap():
    rng = np.random.RandomState(0)
    series = np.cumsum(rng.normal(size=(30, 3, 200)), axis=-1)
    decoded = series + rng.normal(scale=3, size=series.shape)
    hidden = np.zeros(series.shape, dtype=bool)
    hidden[..., 5:55:5] = True
    series[..., 60:140] = np.nan
    model = fit_residuals(decoded, series, hidden, length=8)
    assert (model.near_share > 0.7).all()
    assert (model.far_share == 0).all()


def test_nothing_known_but_one_value():
    series = np.full((1, 2, 6), np.nan)
    series[0, 0, 2], series[0, 1, 0] = 1.0, -1.0
    hidden = hide(series, np.random.RandomState(0))
    assert not hidden.any()
    model = fit_residuals(np.zeros_like(series), series, hidden, length=2)
    assert_allclose(model.correlation, np.exp(-1 / 2))
    assert_allclose(model.near_share, 0.5)
    filled = fill_gaps(np.zeros((1, 1, 2, 6)), series, model, length=2)
    assert np.isfinite(filled).all()


def test_hidden_values_are_a_tenth_of_the_known():
    rng = np.random.RandomState(0)
    series = np.where(rng.uniform(size=(50, 2, 500)) < 0.3, np.nan, 1.0)
    hidden = hide(series, rng)
    assert not hidden[np.isnan(series)].any()
    assert hidden.sum() / (~np.isnan(series)).sum() == pytest.approx(0.1, abs=0.005)
    first = (~np.isnan(series)).argmax(axis=-1)
    assert not np.take_along_axis(hidden, first[..., np.newaxis], axis=-1).any()


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_any_scale(gaps, scale):
    rng = np.random.RandomState(0)
    hidden = hide(gaps, rng)
    decoded = np.zeros_like(gaps)
    model, scaled = (fit_residuals(decoded, gaps * factor, hidden, length=4) for factor in (1, scale))
    assert_allclose(scaled.correlation, model.correlation)
    assert_allclose(scaled.scale, scale * model.scale)
    assert_allclose(scaled.near_share, model.near_share)


def test_exact_tokens_leave_nothing(gaps):
    full = np.nan_to_num(gaps)
    model = fit_residuals(full, gaps, hide(gaps, np.random.RandomState(0)), length=4)
    assert_array_equal(model.scale, 0)
    model = model._replace(near_share=np.zeros((2, 2, 1)))  # a series without a hidden value takes one half of the line
    draws = fill_gaps(np.stack([full] * 3), gaps, model, length=4, rng=np.random.RandomState(0))
    assert_allclose(draws, np.stack([full] * 3))
