"""What every prior must do, whatever its method."""

import copy
import pickle
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sktsvq.base import Vocabulary
from sktsvq.priors import MarkovPrior, MaskGITPrior


@pytest.fixture(scope="module")
def tokens():
    """Sequences (40, 9) of 6 codes in two classes: the first counts up, the second down."""
    rng = np.random.RandomState(0)
    y = np.repeat(["up", "down"], 20)
    start = rng.randint(6, size=(40, 1))
    return (start + np.arange(9) * np.where(y == "up", 1, -1)[:, np.newaxis]) % 6, y


def test_samples_have_shape_and_range(prior, tokens):
    X, y = tokens
    fitted = clone(prior).fit(X, y)
    drawn = fitted.sample(7, random_state=0)
    assert drawn.shape == (7, 9)
    assert drawn.dtype == np.int64
    assert drawn.min() >= 0
    assert drawn.max() < fitted.codebook_size_ == 6
    assert fitted.sample().shape == (1, 9)
    assert fitted.sample(2, y="up").shape == (2, 9)
    assert clone(prior).fit(X).sample(2).shape == (2, 9)


@pytest.mark.parametrize("shape", [(2, 1), (3, 2), (5, 50)])
def test_any_length(prior, shape):
    X = np.random.RandomState(0).randint(3, size=shape)
    assert clone(prior).fit(X).sample(4).shape == (4, shape[1])


def test_same_seed_same_samples_bit_for_bit(prior, tokens, unmoved_random_state):
    X, y = tokens
    first, again = (clone(prior).fit(X, y) for _ in range(2))
    assert_array_equal(first.sample(20, random_state=0), again.sample(20, random_state=0))
    assert_array_equal(first.score_samples(X), again.score_samples(X))
    assert not np.array_equal(first.sample(20, random_state=0), first.sample(20, random_state=1))
    assert not np.array_equal(first.sample(20), first.sample(20))


def test_copies_sample_the_same(prior, tokens):
    X, y = tokens
    fitted = clone(prior).fit(X, y)
    for copied in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert_array_equal(copied.sample(5, random_state=0), fitted.sample(5, random_state=0))


def test_complete_keeps_what_is_known(prior, tokens):
    X, y = tokens
    fitted = clone(prior).fit(X, y)
    gaps = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.4, -1, X)
    for labels in (None, y):
        filled = fitted.complete(gaps, y=labels, random_state=0)
        assert_array_equal(filled[gaps >= 0], X[gaps >= 0])
        assert filled.min() >= 0
        assert filled.max() < 6
        assert_array_equal(filled, fitted.complete(gaps, y=labels, random_state=0))
    assert_array_equal(fitted.complete(X), X)


@pytest.mark.parametrize("labelled", [False, True])
def test_probabilities_sum_to_one(prior, labelled):
    X = np.random.RandomState(0).randint(3, size=(30, 4))
    y = X[:, 0] if labelled else None
    fitted = clone(prior).set_params(codebook_size=3).fit(X, y)
    every = np.array(list(product(range(3), repeat=4)))
    assert_allclose(np.exp(fitted.score_samples(every)).sum(), 1.0, atol=1e-5)
    if labelled:
        assert_allclose(np.exp(fitted.score_samples(every, np.full(len(every), 1))).sum(), 1.0, atol=1e-5)


def test_every_token_has_its_share_of_the_likelihood(prior, tokens):
    X, y = tokens
    fitted = clone(prior).fit(X, y)
    for labels in (None, y):
        scores = fitted.score_tokens(X, labels)
        assert scores.shape == X.shape
        assert scores.max() < 0
        assert_allclose(scores.sum(axis=1), fitted.score_samples(X, labels))


def test_streams_keep_their_codes(prior):
    rng = np.random.RandomState(0)
    X = np.hstack([rng.randint(2, size=(30, 2)), rng.randint(2, 5, size=(30, 2))])
    fitted = clone(prior).fit(X)
    assert fitted.token_slices_ == (slice(0, 2), slice(2, 4))
    drawn = np.vstack([fitted.sample(50, random_state=0), fitted.complete(np.full((9, 4), [0, -1, 3, -1]))])
    assert drawn[:, :2].max() < 2 <= drawn[:, 2:].min()
    every = np.array(list(product(range(2), range(2), range(2, 5), range(2, 5))))
    assert_allclose(np.exp(fitted.score_samples(every)).sum(), 1.0, atol=1e-5)
    assert fitted.score_samples([[0, 3, 3, 3]]) == -np.inf


def test_codes_of_streams_are_taken_at_their_word(prior):
    """Code 2 is never seen; only the slices of the codebook tell whose it is."""
    X = np.hstack([np.random.RandomState(0).randint(2, size=(30, 2)), np.full((30, 2), 3)])
    slices = [slice(0, 2), slice(2, 4)]
    fitted = clone(prior).fit(X, vocabulary=Vocabulary(4, 4, token_slices=slices, codebook_slices=slices))
    assert_array_equal(fitted.score_samples([[0, 1, 2, 3], [2, 1, 3, 3]]) > -np.inf, [True, False])
    learnt = clone(prior).fit(X)  # nobody can tell whose it is
    assert_array_equal(learnt.score_samples([[0, 1, 2, 3], [2, 1, 3, 3]]) > -np.inf, [False, False])
    assert learnt.codebook_slices_ == (slice(0, 2), slice(3, 4))
    wrong = Vocabulary(4, 4, token_slices=slices, codebook_slices=[slice(0, 1), slice(1, 4)])
    with pytest.raises(ValueError, match=r"columns 0 to 1 must lie in the range \[0, 1\), the codes of that stream"):
        clone(prior).fit(X, vocabulary=wrong)


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"codebook_slices": [slice(0, 3), slice(3, 5)]}, r"codebook_slices must lie in rising order within 0 to 4"),
        ({"codebook_slices": [slice(0, 4)]}, "one slice for each of the 2 streams of token_slices. Got 1"),
        ({"codebook": np.full((4, 2), np.nan)}, "codebook must hold finite numbers. Got NaN"),
        ({"codebook": np.zeros((5, 2))}, r"codebook must be a 2-D array of 4 rows. Got shape \(5, 2\)"),
        ({"stream_groups": [1]}, r"stream_groups must add up to 2 streams. Got \[1\]"),
    ],
)
def test_parts_of_a_vocabulary_agree(parts, message):
    slices = [slice(0, 2), slice(2, 4)]
    with pytest.raises(ValueError, match=message):
        Vocabulary(4, 4, **{"token_slices": slices, "codebook_slices": slices, **parts})


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((2.7, 4), TypeError, "codebook_size must be an int. Got 2.7"),
        ((4, "4"), TypeError, "n_tokens must be an int. Got '4'"),
        ((4, 0), ValueError, "n_tokens must be at least 1. Got 0"),
    ],
)
def test_sizes_of_a_vocabulary_are_whole_numbers(sizes, error, message):
    with pytest.raises(error, match=message):
        Vocabulary(*sizes)


def test_codebook_size_comes_from_the_vocabulary(prior, tokens):
    X, _ = tokens
    codes = Vocabulary(10, X.shape[1], codebook=np.zeros((10, 2)))
    assert clone(prior).fit(X, vocabulary=codes).codebook_size_ == 10
    with pytest.raises(
        ValueError, match="'codebook_size' parameter of .* 'auto' or that of the vocabulary, 10. Got 11"
    ):
        clone(prior).set_params(codebook_size=11).fit(X, vocabulary=codes)
    with pytest.raises(TypeError, match="must be a Vocabulary or None"):
        clone(prior).fit(X, vocabulary=np.zeros((10, 2)))
    assert clone(prior).set_params(codebook_size=11).fit(X).codebook_size_ == 11
    with pytest.raises(ValueError, match=r"must lie in the range \[0, 5\). Got 5"):
        clone(prior).fit(X, vocabulary=Vocabulary(5, X.shape[1]))
    for n_tokens in (X.shape[1] - 1, X.shape[1] + 1):
        with pytest.raises(ValueError, match=f"sequences of {X.shape[1]} tokens, as X holds. Got one of {n_tokens}"):
            clone(prior).fit(X, vocabulary=Vocabulary(10, n_tokens))


def test_a_warm_start_keeps_the_vocabulary(tokens):
    X, _ = tokens
    prior = MaskGITPrior(width=12, n_layers=1, max_epochs=1, warm_start=True).fit(X, vocabulary=Vocabulary(8, 9))
    assert len(prior.fit(X, vocabulary=Vocabulary(8, 9)).history_) == 2
    with pytest.raises(ValueError, match=r"sizes and streams of the last fit with warm_start=True, \(8, 9, None\)"):
        prior.fit(X, vocabulary=Vocabulary(9, 9))
    with pytest.raises(TypeError, match="must be a Vocabulary or None"):
        prior.fit(X, vocabulary="codes")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, "1"], "all strings, all booleans or all numbers. Got 1 and '1'"),
        (np.array(["2020", "2021"], dtype="M8[D]"), "a label is a string, a boolean or a number. Got"),
        (np.array(["2020", "NaT"], dtype="M8[D]"), "a label is a string, a boolean or a number. Got"),
    ],
)
@pytest.mark.parametrize("name", ["y", "series_ids"])
def test_labels_are_of_one_kind(name, labels, message):
    with pytest.raises(TypeError, match=f"{name} must hold one label for each of the 2 cases.*{message}"):
        MarkovPrior().fit([[0, 1], [1, 0]], **{name: labels})


def test_labels_of_any_type(prior, tokens):
    X, y = tokens
    for labels in (y, (y == "up").astype(int), (y == "up"), y.astype(object), list(y), (y == "up").astype(object)):
        fitted = clone(prior).fit(X, labels)
        assert_array_equal(fitted.classes_, np.unique(labels))
        assert_allclose(fitted.class_prior_, [0.5, 0.5])
        assert fitted.sample(2, y=[labels[0], labels[-1]]).shape == (2, 9)


def test_bad_input(prior, tokens):
    X, y = tokens
    fitted = clone(prior).fit(X, y)
    with pytest.raises(ValueError, match="'n_samples' parameter of .* Got 0"):
        fitted.sample(0)
    with pytest.raises(ValueError, match="labels that .* saw in fit: .'down', 'up'.. Got 'left'"):
        fitted.sample(2, y=["up", "left"])
    with pytest.raises(ValueError, match="one label for each of the 3 cases"):
        fitted.sample(3, y=["up", "down"])
    with pytest.raises(ValueError, match="fitted without labels"):
        clone(prior).fit(X).sample(1, y="up")
    with pytest.raises(ValueError, match="must hold one label for each of the"):
        clone(prior).fit(X, y[:-1])
    with pytest.raises(ValueError, match="must be integers. Got [0-9].5"):
        clone(prior).fit(X + 0.5)
    with pytest.raises(ValueError, match=r"must lie in the range \[0, 6\). Got -1"):
        fitted.score_samples(X - 1)
    with pytest.raises(ValueError, match=r"must lie in the range \[-1, 6\). Got 6"):
        fitted.complete(X + 1)
    with pytest.raises(ValueError, match="is expecting 9 features"):
        fitted.score_samples(X[:, :5])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(prior).sample()


@pytest.mark.parametrize("name", ["n_heads", "group_size"])
def test_width_must_fit_its_parts(tokens, name):
    with pytest.raises(ValueError, match=f"'width' .* multiple of '{name}'. Got width=10 and {name}=4"):
        MaskGITPrior(width=10, **{"n_heads": 2, name: 4}).fit(tokens[0])


@pytest.mark.parametrize("n_tokens, size", [(1, 1), (12, 1), (13, 2), (35, 3), (36, 3), (75, 4)])
def test_maskgit_groups_tokens_by_their_number(n_tokens, size):
    X = np.random.RandomState(0).randint(3, size=(4, n_tokens))
    assert MaskGITPrior(n_layers=1, max_epochs=1).fit(X).net_.module_.group_size == size


@pytest.fixture(scope="module")
def trained(tokens):
    return MaskGITPrior(width=32, n_layers=2, n_heads=4, dropout=0.0, max_epochs=600, random_state=0).fit(*tokens)


def test_maskgit_learns_the_rule_of_each_class(trained):
    for label, step in (("up", 1), ("down", 5)):
        drawn = trained.sample(200, y=label, random_state=0)
        assert ((np.diff(drawn, axis=1) % 6) == step).mean() > 0.9


def test_maskgit_ranks_real_above_shuffled(trained, tokens):
    X, y = tokens
    shuffled = np.random.default_rng(0).permuted(X, axis=1)
    assert (trained.score_samples(X, y) > trained.score_samples(shuffled, y)).mean() > 0.95
    other = np.where(y == "up", "down", "up")
    assert trained.score_samples(X, y).mean() > trained.score_samples(X, other).mean() + 5


def test_maskgit_samples_follow_its_likelihood():
    """With one step per token and no preference for sure tokens the sampler draws from a chain of conditionals."""
    X = np.random.RandomState(0).choice([0, 1, 2], p=[0.6, 0.3, 0.1], size=(400, 1))
    prior = MaskGITPrior(width=16, n_layers=1, n_heads=2, max_epochs=60, random_state=0).fit(X)
    drawn = prior.sample(4000, random_state=0)
    expected = np.exp(prior.score_samples([[0], [1], [2]]))
    assert chisquare(np.bincount(drawn[:, 0], minlength=3), expected * 4000 / expected.sum()).pvalue > 0.001


def test_guidance_and_temperature_change_the_samples(trained):
    plain = trained.sample(100, y="up", random_state=0)
    for params in ({"guidance_scale": 3.0}, {"temperature": 0.2}, {"choice_temperature": 0.0}, {"n_steps": 2}):
        changed = copy.deepcopy(trained).set_params(**params)
        assert not np.array_equal(changed.sample(100, y="up", random_state=0), plain)
