"""Random moves in time, by which tokenizers are trained."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sktsvq.datasets import make_waves
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


@pytest.mark.parametrize("tokenizer", [VQVAETokenizer, NCVQVAETokenizer, TimeVQVAETokenizer])
def test_only_training_is_moved(tokenizer):
    X, _ = make_waves(n_cases=40, n_timepoints=32, random_state=0)
    settings = {"max_epochs": 4, "early_stopping": True, "validation_fraction": 0.2, "random_state": 0}
    rows = {row.tobytes() for row in tokenizer(**settings).fit(X)._scaled(X)}

    def share_of_rows(batches):
        return np.mean([row.numpy().tobytes() in rows for row in batches])

    trained, validated = seen_by(tokenizer(max_shift=3, **settings), X)
    assert share_of_rows(validated) == 1
    assert 0 < share_of_rows(trained) < 0.4  # one move in seven is none
    trained, validated = seen_by(tokenizer(max_shift=0, **settings), X)
    assert share_of_rows(trained) == share_of_rows(validated) == 1


def test_auto_is_the_length_of_a_token():
    X, _ = make_waves(n_cases=20, n_timepoints=40, random_state=0)
    for rate in (2, 5):
        settings = {"downsampling_rate": rate, "max_epochs": 2, "random_state": 0}
        auto, given = (VQVAETokenizer(max_shift=most, **settings).fit(X) for most in ("auto", rate))
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
