"""Siamese encoders: no method collapses with its safeguard, each does without it; what is learnt, and how fast."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.neighbors import KNeighborsClassifier

from sktsvq.datasets import make_waves
from sktsvq.nn.contrastive import negative_cosine
from sktsvq.nn.non_contrastive import barlow_twins_loss, effective_rank, vibcreg_loss, vicreg_loss
from sktsvq.nn.random_kernels import RandomKernels
from sktsvq.nn.two_views import METHODS, Teacher, TwoViewObjective
from sktsvq.representation import SiameseEncoder


class NoGradientStop(TwoViewObjective):
    """Without a predictor and without a stop of the gradient: both sides move towards each other."""

    def _targets(self, projections, first, second):
        return projections


def attraction(z, w, *queue):
    """A contrastive loss without its negatives."""
    return negative_cosine(z, w)


UNSAFE_LOSSES = {
    "simclr": attraction,
    "moco": attraction,
    "byol": negative_cosine,
    "simsiam": negative_cosine,
    "barlow_twins": partial(barlow_twins_loss, redundancy_weight=0.0),
    "vicreg": partial(vicreg_loss, variance_weight=0.0, covariance_weight=0.0),
    "vibcreg": partial(vibcreg_loss, variance_weight=0.0, covariance_weight=0.0),
}


def build_objective(method, *, is_safe):
    """The objective of a method, or the same without what keeps it from collapsing."""
    sizes = {"method": method, "in_dim": 16, "projector_dim": 16, "momentum": 0.9, "queue_size": 256}
    if is_safe:
        return TwoViewObjective(**sizes)
    objective = NoGradientStop(**sizes)
    objective.method = objective.method._replace(loss=UNSAFE_LOSSES[method], has_teacher=False, has_queue=False)
    if METHODS[method].has_predictor:
        objective.predictor = torch.nn.Identity()
    if method == "vibcreg":  # the whitening at the end keeps directions apart too
        objective.projector = torch.nn.Sequential(*list(objective.projector)[:-1])
    return objective


def rank_after_training(objective, *, n_steps=400):
    """Directions that the projections of series fill after a training; 1 is a collapse.

    Series share twelve numbers with their views, the first of them best, the last of them worst.
    """
    encoder = torch.nn.Sequential(torch.nn.Linear(12, 32), torch.nn.ReLU(), torch.nn.Linear(32, 16))
    teacher = Teacher(encoder, momentum=0.9) if objective.method.has_teacher else None
    learnt = [p for p in [*encoder.parameters(), *objective.parameters()] if p.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=3e-3)
    shared, noise = torch.randn(256, 12), torch.linspace(0.02, 2, 12)
    for _ in range(n_steps):
        views = [shared + noise * torch.randn_like(shared) for _ in range(2)]
        targets = [teacher(view) for view in views] if teacher else []
        optimizer.zero_grad()
        objective(*map(encoder, views), *targets).loss.backward()
        optimizer.step()
        objective.after_step()
        if teacher:
            teacher.follow(encoder)
    with torch.no_grad():
        return float(effective_rank(objective.eval().projector(encoder(shared))))


@pytest.mark.parametrize("method", METHODS)
def test_no_method_collapses_with_its_safeguard_and_each_does_without(method):
    torch.manual_seed(0)
    safe, unsafe = (rank_after_training(build_objective(method, is_safe=is_safe)) for is_safe in (True, False))
    assert safe > 4
    # Barlow Twins standardises every direction: what is lost without its safeguard is their difference.
    assert unsafe < (4 if method == "barlow_twins" else 2)
    assert unsafe < safe / 2


@pytest.mark.parametrize("objective", METHODS)
def test_embeddings_tell_classes_and_do_not_collapse(objective):
    X, y = make_waves(n_cases=120, n_timepoints=40, n_classes=3, random_state=0)
    encoder = SiameseEncoder(objective, dim=32, projector_dim=32, width=32, max_epochs=40, random_state=0).fit(X[:80])
    score = KNeighborsClassifier().fit(encoder.transform(X[:80]), y[:80]).score(encoder.transform(X[80:]), y[80:])
    assert score > 0.8
    assert encoder.history_[-1, "effective_rank"] > 2
    assert encoder.history_[-1, "embedding_std"] > 0.3


def _features(module, x):
    """What an embedding is made of, in numpy."""
    z, random = (network(x).detach().numpy() for network in (module.encoder, module.untrained))
    rises = np.diff(random, axis=1, prepend=random[:, :1]) > 0
    kernels = module.kernels(x).numpy()
    parts = z.max(axis=1), z.mean(axis=1), (random > 0).mean(axis=1), rises.mean(axis=1), kernels
    return np.concatenate(parts, axis=1)


def test_each_kind_of_features_is_scaled_on_the_train_set(waves):
    encoder = SiameseEncoder(dim=8, projector_dim=8, width=8, max_epochs=2, random_state=0).fit(waves[0])
    Z = encoder.transform(waves[0])
    assert_allclose(Z.reshape(-1, 8, 8).var(axis=0).mean(axis=1), 1, rtol=1e-3)
    features = _features(encoder.module_, torch.from_numpy(encoder._scaled(waves[0])))
    for own, given in zip(np.split(Z, 8, axis=1), np.split(features, 8, axis=1), strict=True):
        assert_allclose(given / np.sqrt(given.var(axis=0).mean()), own, rtol=1e-2, atol=2e-2)


def test_random_kernels_count_what_numpy_counts():
    torch.manual_seed(0)
    kernels, x, lengths = RandomKernels(3, 40, 10), torch.randn(4, 3, 40), [40, 25, 9, 1]
    assert kernels.dilations == [1, 2, 4]
    assert_allclose(kernels(x), _shares_above(kernels, x.numpy(), [40] * 4), atol=1e-6)
    assert_allclose(kernels(x, torch.tensor(lengths)), _shares_above(kernels, x.numpy(), lengths), atol=1e-6)


def test_random_kernels_may_look_at_some_places_alone():
    torch.manual_seed(0)
    kernels, x, lengths = RandomKernels(2, 40, 10, stride=3), torch.randn(4, 2, 40), [40, 25, 9, 1]
    assert_allclose(kernels(x), _shares_above(kernels, x.numpy(), [40] * 4), atol=1e-6)
    assert_allclose(kernels(x, torch.tensor(lengths)), _shares_above(kernels, x.numpy(), lengths), atol=1e-6)


def _shares_above(kernels, X, lengths):
    rows = []
    for x, length in zip(X, lengths, strict=True):
        steps = np.diff(x, axis=1, prepend=x[:, :1])
        steps[:, length:] = 0
        size = np.sqrt((steps[:, :length] ** 2).mean(axis=1, keepdims=True))
        shares = []
        for series in (x, steps / np.where(size > 0, size, 1)):
            padded = np.pad(series, [(0, 0), (16, 16)])
            for i, (weight, threshold) in enumerate(zip(kernels.weight, kernels.thresholds, strict=True)):
                reach = kernels.dilations[i % 3] * (np.arange(9) - 4) + 16
                z = np.array([(padded[:, t + reach] * weight.numpy()).sum() for t in range(0, length, kernels.stride)])
                shares.append(np.mean(z > threshold.item()))
        rows.append(shares)
    return np.array(rows)


@pytest.mark.parametrize("n_kernels, n_timepoints", [(2, 1), (1, 500), (40, 16), (40, 17), (40, 3000)])
def test_random_kernels_are_not_longer_than_series(n_kernels, n_timepoints):
    kernels = RandomKernels(1, n_timepoints, n_kernels)
    assert 8 * kernels.dilations[-1] < max(n_timepoints, 9)
    assert 16 * kernels.dilations[-1] >= n_timepoints or len(kernels.dilations) == n_kernels
    assert kernels(torch.randn(2, 1, n_timepoints)).shape == (2, 2 * n_kernels)


def test_shares_of_time_are_of_the_network_before_its_training(waves):
    settings = {"dim": 8, "projector_dim": 8, "width": 8, "random_state": 0}
    short, long = (SiameseEncoder(max_epochs=n, **settings).fit(waves[0]) for n in (1, 5))
    Z_short, Z_long = (np.split(encoder.transform(waves[0]), [16], axis=1) for encoder in (short, long))
    assert_allclose(Z_short[1], Z_long[1], rtol=1e-5)
    assert np.abs(Z_short[0] - Z_long[0]).max() > 0.1


def test_shares_of_time_are_the_same_in_bfloat16(waves):
    """In which a classifier that is fine-tuned is trained, but does not predict."""
    encoder = SiameseEncoder(dim=8, projector_dim=8, width=8, max_epochs=1, random_state=0).fit(waves[0])
    x = torch.from_numpy(encoder._scaled(waves[0]))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        Z = encoder.module_.embed(x)
    assert_allclose(Z[:, 16:], encoder.transform(waves[0])[:, 16:], rtol=1e-5)


@pytest.mark.parametrize(
    "n_timepoints, rate, n_blocks", [(1, 1, 1), (24, 1, 4), (256, 1, 7), (257, 2, 7), (2709, 11, 7)]
)
def test_sizes_follow_the_rules(n_timepoints, rate, n_blocks):
    encoder = SiameseEncoder(dim=4, width=4, projector_dim=4, max_epochs=1).fit(
        np.random.RandomState(0).normal(size=(4, n_timepoints))
    )
    config = encoder.module_config_
    assert (config["rate"], config["n_blocks"]) == (rate, n_blocks)


def test_mistakes_are_told_before_any_training(waves):
    X, _ = waves
    with pytest.raises(ValueError, match="The 'objective' parameter of SiameseEncoder must be a str among"):
        SiameseEncoder("cpc").fit(X)
    with pytest.raises(ValueError, match="The 'augmentations' parameter must hold functions"):
        SiameseEncoder(augmentations=lambda x: x[..., :3]).fit(X)
    with pytest.raises(ValueError, match="The 'momentum' parameter of SiameseEncoder must be a float in the range"):
        SiameseEncoder(momentum=1.0).fit(X)
