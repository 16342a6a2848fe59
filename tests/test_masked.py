"""The masked autoencoder: what is hidden, what the encoder sees, what the loss counts, and what is learnt."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsClassifier

from sktsvq.datasets import make_waves
from sktsvq.nn.masked import MASKINGS, MaskedAutoencoder, draw_hidden, n_hidden
from sktsvq.representation import MaskedAutoencoder as Encoder

SIZES = {"n_channels": 3, "n_timepoints": 22, "rate": 4, "width": 8, "n_layers": 2, "n_heads": 2}


def build(masking="random", mask_ratio=0.5):
    torch.manual_seed(0)
    return MaskedAutoencoder(**SIZES, masking=masking, mask_ratio=mask_ratio).double()


def series(b=5, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(b, 3, 22)))


@pytest.mark.parametrize("ratio", [0.01, 0.3, 0.5, 0.75, 0.99])
@pytest.mark.parametrize("masking, n_parts", [("random", 40), ("block", 10), ("channel", 4)])
def test_the_stated_share_is_hidden_in_every_series(masking, n_parts, ratio):
    torch.manual_seed(0)
    hidden = draw_hidden(200, 4, 10, ratio=ratio, masking=masking).unflatten(1, (4, 10))
    expected = min(max(1, round(ratio * n_parts)), n_parts - 1)
    assert_array_equal(hidden.sum((1, 2)), np.full(200, expected * 40 // n_parts))
    # No place is spared, and none is hidden more often than others.
    rates = hidden.double().mean(0)
    assert_allclose(rates, expected / n_parts, atol=0.12)
    assert len(hidden.flatten(1).unique(dim=0)) > 3
    if masking == "block":
        assert (hidden == hidden[:, :1]).all()
    if masking == "channel":
        assert (hidden == hidden[:, :, :1]).all()


def test_blocks_are_runs_of_three():
    torch.manual_seed(0)
    hidden = draw_hidden(300, 1, 30, ratio=0.5, masking="block").int()
    starts = (hidden.diff(dim=1, prepend=torch.zeros(300, 1, dtype=torch.int)) == 1).sum(1)
    random = draw_hidden(300, 1, 30, ratio=0.5, masking="random").int()
    random_starts = (random.diff(dim=1, prepend=torch.zeros(300, 1, dtype=torch.int)) == 1).sum(1)
    assert starts.max() <= 7  # 15 positions in runs of 3; a first, a last and a broken run may be shorter
    assert random_starts.double().mean() > 1.5 * starts.double().mean()


def test_a_part_is_left_to_see_and_one_to_fill_in():
    assert [n_hidden(1, 0.5), n_hidden(2, 0.01), n_hidden(2, 0.99), n_hidden(7, 0.999)] == [1, 1, 1, 6]
    with pytest.raises(ValueError, match="'masking' parameter must be among .* Got 'rows'"):
        draw_hidden(2, 1, 4, ratio=0.5, masking="rows")


@pytest.mark.parametrize("with_gaps", [False, True])
@pytest.mark.parametrize("masking", MASKINGS)
def test_the_loss_is_the_mean_squared_error_of_hidden_values(masking, with_gaps):
    module, x = build(masking), series()
    observed = torch.from_numpy(np.random.default_rng(1).uniform(size=x.shape) < 0.7) if with_gaps else None
    output = module(x, observed)
    hidden = output.hidden.numpy().reshape(5, 3, 6)
    reconstruction = output.reconstruction.detach().numpy().reshape(5, 3, 6, 4)
    errors = [
        (reconstruction[case, channel, t // 4, t % 4] - float(x[case, channel, t])) ** 2
        for case in range(5)
        for channel in range(3)
        for t in range(22)
        if hidden[case, channel, t // 4] and (observed is None or observed[case, channel, t])
    ]
    assert_allclose(output.loss.detach(), np.mean(errors), rtol=1e-9)


@pytest.mark.parametrize("masking", MASKINGS)
def test_hidden_values_are_never_seen(masking):
    module, x = build(masking).eval(), series()
    hidden = draw_hidden(5, 3, 6, ratio=0.5, masking=masking)
    patches = module.patches(x)
    filled = module.fill(patches, hidden)
    other = torch.where(hidden.unsqueeze(2), torch.full_like(patches, 1e6), patches)
    assert_array_equal(module.fill(other, hidden).detach(), filled.detach())
    seen = torch.where(hidden.unsqueeze(2), patches, patches + 1.0)
    assert (module.fill(seen, hidden) - filled).abs().amax((1, 2)).min() > 1e-3


def test_every_patch_keeps_its_place():
    """Equal patches at different places are filled in differently, as their neighbours are."""
    module = build().eval()
    hidden = torch.zeros(2, 18, dtype=torch.bool)
    hidden[0, 3], hidden[1, 3 + 6] = True, True
    x = series(1).expand(2, -1, -1).clone()
    x[1] = x[0].roll(1, 0)  # the second series has the channels of the first one place further
    with torch.no_grad():
        module.places.channel.zero_()
        module.decoder_places.channel.zero_()
        filled = module.fill(module.patches(x), hidden)
        assert_allclose(filled[1].roll(-6, 0), filled[0], atol=1e-9)
        module.places.channel.normal_()
        moved = module.fill(module.patches(x), hidden)
    assert (moved[1].roll(-6, 0) - moved[0]).abs().max() > 1e-3


def test_what_is_learnt_fills_in_and_tells_classes():
    X, y = make_waves(n_cases=120, n_timepoints=40, n_classes=3, random_state=0)
    encoder = Encoder(width=32, n_layers=1, max_epochs=100, patch_length=4, lr=5e-3, random_state=0).fit(X[:80])
    losses = np.array(encoder.history_[:, "train_loss"])
    assert losses[-5:].mean() < 0.7 * losses[:3].mean()
    Z = encoder.transform(X)
    assert KNeighborsClassifier().fit(Z[:80], y[:80]).score(Z[80:], y[80:]) > 0.8


def test_one_channel_tells_of_the_other():
    """Channel masks teach how channels depend on each other: a copy is filled in, noise is not."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2, 8))
    losses = []
    for second in (X[:, 0], X[:, 1]):
        pair = np.stack([X[:, 0], second], axis=1)
        encoder = Encoder(
            masking="channel", width=16, n_layers=1, patch_length=2, max_epochs=60, lr=1e-2, random_state=0
        )
        losses.append(np.mean(encoder.fit(pair).history_[-10:, "train_loss"]))
    assert losses[0] < 0.4
    assert losses[1] > 0.8


@pytest.mark.parametrize(
    "shape, rate", [((4, 1, 36), 1), ((4, 1, 37), 2), ((4, 1, 640), 18), ((3, 8, 64), 4), ((2, 100, 8), 2)]
)
def test_patches_follow_the_rule(shape, rate):
    X = np.random.RandomState(0).normal(size=shape)
    assert Encoder(width=4, n_layers=1, max_epochs=1).fit(X).module_config_["rate"] == rate


def test_mistakes_are_told():
    X, _ = make_waves(n_cases=8, n_timepoints=16, random_state=0)
    with pytest.raises(ValueError, match="must have 2 or more channels with masking='channel'. Got 1 instead"):
        Encoder(masking="channel").fit(X)
    with pytest.raises(ValueError, match="'width' parameter of MaskedAutoencoder must be a multiple of 'n_heads'"):
        Encoder(width=10).fit(X)
    with pytest.raises(ValueError, match="'mask_ratio' parameter of MaskedAutoencoder must be a float in the range"):
        Encoder(1.0).fit(X)
    with pytest.raises(ValueError, match="'masking' parameter of MaskedAutoencoder must be a str among"):
        Encoder(masking="rows").fit(X)
