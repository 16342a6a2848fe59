"""Random moves in time, by which tokenizers are trained, and with few series the priors of generators."""

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.nn.shifts import shift_inputs
from sktsvq.tokenizers import NCVQVAETokenizer, TimeVQVAETokenizer, VQVAETokenizer


def moved(row, move):
    """By the definition, point by point."""
    last = row.shape[-1] - 1
    return np.stack([row[..., min(max(t - move, 0), last)] for t in range(last + 1)], axis=-1)


class Batches(Callback):
    """Keeps what the network is trained on and validated with."""

    def on_train_begin(self, net, **kwargs):
        self.seen_ = {True: [], False: []}

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        self.seen_[training].append(batch[0]["x"].clone())


def seen_by(tokenizer, X):
    """The batches of the training and those of the validation, each (m, c, t)."""
    net = tokenizer.set_params(net_params={"callbacks": [("batches", Batches())]}).fit(X).net_
    return [torch.cat(seen) if seen else None for seen in dict(net.callbacks_)["batches"].seen_.values()]


def test_every_move_up_to_the_greatest_occurs():
    x = torch.randn(200, 2, 9)
    torch.manual_seed(0)
    after = shift_inputs({"x": x}, most=2)["x"]
    moves = [
        [k for k in range(-2, 3) if np.array_equal(moved(a.numpy(), k), b.numpy())]
        for a, b in zip(x, after, strict=True)
    ]
    assert all(len(found) == 1 for found in moves)
    assert {found[0] for found in moves} == {-2, -1, 0, 1, 2}


def test_what_is_known_moves_along():
    x = torch.randn(100, 1, 12)
    observed = x > -0.5
    marked = torch.where(observed, x, torch.nan)
    torch.manual_seed(1)
    after = shift_inputs({"x": x, "observed": observed}, most=4)
    torch.manual_seed(1)
    assert torch.equal(after["observed"], ~shift_inputs({"x": marked}, most=4)["x"].isnan())


def test_ends_move_along():
    lengths = torch.randint(1, 13, (300,))
    observed = (torch.arange(12) < lengths.view(-1, 1, 1)).clone()
    x = observed * torch.randn(300, 1, 12)
    after = shift_inputs({"x": x, "observed": observed, "lengths": lengths}, most=3)
    assert torch.equal(after["observed"].sum(2).squeeze(1), after["lengths"])
    assert (after["lengths"] - lengths).abs().max() == 3
    assert after["lengths"].min() == 1
    assert after["lengths"].max() == 12
    torch.manual_seed(2)
    full = shift_inputs({"x": x, "lengths": torch.full((300,), 12)}, most=3)
    assert torch.equal(full["observed"].sum(2).squeeze(1), full["lengths"])
    assert full["lengths"].min() == 9


@pytest.mark.parametrize("tokenizer", [VQVAETokenizer, NCVQVAETokenizer, TimeVQVAETokenizer])
def test_only_training_is_moved(tokenizer):
    X, _ = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    settings = {"max_epochs": 4, "early_stopping": True, "validation_fraction": 0.2, "random_state": 0}
    rows = {row.tobytes() for row in tokenizer(**settings).fit(X)._scaled(X)}

    def share_of_rows(batches):
        return np.mean([row.numpy().tobytes() in rows for row in batches])

    trained, validated = seen_by(tokenizer(max_shift=3, **settings), X)
    assert share_of_rows(validated) == 1
    assert 0.4 < share_of_rows(trained) < 0.75  # half of them, and one move in seven is none
    trained, validated = seen_by(tokenizer(max_shift=0, **settings), X)
    assert share_of_rows(trained) == share_of_rows(validated) == 1


def test_batches_of_another_iterator_are_moved_too():
    X, _ = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    iterator = {"iterator_train": torch.utils.data.DataLoader}
    plain, moving = (
        VQVAETokenizer(max_shift=most, max_epochs=2, random_state=0, net_params=iterator).fit(X) for most in (0, 3)
    )
    assert (plain.codebook_ != moving.codebook_).any()


def test_auto_is_less_than_the_length_of_a_token():
    X, _ = make_waves(n_cases=20, n_timepoints=40, random_state=0)
    for rate in (1, 2, 5):
        settings = {"downsampling_rate": rate, "max_epochs": 2, "random_state": 0}
        auto, given = (VQVAETokenizer(max_shift=most, **settings).fit(X) for most in ("auto", rate - 1))
        assert auto.max_shift_ == rate - 1
        np.testing.assert_array_equal(auto.codebook_, given.codebook_)


def test_series_that_begin_later_are_kept_better():
    """Steps at the ends of patches in training, in the middle of them afterwards."""
    X = np.random.RandomState(0).randint(-1, 2, size=(60, 1, 12)).repeat(8, axis=2).astype(float)
    later = moved(X, 4)
    settings = {"downsampling_rate": 8, "max_epochs": 150, "random_state": 0}
    errors = [
        np.mean((tokenizer.inverse_transform(tokenizer.fit(X).transform(later)) - later) ** 2)
        for tokenizer in (VQVAETokenizer(max_shift=0, **settings), VQVAETokenizer(**settings))
    ]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("wrong", [-1, 1.5, "none"])
def test_mistakes(wrong):
    with pytest.raises(ValueError, match="'max_shift' parameter of VQVAETokenizer must be"):
        VQVAETokenizer(max_shift=wrong).fit(np.zeros((4, 1, 16)))


class RecordingPrior(BaseEstimator):
    """Keeps what it is fitted on."""

    def __init__(self, early_stopping=False):
        self.early_stopping = early_stopping

    def fit(self, tokens, y=None, *, series_ids=None):
        self.tokens_, self.y_, self.series_ids_ = tokens, y, series_ids
        return self

    def sample(self, n_samples=1, *, y=None, random_state=None):
        return self.tokens_[:n_samples]


def test_shifted_tokens_are_those_of_moved_series():
    X, _ = make_waves(n_cases=30, n_timepoints=32, random_state=0)
    tokenizer = VQVAETokenizer(codebook_size=16, max_shift=2, max_epochs=5, random_state=0).fit(X)
    by_move = np.stack([tokenizer.transform(moved(X, move)) for move in range(-2, 3)], axis=1)
    tokens = tokenizer.tokenize_shifted(X, random_state=0)
    found = (by_move == tokens[:, np.newaxis]).all(axis=2)
    assert found.any(axis=1).all()
    assert found.any(axis=0).all()
    np.testing.assert_array_equal(tokens, tokenizer.tokenize_shifted(X, random_state=0))
    assert (tokens != tokenizer.tokenize_shifted(X, random_state=1)).any()


@pytest.mark.parametrize("tokenizer", [VQVAETokenizer, NCVQVAETokenizer, TimeVQVAETokenizer])
def test_shifted_tokens_of_series_that_end_and_have_gaps(tokenizer):
    X = [np.random.RandomState(i).normal(size=(2, 20 + i % 7)) for i in range(14)]
    X[3][0, 5:9] = np.nan
    tokenizer = tokenizer(codebook_size=8, max_epochs=2, max_shift=3, random_state=0).fit(X)
    tokens = tokenizer.tokenize_shifted(X, random_state=0)
    assert tokens.shape == tokenizer.transform(X).shape
    lengths = np.array([series.shape[1] for series in tokenizer.inverse_transform(tokens)])
    longest = [series for series in X if series.shape[1] == 26]
    assert len(tokenizer.tokenize_shifted(longest)) == len(longest)
    tokenizer.set_params(warm_start=True).fit(longest)
    assert (np.abs(lengths - [series.shape[1] for series in X]) <= 3 + np.diff(tokenizer.token_spans_).max()).all()


def test_shifted_tokens_of_a_memory_map(tmp_path):
    X, _ = make_waves(n_cases=30, n_timepoints=32, random_state=0)
    tokenizer = VQVAETokenizer(codebook_size=8, max_shift=2, max_epochs=2, random_state=0).fit(X)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    tokens = (tokenizer.tokenize_shifted(values, random_state=0) for values in (X, mapped))
    np.testing.assert_array_equal(*tokens)


def test_the_prior_of_a_generator_learns_copies():
    X, y = make_waves(n_cases=30, n_timepoints=32, random_state=0)
    tokenizer = VQVAETokenizer(codebook_size=16, max_shift=2, max_epochs=5)
    generator = VQGenerator(tokenizer, RecordingPrior(), n_shifted=2, random_state=0).fit(X, y)
    tokens, labels = generator.prior_.tokens_, generator.prior_.y_
    assert len(tokens) == 90
    np.testing.assert_array_equal(tokens[:30], generator.tokenizer_.transform(X))
    np.testing.assert_array_equal(labels, np.tile(y, 3))
    assert (tokens[30:60] != tokens[60:]).any()
    again = VQGenerator(tokenizer, RecordingPrior(), n_shifted=2, random_state=0).fit(X).prior_
    np.testing.assert_array_equal(tokens, again.tokens_)
    assert again.y_ is None


@pytest.mark.parametrize(("n_cases", "n_copies"), [(2, 3), (100, 3), (101, 1), (400, 1), (401, 0)])
def test_few_series_have_copies(n_cases, n_copies):
    X = np.random.RandomState(0).normal(size=(n_cases, 1, 48)).cumsum(axis=2)
    tokenizer = VQVAETokenizer(codebook_size=16, downsampling_rate=2, width=8, n_blocks=1, max_epochs=1)

    def n_seen(tokenizer, prior):
        return len(VQGenerator(tokenizer, prior, random_state=0).fit(X).prior_.tokens_)

    series_ids = VQGenerator(tokenizer, RecordingPrior(), random_state=0).fit(X).prior_.series_ids_
    assert (series_ids is None) == (n_cases <= 100 or n_copies == 0)
    if series_ids is not None:
        np.testing.assert_array_equal(series_ids, np.tile(np.arange(n_cases), 1 + n_copies))
    assert n_seen(tokenizer, RecordingPrior()) == (1 + n_copies) * n_cases
    if n_cases == 100:
        assert n_seen(tokenizer, RecordingPrior(early_stopping=True)) == n_cases
        assert n_seen(clone(tokenizer).set_params(max_shift=0), RecordingPrior()) == n_cases
        assert n_seen(clone(tokenizer).set_params(downsampling_rate=1), RecordingPrior()) == n_cases
        assert n_seen(FrozenEstimator(clone(tokenizer).fit(X)), RecordingPrior()) == (1 + n_copies) * n_cases


@pytest.mark.parametrize(("n_shapes", "n_copies"), [(1, 0), (30, 3)])
def test_series_that_are_alike_to_the_time_point_have_no_copies(n_shapes, n_copies):
    """One that is moved would be further away than any other."""
    rng = np.random.RandomState(0)
    walks = rng.normal(size=(n_shapes, 1, 32)).cumsum(axis=2)
    X = np.resize(walks, (30, 1, 32)) + rng.normal(0, 0.05, (30, 1, 32))
    tokenizer = VQVAETokenizer(16, downsampling_rate=2, max_shift=4, width=8, n_blocks=1, max_epochs=40)
    for n_shifted, expected in (("auto", n_copies), (3, 3)):
        generator = VQGenerator(tokenizer, RecordingPrior(), n_shifted=n_shifted, random_state=0).fit(X)
        assert len(generator.prior_.tokens_) == 30 * (1 + expected)


def test_copies_need_moves():
    X, _ = make_waves(n_cases=10, n_timepoints=16, random_state=0)
    with pytest.raises(ValueError, match=r"'n_shifted' parameter of VQGenerator must be 0 or 'auto' unless .* Got 2"):
        VQGenerator(VQVAETokenizer(max_shift=0), n_shifted=2).fit(X)


def test_copies_that_are_not_made_are_told():
    """Tokens of one time point leave nothing to move."""
    X, _ = make_waves(n_cases=10, n_timepoints=16, random_state=0)
    tokenizer = VQVAETokenizer(codebook_size=4, width=8, n_blocks=1, max_epochs=1)
    with pytest.warns(UserWarning, match="n_shifted=2 has no effect: a token of VQVAETokenizer stands for one time"):
        VQGenerator(tokenizer, RecordingPrior(), n_shifted=2).fit(X)
    assert (
        len(VQGenerator(tokenizer.set_params(max_shift=1), RecordingPrior(), n_shifted=2).fit(X).prior_.tokens_) == 30
    )
