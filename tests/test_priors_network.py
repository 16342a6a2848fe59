"""Priors that train a network: start of the embeddings, tokens redrawn in training, masks of MaskGIT."""

import copy

import numpy as np
import pytest
import torch
from conftest import PRIORS
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone

from sktsvq.base import Vocabulary
from sktsvq.nn.categorical import draw
from sktsvq.nn.embedding import TokenEmbedding, code_distances, similarity
from sktsvq.nn.maskgit import draw_masks
from sktsvq.priors import MaskGITPrior

NETWORKS = [prior for prior in PRIORS if hasattr(prior, "width")]


@pytest.fixture(params=NETWORKS, ids=lambda prior: type(prior).__name__)
def network_prior(request):
    return request.param


@pytest.fixture(scope="module")
def coded():
    """Tokens (20, 6) of 5 codes, and their codebook (5, 3)."""
    rng = np.random.RandomState(0)
    return rng.randint(5, size=(20, 6)), rng.normal(3.0, 2.0, size=(5, 3))


def codes_of(fitted):
    return fitted.net_.module_.token_embedding.codes.detach().numpy()


def test_embeddings_start_from_the_codebook(network_prior, coded):
    tokens, codebook = coded
    codes = Vocabulary(5, 6, codebook=codebook)
    centred = codebook - codebook.mean(0)
    start = 0.02 * centred / centred.std()
    frozen = clone(network_prior).set_params(token_embedding="frozen_codebook").fit(tokens, vocabulary=codes)
    assert_allclose(codes_of(frozen), start, rtol=1e-5)
    trained = clone(network_prior).set_params(token_embedding="codebook", lr=1e-9).fit(tokens, vocabulary=codes)
    assert_allclose(codes_of(trained), start, rtol=1e-3)
    trained = clone(network_prior).set_params(token_embedding="codebook").fit(tokens, vocabulary=codes)
    assert not np.allclose(codes_of(trained), start, rtol=1e-3)
    random = clone(network_prior).set_params(token_embedding="random").fit(tokens, vocabulary=codes)
    assert codes_of(random).shape == (5, 8 // network_prior.get_params().get("group_size", 1))


def test_what_needs_a_codebook_says_so(network_prior, coded):
    tokens, codebook = coded
    for params in ({"token_embedding": "frozen_codebook"}, {"token_temperature": 0.5}):
        with pytest.raises(ValueError, match="needs a vocabulary with a codebook in fit .* no codebook"):
            clone(network_prior).set_params(**params).fit(tokens)


def test_redrawn_tokens_follow_the_softmax_of_distances(coded):
    _, codebook = coded
    expected = softmax(-np.square(codebook[:, np.newaxis] - codebook).sum(2) / 4.0, axis=1)
    embedding = TokenEmbedding(5, 3, redraw=True)
    embedding.redraw_by(similarity(code_distances(torch.from_numpy(codebook), torch.ones(5, 5, dtype=torch.bool)), 4.0))
    indices = torch.arange(5).repeat(20_000, 1)
    assert torch.equal(embedding.eval().draw_similar(indices), indices)
    torch.manual_seed(0)
    drawn = embedding.train().draw_similar(indices)
    shares = np.stack([np.bincount(column, minlength=5) for column in drawn.T.numpy()]) / 20_000
    assert_allclose(shares, expected, atol=0.015)


def test_redrawn_tokens_stay_in_their_stream(network_prior):
    rng = np.random.RandomState(0)
    tokens = np.hstack([rng.randint(3, size=(30, 4)), rng.randint(3, 6, size=(30, 4))])
    prior = clone(network_prior).set_params(token_temperature=1e6)
    streams = {"token_slices": [slice(0, 4), slice(4, 8)], "codebook_slices": [slice(0, 3), slice(3, 6)]}
    fitted = prior.fit(tokens, vocabulary=Vocabulary(6, 8, codebook=rng.normal(size=(6, 2)), **streams))
    embedding = fitted.net_.module_.token_embedding.train()
    drawn = embedding.draw_similar(torch.from_numpy(tokens).repeat(50, 1))
    assert drawn[:, :4].max() < 3 <= drawn[:, 4:].min()
    assert np.isfinite(fitted.history_[:, "train_loss"]).all()


def test_few_series_redraw_a_tenth_of_their_tokens(coded):
    tokens, codebook = coded
    prior = MaskGITPrior(max_epochs=1, random_state=0)
    few = clone(prior).fit(tokens, vocabulary=Vocabulary(5, 6, codebook=codebook)).module_
    kept = few.token_embedding.redraw.double().diff(dim=1, prepend=torch.zeros(5, 1)).diagonal()
    assert_allclose(kept[torch.from_numpy(tokens)].mean(), 0.9, atol=1e-6)
    assert few.transformer[0].dropout == 0.1
    many = clone(prior).fit(np.tile(tokens, (40, 1)), vocabulary=Vocabulary(5, 6, codebook=codebook)).module_
    assert many.token_embedding.redraw is None
    assert many.transformer[0].dropout == 0
    assert clone(prior).fit(tokens).module_.token_embedding.redraw is None  # without a codebook


def test_redrawn_tokens_leave_the_ends_alone(coded):
    _, codebook = coded
    spans = np.array([[0, 4], [4, 8]])
    codes = Vocabulary(5, 2, codebook=codebook, token_spans=spans, has_ends=True)
    probabilities = similarity(code_distances(torch.from_numpy(codebook), torch.from_numpy(codes.exchangeable)), 1e6)
    assert_allclose(probabilities[:4, :4], 0.25, atol=1e-4)
    assert_array_equal(probabilities[4], [0, 0, 0, 0, 1])
    assert_array_equal(probabilities[:4, 4], 0)


@pytest.mark.parametrize(
    ("schedule", "masking", "mean"),
    [
        ("cosine", "mask", 2 / np.pi),
        ("cosine", "keep", 1 - 2 / np.pi),
        ("linear", "mask", 1 / 2),
        ("square", "mask", 2 / 3),
        ("cubic", "mask", 3 / 4),
    ],
)
def test_masked_share(schedule, masking, mean):
    torch.manual_seed(0)
    settings = {"schedule": schedule, "masking": masking, "device": torch.device("cpu")}
    masked, counted = draw_masks(5000, (slice(0, 200),), **settings)
    assert abs(masked.float().mean() - mean) < 0.015
    assert masked.any(1).all()
    assert counted.all()


def test_masks_of_streams():
    """Before the learnt stream all is known; behind it all or a part is masked; the loss counts the learnt one."""
    torch.manual_seed(0)
    slices = (slice(0, 10), slice(10, 30))
    masked, counted = draw_masks(400, slices, schedule="cosine", masking="mask", device=torch.device("cpu"))
    second = counted[:, 10]
    assert_array_equal(counted, torch.where(second.unsqueeze(1), torch.arange(30) >= 10, torch.arange(30) < 10))
    assert 0.4 < second.float().mean() < 0.6
    assert not masked[second, :10].any()
    assert masked[~second, :10].any(1).all()
    assert 0.4 < masked[~second, 10:].all(1).float().mean() < 0.7


def test_maskgit_draws_high_given_low():
    """The second stream repeats the first, shifted by 4 codes."""
    low = np.random.RandomState(0).randint(4, size=(60, 3))
    tokens = np.hstack([low, low + 4])
    prior = MaskGITPrior(width=32, n_layers=2, n_heads=2, max_epochs=250, lr=5e-3, random_state=0)
    fitted = prior.fit(tokens)
    drawn = fitted.sample(200, random_state=0)
    assert (drawn[:, 3:] == drawn[:, :3] + 4).mean() > 0.9
    # Of 3 high tokens given the low ones nothing is left to guess; the low ones are uniform.
    scores = fitted.score_tokens(tokens)
    assert scores[:, 3:].mean() > -0.3
    assert scores[:, :3].mean() < -1.0


@pytest.mark.parametrize(
    "params", [{"mask_schedule": "linear"}, {"mask_schedule": "cubic"}, {"masking": "keep", "loss_on": "all"}]
)
def test_maskgit_options_change_what_is_learnt(params, coded):
    tokens, _ = coded
    prior = MaskGITPrior(width=8, n_layers=1, n_heads=2, n_steps=3, max_epochs=2, random_state=0)
    plain, changed = (clone(prior).set_params(**each).fit(tokens) for each in ({}, params))
    assert changed.history_[0, "train_loss"] != plain.history_[0, "train_loss"]
    assert changed.sample(4, random_state=0).max() < 5


@pytest.mark.parametrize("n_codes", [1, 5, 16, 40])
def test_draws_follow_the_probabilities(n_codes):
    """Codes of probability 0 are never drawn, and the rows need not sum to 1."""
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(n_codes, generator=generator).add(0.1)
    p[1::3] = 0.0
    drawn = draw((3 * p).expand(50_000, -1), generator)
    shares = torch.bincount(drawn, minlength=n_codes) / 50_000
    assert_allclose(shares, p / p.sum(), atol=0.01)
    assert not shares[1::3].any()


def test_extreme_settings_take_the_likeliest(network_prior, coded):
    """A temperature of 1e-300 is the limit of small ones, and so for the others."""
    fitted = clone(network_prior).fit(coded[0])
    for extreme, plain in (
        ({"temperature": 1e-300}, {"temperature": 1e-20}),
        ({"top_p": 1e-300}, {"top_k": 1}),
        ({"guidance_scale": 1e39}, {"guidance_scale": 1e30}),
    ):
        if set(extreme) <= set(fitted.get_params()):
            drawn = [copy.copy(fitted).set_params(**params).sample(20, random_state=0) for params in (extreme, plain)]
            assert_array_equal(*drawn)


def test_known_tokens_stay_whatever_the_noise(coded):
    """The confidence of a known token must not tie with that of a drawn one."""
    tokens, _ = coded
    fitted = MaskGITPrior(width=8, n_layers=1, n_heads=2, n_steps=3, max_epochs=1, random_state=0).fit(tokens)
    gaps = np.where(np.arange(6) % 2, tokens, -1)
    for choice_temperature in (0.0, 1e39, 1e300):
        completed = fitted.set_params(choice_temperature=choice_temperature).complete(gaps, random_state=0)
        assert_array_equal(completed[:, 1::2], tokens[:, 1::2])
        assert completed.min() >= 0


@pytest.mark.parametrize("labelled", [False, True])
def test_maskgit_steps_end_in_the_sample(labelled, coded):
    tokens, _ = coded
    y = np.arange(len(tokens)) % 2
    prior = MaskGITPrior(width=8, n_layers=1, n_heads=2, n_steps=4, max_epochs=2, random_state=0)
    prior.fit(tokens, y if labelled else None)
    label = 1 if labelled else None
    drafts, masked = prior.sample_steps(y=label, random_state=5)
    assert_array_equal(drafts[-1:], prior.sample(1, y=label, random_state=5))
    assert drafts.shape == masked.shape == (4, tokens.shape[1])
    n_masked = masked.sum(axis=1)
    assert np.all(np.diff(n_masked) < 0) and n_masked[-1] == 0
    for before, after, again in zip(drafts[:-1], drafts[1:], masked[:-1], strict=True):
        assert_array_equal(before[~again], after[~again])


def test_maskgit_draws_dependent_tokens_one_after_the_other():
    """All tokens of a sequence are equal: drawn in one step they are independent, drawn step by step they agree."""
    tokens = np.repeat(np.arange(4), 15)[:, np.newaxis] * np.ones(6, dtype=int)
    fitted = MaskGITPrior(width=32, n_layers=1, n_heads=2, max_epochs=150, lr=5e-3, random_state=0).fit(tokens)
    agree = {}
    for n_steps in (1, "auto"):
        drawn = fitted.set_params(n_steps=n_steps).sample(200, random_state=0)
        agree[n_steps] = (drawn == drawn[:, :1]).all(axis=1).mean()
    assert agree[1] < 0.2
    assert agree["auto"] > 0.8
    assert len(fitted.sample_steps(random_state=0)[0]) == 6


@pytest.mark.parametrize("params, n_cases, dropout", [({}, 20, 0.2), ({}, 401, 0.0), ({"dropout": 0.3}, 20, 0.3)])
def test_few_cases_are_learnt_with_dropout(params, n_cases, dropout):
    tokens = np.random.RandomState(0).randint(4, size=(n_cases, 6))
    fitted = MaskGITPrior(**params, width=12, n_layers=1, max_epochs=1, random_state=0).fit(tokens)
    assert fitted.module_config_["dropout"] == dropout
    assert fitted.module_.transformer[0].dropout == dropout
