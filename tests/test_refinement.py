"""The discriminator that chooses among candidates, and what it changes in samples."""

import numpy as np
import pytest
from conftest import TOKENIZERS, Density
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier

import sktsvq
from sktsvq._discriminator import Discriminator
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer


def _generator(**settings):
    return VQGenerator(clone(TOKENIZERS[0]), MarkovPrior(), random_state=0, **settings)


def _cut(X):
    """Series that end at times of their own."""
    return [x[:, : 21 - i % 3] for i, x in enumerate(X)]


def test_it_tells_classes_apart_and_real_from_drawn(unmoved_random_state):
    X, y = make_waves(n_cases=120, n_timepoints=40, n_classes=3, random_state=0)
    noise = np.random.RandomState(0).normal(size=X.shape)
    settings = {"n_classes": 4, "n_timepoints": 40, "seed": 0}
    discriminator = Discriminator.fit(X[:80], y[:80], noise[:60], **settings)
    own = discriminator.score(X[80:], y[80:])
    for others in (discriminator.score(X[80:], (y[80:] + 1) % 3), discriminator.score(noise[60:], y[60:])):
        assert np.mean(own) > 0.5 > np.mean(others) + 0.2
    assert np.abs(discriminator.score(X[80:], np.full(40, 3))).max() < 1e-6  # a class that it has not seen
    flat = Discriminator.fit(X[:80, 0], y[:80], noise[:60, 0], **settings)
    assert_array_equal(flat.score(X[80:, 0], y[80:]), own)


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_unit_does_not_matter(factor):
    X, y = make_waves(n_cases=60, n_timepoints=24, random_state=0)
    X = X.astype(np.float32)
    noise = np.random.RandomState(0).normal(size=X.shape).astype(np.float32)
    settings = {"n_classes": 2, "n_timepoints": 24, "seed": 0}
    scores = []
    for unit in np.float32([1, factor]):
        discriminator = Discriminator.fit(unit * X[:40], y[:40], unit * noise[:40], **settings)
        scores.append(discriminator.score(unit * np.concatenate([X[40:], noise[40:]]), np.tile(y[40:], 2)))
    assert scores[0][:20].min() > scores[0][20:].max() + 0.2
    assert_allclose(scores[1], scores[0], atol=0.05)


def test_the_best_candidate_is_taken(waves, unmoved_random_state):
    generator = _generator(n_candidates=3, add_noise=False).fit(*waves)
    tokens = generator.sample_tokens(20, y=["b"] * 20, random_state=5)
    _, seed = generator.prior_._draw_labels(20, ["b"] * 20, 5)
    rng = np.random.RandomState(seed)
    drawn = [generator.prior_.sample(20, y=["b"] * 20, random_state=rng) for _ in range(3)]
    series = [generator.tokenizer_.inverse_transform(one) for one in drawn]
    best = np.argmax([generator.discriminator_.score(one, np.ones(20, dtype=int)) for one in series], axis=0)
    assert len(np.unique(best)) == 3
    assert_array_equal(tokens, np.stack(drawn)[best, np.arange(20)])
    assert_array_equal(generator.sample(20, y="b", random_state=5), np.stack(series)[best, np.arange(20)])


def test_candidates_follow_classes_more_closely():
    X, y = make_waves(n_cases=200, n_timepoints=32, n_classes=4, random_state=0)
    judge = KNeighborsClassifier().fit(X[:, 0], y)
    accuracy = []
    for n_candidates in (1, 2, 6):
        tokenizer = VQVAETokenizer(16, width=16, max_epochs=40, random_state=0)
        generator = VQGenerator(tokenizer, MarkovPrior(), n_candidates=n_candidates, random_state=0).fit(X, y)
        asked = np.repeat(np.arange(4), 100)
        accuracy.append(judge.score(generator.sample(400, y=asked, random_state=0)[:, 0], asked))
    assert accuracy[0] + 0.02 < accuracy[1] < accuracy[2] - 0.02


@pytest.mark.parametrize("has_labels", [True, False])
@pytest.mark.parametrize("change", [np.asarray, lambda X: X[:, 0], _cut, lambda X: np.where(X > 1.5, np.nan, X)])
def test_any_series_and_files(waves, change, has_labels, tmp_path):
    X, y = change(waves[0]), waves[1] if has_labels else None
    generator = _generator(n_candidates=2).fit(X, y)
    drawn = generator.sample(6, random_state=0)
    generator.save(tmp_path / "generator.sktsvq")
    for other in (sktsvq.load(tmp_path / "generator.sktsvq"), _generator(n_candidates=2).fit(X, y)):
        for one, again in zip(drawn, other.sample(6, random_state=0), strict=True):
            assert_array_equal(one, again)


def test_few_series_have_one_candidate(waves):
    X, y = make_waves(n_cases=101, n_timepoints=21, random_state=0)
    assert _generator().fit(X, y).n_candidates_ == 2
    few = _generator().fit(X[:100], y[:100])
    assert (few.n_candidates_, few.discriminator_) == (1, None)
    assert_array_equal(few.sample_tokens(5, random_state=0), few.prior_.sample(5, random_state=0))


def test_mistakes_are_told(waves):
    with pytest.raises(
        ValueError, match="'n_candidates' parameter of VQGenerator must be 1 or 'auto' unless the prior"
    ):
        VQGenerator(clone(TOKENIZERS[0]), Density(), n_candidates=2).fit(*waves)
    with pytest.raises(ValueError, match="'n_candidates' parameter of VQGenerator must be a str among"):
        _generator(n_candidates=0).fit(*waves)
    for n_candidates in (1, 2):
        with pytest.raises(ValueError, match="'n_samples' parameter of VQGenerator.sample must be .* Got 0"):
            _generator(n_candidates=n_candidates).fit(*waves).sample(0)
    with pytest.raises(ValueError, match="labels that MarkovPrior saw in fit"):
        _generator(n_candidates=2).fit(*waves).sample(2, y=["a", "z"])


def test_ctrl_c_while_it_learns_keeps_both_parts(waves, monkeypatch):
    def interrupt(*args, **settings):
        raise KeyboardInterrupt

    generator = _generator(n_candidates=2)
    with monkeypatch.context() as patched:
        patched.setattr(Discriminator, "fit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            generator.fit(*waves)
    assert (generator.n_candidates_, generator.discriminator_) == (1, None)
    assert generator.sample(2, random_state=0).shape == (2, 2, 21)
