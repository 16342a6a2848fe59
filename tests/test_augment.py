"""What every augmentation must have, then what each one means."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sktsvq.nn.augment import (
    AUGMENTATIONS,
    amplitude,
    augment,
    crop,
    flip,
    frequency_mask,
    gaussian_noise,
    magnitude_warp,
    shift,
    slice_and_shuffle,
    window_warp,
)
from sktsvq.tokenizers import NCVQVAETokenizer

every = pytest.mark.parametrize("name", AUGMENTATIONS)


def series(b=6, c=2, t=50, dtype=torch.float32):
    """Smooth random walks."""
    torch.manual_seed(0)
    return torch.randn(b, c, t).cumsum(-1).to(dtype)


def seeded(function, x, seed=1):
    torch.manual_seed(seed)
    return function(x)


@every
@pytest.mark.parametrize("b, c, t", [(6, 2, 50), (3, 1, 51), (2, 3, 1), (2, 1, 2), (4, 2, 3), (1, 1, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_shape_dtype_and_input_kept(name, b, c, t, dtype):
    x = series(b, c, t, dtype)
    before = x.clone()
    out = seeded(AUGMENTATIONS[name], x)
    assert out.shape == x.shape and out.dtype == x.dtype
    assert out.isfinite().all()
    assert torch.equal(x, before)


@every
def test_draws_repeat_with_the_seed_and_differ_between_series(name):
    function = AUGMENTATIONS[name]
    x = series(1).expand(40, -1, -1)
    out = seeded(function, x)
    assert torch.equal(out, seeded(function, x))
    assert not torch.equal(out, seeded(function, x, seed=2))
    assert len(out.flatten(1).unique(dim=0)) > 1
    if name != "flip":
        assert len(out.flatten(1).unique(dim=0)) > 5


@every
def test_channels_share_the_draw(name):
    out = seeded(AUGMENTATIONS[name], series(5, 1).repeat(1, 2, 1))
    assert torch.equal(out[:, 0], out[:, 1]) != (name == "gaussian_noise")


@pytest.mark.parametrize(
    "function",
    [
        partial(window_warp, low=1, high=1),
        partial(window_warp, window=0),
        partial(window_warp, window=1),
        partial(crop, low=1),
        partial(amplitude, scale=0),
        partial(gaussian_noise, scale=0),
        partial(magnitude_warp, scale=0),
        partial(shift, high=0),
        partial(slice_and_shuffle, n_pieces=1),
        partial(frequency_mask, share=0),
    ],
    ids=lambda function: f"{function.func.__name__}-{function.keywords}",
)
@pytest.mark.parametrize("t", [1, 2, 50, 51, 3000])
def test_identity_limits(function, t):
    x = torch.sin(torch.linspace(0, 20, t)).expand(5, 2, -1)
    assert_allclose(seeded(function, x), x, atol=1e-5)


def test_window_warp_against_its_piecewise_map():
    """The ramp of the times shows the map itself: steps 1 outside, 1 / factor inside, of the stretched series."""
    t, window, factor = 101, 0.4, 1.6
    ramp = torch.arange(t, dtype=torch.float64).expand(200, 1, -1)
    out = seeded(partial(window_warp, window=window, low=factor, high=factor), ramp)[:, 0].numpy()
    assert_allclose(out[:, 0], 0, atol=1e-4)
    assert_allclose(out[:, -1], t - 1, atol=1e-4)
    longer = 1 + (factor - 1) * window
    for row in out:
        # Where the window starts follows from how late the middle of the steps is: recover it, then rebuild the map.
        time = np.arange(t) * longer
        slow = np.flatnonzero(np.diff(row) < longer / factor + 1e-3)
        start = row[slow[0]] - (row[slow[0]] - time[slow[0]]) / (1 / factor - 1) * (1 / factor)
        knots = [0, start, start + factor * window * (t - 1), longer * (t - 1)]
        expected = np.interp(time, knots, [0, start, start + window * (t - 1), t - 1])
        assert_allclose(row, expected, atol=1e-3)


def test_crop_is_a_straight_map_onto_a_stretch():
    ramp = torch.linspace(0, 1, 101, dtype=torch.float64).expand(300, 1, -1)
    out = seeded(partial(crop, low=0.6), ramp)[:, 0]
    steps = out.diff(dim=1)
    assert_allclose(steps, steps[:, :1].expand_as(steps), atol=1e-6)
    share = out[:, -1] - out[:, 0]
    assert share.min() >= 0.6 - 1e-6 and share.max() <= 1 + 1e-6
    assert share.min() < 0.65 and share.max() > 0.95
    assert out.min() >= 0 and out.max() <= 1


def test_amplitude_and_flip_multiply_whole_series():
    x = series(2000, 2, 5) + 100
    factors = seeded(amplitude, x) / x
    assert_allclose(factors, factors[:, :1, :1].expand_as(factors), rtol=1e-5)
    assert_allclose([factors.mean(), factors[:, 0, 0].std()], [1, 0.2], atol=0.02)
    signs = seeded(flip, x) / x
    assert_array_equal(signs, signs[:, :1, :1].expand_as(signs))
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.1


def test_gaussian_noise_has_its_scale():
    noise = seeded(gaussian_noise, torch.zeros(100, 2, 50))
    assert_allclose([noise.mean(), noise.std()], [0, 0.05], atol=2e-3)


@pytest.mark.parametrize("t, n_pieces", [(50, 4), (50, 2), (5, 5), (3, 8), (2, 4)])
def test_slice_and_shuffle_permutes_pieces_of_all_channels_together(t, n_pieces):
    x = torch.arange(t).repeat(200, 2, 1)
    x[:, 1] += 1000
    out = seeded(partial(slice_and_shuffle, n_pieces=n_pieces), x)
    assert torch.equal(out.sort(-1).values, x)
    assert torch.equal(out[:, 1], out[:, 0] + 1000)
    breaks = (out[:, 0].diff(dim=1) != 1).sum(1)  # two pieces may stay neighbours
    assert breaks.max() == min(n_pieces, t) - 1


def test_shift_rotates_both_ways():
    x = torch.arange(50.0).repeat(300, 2, 1)
    out = seeded(shift, x)
    moves = set()
    for before, after in zip(x, out, strict=True):
        move = int(-after[0, 0]) % 50
        assert torch.equal(after, before.roll(move, -1))
        moves.add(move if move < 25 else move - 50)
    assert moves == set(range(-5, 6))


def test_magnitude_warp_is_smooth_through_its_knots():
    curve = seeded(magnitude_warp, torch.ones(3000, 1, 91))[:, 0]
    knots = curve[:, ::30]
    assert_allclose(knots.mean(0), np.ones(4), atol=0.02)
    assert_allclose(knots.std(0), np.full(4, 0.2), atol=0.02)
    assert_allclose(np.corrcoef(knots.T), np.eye(4), atol=0.06)
    assert_allclose(curve[:, 15::30], (knots[:, 1:] + knots[:, :-1]) / 2, atol=1e-5)
    assert_allclose(curve[:, 29] - knots[:, 1], 0, atol=0.01)  # flat at a knot


@pytest.mark.parametrize("t", [50, 51, 21])
def test_frequency_mask_removes_one_band_and_nothing_else(t):
    x = torch.randn(200, 2, t, dtype=torch.float64)
    before, after = torch.fft.rfft(x), torch.fft.rfft(seeded(partial(frequency_mask, share=0.2), x))
    removed = (after.abs() < 1e-9).all(1)  # (b, bins)
    n_bins = t // 2 + 1
    assert_array_equal(removed.sum(1), np.full(200, round(0.2 * n_bins)))
    ends = removed.int().diff(dim=1).abs().sum(1) + removed[:, 0] + removed[:, -1]
    assert_array_equal(ends, np.full(200, 2))
    assert_allclose(after, torch.where(removed.unsqueeze(1), 0, before), atol=1e-9)
    assert removed.any(0).all()


def test_augment_applies_names_and_callables_in_order():
    x = series()
    assert torch.equal(augment(x, []), x)
    assert torch.equal(augment(x, [lambda x: x + 1, lambda x: 2 * x]), 2 * (x + 1))
    torch.manual_seed(3)
    expected = amplitude(window_warp(x))
    assert torch.equal(seeded(lambda x: augment(x, ["window_warp", amplitude]), x, seed=3), expected)


@pytest.mark.parametrize(
    "wrong, shown", [(["flip", "wrap"], "'wrap'"), ("wrap", "'wrap'"), ([3], "3"), ([None], "None")]
)
def test_augment_names_what_it_does_not_know(wrong, shown):
    rule = r"The 'augmentations' parameter must hold names among \['amplitude', .*\] or functions. Got "
    with pytest.raises(ValueError, match=f"^{rule}{shown} instead.$"):
        augment(series(), wrong)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (np.array(2), r"must hold names among .* or functions. Got array\(2\)"),
        (torch.nn.ReLU, "must hold names among .* or functions. Got <class"),
        ([torch.nn.ReLU], "must hold names among .* or functions. Got <class"),
        (lambda x: x[:, :, 1:], r"from a tensor \(2, 1, 20\) to one like it. <lambda> gave \(2, 1, 19\)"),
        (lambda x: x * np.nan, "<lambda> gave values that are not finite"),
        (lambda x: None, "<lambda> gave NoneType"),
        (lambda x: x.double(), "<lambda> gave torch.float64 for torch.float32"),
        (lambda x: x.mul_(2), "<lambda> changed its input"),
        (lambda x: x @ x, "<lambda> raised RuntimeError"),
    ],
)
def test_bad_augmentations_are_told_before_any_training(wrong, message, unmoved_random_state):
    X = np.random.RandomState(0).normal(size=(6, 1, 20))
    tokenizer = NCVQVAETokenizer(8, width=8, max_epochs=10**6, augmentations=wrong)
    with pytest.raises(ValueError, match=f"The 'augmentations' parameter must hold .*{message}|{message}"):
        tokenizer.fit(X)


def test_a_bare_function_is_one_augmentation():
    X = np.random.RandomState(0).normal(size=(6, 1, 20))
    tokenizers = [NCVQVAETokenizer(8, width=8, max_epochs=1, augmentations=a, random_state=0) for a in (flip, [flip])]
    first, second = (tokenizer.fit(X).codebook_ for tokenizer in tokenizers)
    assert np.array_equal(first, second)
