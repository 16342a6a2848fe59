"""VQGenerator fills gaps, continues series and says which time points surprise it."""

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktsvq._gaps import interpolate
from sktsvq.datasets import load_ucr, make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


@pytest.fixture(scope="module")
def fitted(waves):
    """A generator of two-channel series that has hardly learnt anything: for shapes and rules."""
    return VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[0]), random_state=0).fit(*waves)


@pytest.fixture(scope="module")
def gaps(waves):
    """The series of `waves` with stretches of NaN: in one channel, in both, at the start, at the end, nowhere."""
    X = waves[0].copy()
    X[:, 0, 5:9] = np.nan
    X[::2, 1, 7:12] = np.nan
    X[1, :, :4] = np.nan
    X[2, 1, 15:] = np.nan
    X[3] = waves[0][3]
    return X


def test_impute_keeps_what_is_known(fitted, gaps, waves, unmoved_random_state):
    missing = np.isnan(gaps)
    for y in (None, waves[1]):
        filled = fitted.impute(gaps, y=y, random_state=0)
        assert filled.dtype == gaps.dtype
        assert np.isfinite(filled).all()
        assert_array_equal(filled[~missing], gaps[~missing])
        assert_array_equal(filled, fitted.impute(gaps, y=y, random_state=0))
    assert_array_equal(np.isnan(gaps), missing)
    assert_array_equal(fitted.impute(waves[0]), waves[0])


def test_draws_differ_only_in_the_gaps(fitted, gaps):
    draws = fitted.impute(gaps, n_draws=3, random_state=0)
    missing = np.isnan(gaps)
    assert draws.shape == (3, *gaps.shape)
    assert (draws == gaps)[:, ~missing].all()
    assert (draws[0] != draws[1])[missing].mean() > 0.5
    assert fitted.impute(gaps, n_draws=1).shape == (1, *gaps.shape)


def test_the_estimate_is_the_median_of_draws(fitted, gaps):
    estimate, draws = fitted.impute(gaps, random_state=0), fitted.impute(gaps, n_draws=200, random_state=1)
    low, median, high = np.quantile(draws, [0.1, 0.5, 0.9], axis=0)
    missing = np.isnan(gaps)
    assert ((low <= estimate) & (estimate <= high))[missing].mean() > 0.95
    assert np.abs(estimate - median)[missing].mean() < 0.15 * (high - low)[missing].mean()


def test_complete_sequences_stay_as_they_are(fitted, waves, gaps):
    tokens = fitted.tokenizer_.transform(waves[0][:6])
    some = tokens.copy()
    some[2, 1] = -1
    completed = fitted.prior_.complete(some, random_state=0)
    assert_array_equal(fitted.prior_.complete(tokens, random_state=0), tokens)
    assert_array_equal(np.delete(completed, 2, axis=0), np.delete(tokens, 2, axis=0))
    # A row is completed as if it were alone, and what was given is not changed.
    assert_array_equal(completed[2:3], fitted.prior_.complete(some[2:3], random_state=0))
    assert some[2, 1] == -1


@pytest.mark.parametrize(
    "convert",
    [*(lambda X, dtype=dtype: X.astype(dtype) for dtype in ("f2", "f4", ">f4", "g")), list, lambda X: X[:, 0]],
    ids=["float16", "float32", "big-endian", "longdouble", "list", "2-D"],
)
def test_layouts(waves, gaps, convert):
    X, given = convert(waves[0]), convert(gaps)
    generator = VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[0]), random_state=0).fit(X)
    filled = generator.impute(given, random_state=0)
    known = ~np.isnan(np.asarray(given))
    assert filled.shape == np.shape(given)
    assert filled.dtype == np.asarray(given).dtype
    assert_array_equal(filled[known], np.asarray(given)[known])
    start = np.asarray(X)[..., :10]
    assert generator.forecast(start, 7).shape == (*start.shape[:-1], 7)
    assert generator.forecast(start, 7, n_draws=2).shape == (2, *start.shape[:-1], 7)
    assert generator.forecast(start, 7).dtype == start.dtype


def test_forecast_is_what_impute_fills_in(fitted, waves):
    X = waves[0].copy()
    X[:, :, 13:] = np.nan
    filled = fitted.impute(X, random_state=0)
    assert_array_equal(fitted.forecast(X[:, :, :13], 8, random_state=0), filled[:, :, 13:])
    assert_array_equal(fitted.forecast(X[:, :, :13], 5, random_state=0), filled[:, :, 13:18])


def test_surprise_of_time_points_sums_to_that_of_the_series(fitted, waves):
    X, y = waves
    for labels in (None, y):
        surprise = fitted.score_timepoints(X, labels)
        assert surprise.shape == (30, 21)
        assert surprise.min() > 0
        assert_allclose(surprise.sum(axis=1), -fitted.score_samples(X, labels))


def test_bad_series(fitted, gaps, waves):
    X, y = waves
    empty = gaps.copy()
    empty[4, 1] = np.nan
    with pytest.raises(ValueError, match="X of VQGenerator .* Got channel 1 of series 4 with NaN alone"):
        fitted.impute(empty)
    with pytest.raises(ValueError, match="X contains infinity"):
        fitted.impute(np.where(np.isnan(gaps), np.inf, gaps))
    with pytest.raises(ValueError, match="X has 20 timepoints, but VQGenerator is expecting 21"):
        fitted.impute(gaps[:, :, :20])
    with pytest.raises(ValueError, match="X has 1 channels, but VQGenerator is expecting 2"):
        fitted.forecast(X[:, :1, :10], 5)
    with pytest.raises(ValueError, match="labels that .* saw in fit: .'a', 'b', 'c'.. Got 'd'"):
        fitted.impute(gaps, y=["d"] * 30)
    with pytest.raises(ValueError, match="one label for each of the 30 cases"):
        fitted.impute(gaps, y=y[:-1])


@pytest.mark.parametrize("n_known, n_timepoints", [(10, 12), (21, 1), (25, 1)])
def test_no_forecast_beyond_what_can_be_decoded(fitted, waves, n_known, n_timepoints):
    X = np.resize(waves[0], (4, 2, n_known))
    with pytest.raises(ValueError, match=rf"at most 21 timepoints together.* Got {n_known} \+ {n_timepoints}"):
        fitted.forecast(X, n_timepoints)


def test_bad_arguments(fitted, gaps, waves):
    start = waves[0][:, :, :10]
    with pytest.raises(ValueError, match="at least 1 channel and 1 time point"):
        fitted.forecast(start[:, :, :0], 5)
    with pytest.raises(ValueError, match="'n_timepoints' parameter of VQGenerator.forecast .* Got 0"):
        fitted.forecast(start, 0)
    with pytest.raises(ValueError, match="'n_draws' parameter of VQGenerator.impute .* Got 0"):
        fitted.impute(gaps, n_draws=0)
    with pytest.raises(ValueError, match="'n_draws' parameter of VQGenerator.forecast .* Got 1.5"):
        fitted.forecast(start, 5, n_draws=1.5)


@pytest.fixture(scope="module")
def trained():
    """A generator that knows noisy waves, and held-out ones."""
    X, y = make_waves(n_cases=300, n_timepoints=48, random_state=0)
    tokenizer = VQVAETokenizer(32, downsampling_rate=4, width=32, n_blocks=1, max_epochs=80)
    prior = MaskGITPrior(width=64, n_layers=2, n_heads=4, max_epochs=80)
    return VQGenerator(tokenizer, prior, random_state=0).fit(X[:200], y[:200]), X[200:], y[200:]


def test_impute_beats_a_straight_line(trained):
    generator, X, y = trained
    gap = X.copy()
    gap[:, :, 16:32] = np.nan
    for labels in (None, y):
        filled = generator.impute(gap, y=labels, random_state=0)
        assert np.abs(filled - X).mean() < 0.8 * np.abs(interpolate(gap) - X).mean()
    draws = generator.impute(gap, n_draws=20, random_state=0)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    inside = ((low <= X) & (high >= X))[..., 16:32]
    assert 0.4 < inside.mean() < 1


def test_forecast_beats_the_last_value(trained):
    generator, X, _ = trained
    ahead = generator.forecast(X[:, :, :32], 16, random_state=0)
    assert np.abs(ahead - X[:, :, 32:]).mean() < 0.8 * np.abs(X[:, :, 31:32] - X[:, :, 32:]).mean()


def test_surprise_shows_where_a_series_is_odd(trained):
    generator, X, _ = trained
    odd = X.copy()
    odd[:, :, 20:28] = odd[:, :, 20:28][:, :, ::-1] * -1
    assert (generator.score_samples(odd) < generator.score_samples(X)).mean() > 0.7
    more = (generator.score_timepoints(odd) - generator.score_timepoints(X)).mean(axis=0)
    assert 16 <= more.argmax() < 32


@pytest.mark.slow
def test_impute_beats_straight_lines_on_six_channels():
    """BasicMotions with 20 % missing, in fit and in impute; settings were chosen by 2-fold splits of the train set."""
    X, X_test = (load_ucr("BasicMotions", split)[0] for split in ("train", "test"))
    rng = np.random.RandomState(0)
    gaps, test_gaps = (np.where(rng.uniform(size=part.shape) < 0.2, np.nan, part) for part in (X, X_test))
    generator = VQGenerator(VQVAETokenizer(n_quantizers=4, max_epochs=300), MarkovPrior(), random_state=0).fit(gaps)
    missing = np.isnan(test_gaps)
    scale = X.std(axis=(0, 2))[:, np.newaxis]
    imputed, line = (
        np.square((filled - X_test) / scale)[missing].mean()
        for filled in (generator.impute(test_gaps, random_state=0), interpolate(test_gaps))
    )
    print(f"squared error in units of the train variance: {imputed:.3f}, straight lines {line:.3f}")
    assert imputed < line
