"""Quantisers: every option as a tokenizer, and their numbers against numpy in float64."""

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sktsvq.base import Vocabulary
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.nn.fsq import FiniteScalarQuantizer, fsq_levels
from sktsvq.nn.quantizer import EMAVectorQuantizer, VectorQuantizer, orthogonality_loss, rotate
from sktsvq.nn.residual import ResidualQuantizer
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.tokenizers import NCVQVAETokenizer, VQVAETokenizer

OPTIONS = [
    {"dead_threshold": 2.0},
    {"codebook_dim": 1},
    {"codebook_size": 1},
    {"code_temperature": 0.5},
    {"gradient": "rotation"},
    {"quantizer": "cosine"},
    {"quantizer": "cosine", "decay": None, "orthogonal_weight": 1.0, "gradient": "rotation"},
    {"quantizer": "fsq"},
    {"quantizer": "fsq", "codebook_size": 22},
    {"decay": None, "code_temperature": 0.5},
    {"decay": None, "orthogonal_weight": 10.0},
    {"n_quantizers": 3},
    {"n_quantizers": 2, "decay": None, "orthogonal_weight": 1.0},
    {"codebook_init": "normal"},
    {"architecture": "stft", "downsampling_rate": 4, "codebook_dim": 5},
]
SMALL = {"codebook_size": 6, "codebook_dim": 4, "width": 8, "n_blocks": 1, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def X():
    return make_waves(n_cases=12, n_channels=2, n_timepoints=15, random_state=0)[0]


def describe(params):
    return "-".join(f"{key}={value}" for key, value in params.items())


@pytest.mark.parametrize("params", OPTIONS, ids=describe)
@pytest.mark.parametrize("family", [VQVAETokenizer(), NCVQVAETokenizer(projector_dim=4)], ids=["plain", "taught"])
def test_every_option_gives_tokens_and_series_back(family, params, X):
    tokenizer = clone(family).set_params(**{**SMALL, **params})
    first, again = (clone(tokenizer).fit(X) for _ in range(2))
    tokens = first.transform(X)
    assert tokens.shape == (len(X), first.n_tokens_)
    assert tokens.min() >= 0
    assert tokens.max() < first.codebook_size_ == len(first.codebook_)
    series = first.inverse_transform(tokens)
    assert series.shape == X.shape
    assert np.isfinite(series).all()
    assert_array_equal(again.inverse_transform(again.transform(X)), series)
    assert 1 <= first.perplexity_ <= first.codebook_size_
    assert first.codebook_usage_.sum() == tokens.size
    few = clone(tokenizer).set_params(codebook_size=50).fit(X[:2, :, :2])  # fewer latents than codes
    assert np.isfinite(few.inverse_transform(few.transform(X[:2, :, :2]))).all()
    if params.get("codebook_size") != 1:  # with one code every latent is drawn to it, whatever the option
        default = clone(family).set_params(**SMALL).fit(X)
        assert not np.array_equal(default.inverse_transform(default.transform(X)), series)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"quantizer": "lattice"}, "'quantizer' parameter .* Got 'lattice'"),
        ({"n_quantizers": 0}, "'n_quantizers' parameter .* Got 0"),
        ({"dead_threshold": -1.0}, "'dead_threshold' parameter .* Got -1.0"),
        ({"gradient": "none"}, "'gradient' parameter .* Got 'none'"),
        ({"architecture": "resnet"}, "'architecture' parameter .* Got 'resnet'"),
        ({"orthogonal_weight": 1.0}, "'orthogonal_weight' parameter .* must be 0 with decay=0.95. Got 1.0"),
        ({"quantizer": "cosine", "n_quantizers": 2}, "'n_quantizers' .* must be 1 with quantizer='cosine'. Got 2"),
        ({"quantizer": "fsq", "n_quantizers": 2}, "'n_quantizers' .* must be 1 with quantizer='fsq'. Got 2"),
        ({"quantizer": "fsq", "gradient": "rotation"}, "'gradient' .* 'straight_through' with quantizer='fsq'"),
        ({"quantizer": "fsq", "code_temperature": 1.0}, "'code_temperature' .* 0 with quantizer='fsq'. Got 1.0"),
        ({"quantizer": "fsq", "orthogonal_weight": 1.0, "decay": None}, "'orthogonal_weight' .* with quantizer='fsq'"),
    ],
)
@pytest.mark.parametrize("family", [VQVAETokenizer, NCVQVAETokenizer])
def test_bad_parameters_are_named_at_the_door(family, params, message, X):
    with pytest.raises(ValueError, match=message):
        family(**params).fit(X)


def test_codes_of_another_stream_are_refused(X):
    tokenizer = VQVAETokenizer(**SMALL, n_quantizers=2).fit(X)
    tokens = tokenizer.transform(X)
    with pytest.raises(ValueError, match=r"columns 0 to 14 must lie in the range \[0, 6\), .* Got"):
        tokenizer.inverse_transform(tokens[:, ::-1])


def test_more_quantizers_reconstruct_better():
    X = make_waves(n_cases=40, n_timepoints=24, random_state=0)[0]
    common = {"codebook_size": 4, "width": 16, "codebook_dim": 8, "max_epochs": 50, "random_state": 0}
    one, three = (-VQVAETokenizer(**common, n_quantizers=n).fit(X).score(X) for n in (1, 3))
    assert three < 0.7 * one


def test_many_channels_get_residual_codes():
    X = np.random.RandomState(0).normal(size=(20, 16, 12))
    small = {"width": 8, "codebook_dim": 4, "max_epochs": 1, "random_state": 0}
    few, one = (VQVAETokenizer(**small, n_quantizers=n).fit(X[:, :15]) for n in ("auto", 1))
    assert_array_equal(few.tokenize(X[:, :15]), one.tokenize(X[:, :15]))
    many, four = (VQVAETokenizer(**small, n_quantizers=n).fit(X) for n in ("auto", 4))
    assert_array_equal(many.tokenize(X), four.tokenize(X))
    assert many.n_tokens_ == 4 * few.n_tokens_ == 48
    for params in ({"quantizer": "fsq"}, {"quantizer": "cosine"}):
        assert VQVAETokenizer(**small, **params).fit(X).n_tokens_ == 12
    assert VQVAETokenizer.published().n_quantizers == 1


def test_generator_over_residual_streams(X):
    generator = VQGenerator(VQVAETokenizer(**SMALL, n_quantizers=2), MaskGITPrior(width=8, n_heads=2, max_epochs=1))
    assert generator.fit(X).sample(50, random_state=0).shape == (50, 2, 15)  # no code of another stream is drawn


def test_prior_knows_the_codes_of_each_stream():
    """Also those that the train set never uses, of which nobody could tell from the tokens."""
    tokens, streams = np.array([[0, 7], [1, 7]]), (slice(0, 1), slice(1, 2))
    vocabulary = Vocabulary(8, 2, token_slices=streams, codebook_slices=(slice(0, 5), slice(5, 8)))
    prior = MarkovPrior().fit(tokens, vocabulary=vocabulary)
    assert_array_equal(prior.vocabulary_.allowed, [[True] * 5 + [False] * 3, [False] * 5 + [True] * 3])


def test_grid_search_over_the_options(X):
    grid = [{"quantizer": ["cosine", "fsq"]}, {"n_quantizers": [2], "gradient": ["rotation"], "codebook_size": [4, 8]}]
    search = GridSearchCV(VQVAETokenizer(**SMALL), grid, cv=2, error_score="raise").fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def random(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def tensor(array):
    return torch.from_numpy(array.astype("f4"))


@pytest.mark.parametrize("quantizer", [VectorQuantizer, EMAVectorQuantizer])
@pytest.mark.parametrize("spherical", [False, True])
def test_nearest_code_and_losses(quantizer, spherical):
    z, codes, beta = random(3, 7, 5), random(11, 5, seed=1), 0.4
    module = quantizer(11, 5, beta=beta, spherical=spherical).eval()
    module.initialize(torch.zeros(1, 5), lambda latents, k: tensor(codes))
    if spherical:
        z = z / np.linalg.norm(z, axis=-1, keepdims=True)
        codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        cosines = z @ codes.T
        assert_array_equal(module.quantize(tensor(z)).numpy(), cosines.argmax(axis=-1))
    distances = np.square(z[:, :, np.newaxis] - codes).sum(axis=-1)
    output = module(tensor(3 * z if spherical else z))  # the length of a latent does not matter on the sphere
    assert_array_equal(output.indices.numpy(), distances.argmin(axis=-1))
    expected = codes[distances.argmin(axis=-1)]
    assert_allclose(output.latents.detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    assert_allclose(module.codebook.detach().numpy(), codes, rtol=1e-6)
    error = np.square(z - expected).mean()
    weight = beta if quantizer is EMAVectorQuantizer else beta + 1
    assert_allclose(output.loss.item(), weight * error, rtol=1e-5)


def test_moving_average_step():
    z, codes, decay = random(2, 10, 3), random(4, 3, seed=1), 0.8
    module = EMAVectorQuantizer(4, 3, decay=decay, dead_threshold=0.0)
    module.initialize(torch.zeros(1, 3), lambda latents, k: tensor(codes))
    latents = z.reshape(-1, 3)
    counts, sums = np.ones(4), codes.copy()
    for _ in range(3):
        indices = module(tensor(z)).indices.numpy().ravel()
        module.after_step()
        assert_array_equal(indices, np.square(latents[:, np.newaxis] - sums / counts[:, np.newaxis]).sum(2).argmin(1))
        chosen = np.eye(4)[indices]
        counts = decay * counts + (1 - decay) * chosen.sum(axis=0)
        sums = decay * sums + (1 - decay) * chosen.T @ latents
    assert_allclose(module.codebook.numpy(), sums / counts[:, np.newaxis], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("quantizer", [VectorQuantizer, EMAVectorQuantizer])
def test_dead_codes_move_onto_latents(quantizer):
    z = random(2, 10, 3)
    far = np.full((4, 3), 1e3) * np.arange(4)[:, np.newaxis]
    modules = {threshold: quantizer(4, 3, decay=0.5, dead_threshold=threshold) for threshold in (0.0, 0.4)}
    for module in modules.values():
        module.initialize(torch.zeros(1, 3), lambda latents, k: tensor(far))
        for _ in range(4):
            module(tensor(z))
            module.after_step()
    assert modules[0.4].codebook.abs().max() < 10
    assert modules[0.0].codebook.abs().max() > 1000


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.95])
def test_dead_codes_stay_where_they_are(decay):
    """Also after so many steps that their counts have vanished."""
    far = np.full((4, 3), 1e3) * np.arange(4)[:, np.newaxis]
    module = EMAVectorQuantizer(4, 3, decay=decay, dead_threshold=0.0)
    module.initialize(torch.zeros(1, 3), lambda latents, k: tensor(far))
    for step in range(400):
        indices = module(tensor(random(2, 10, 3, seed=step))).indices
        module.after_step()
        assert (indices == 0).all()
    assert_allclose(module.codebook[1:].numpy(), far[1:], rtol=1e-4)


def test_codes_are_drawn_from_the_softmax_of_distances():
    codes, z, temperature = random(3, 2), random(2, seed=1), 0.7
    module = VectorQuantizer(3, 2, code_temperature=temperature, dead_threshold=0.0)
    module.initialize(torch.zeros(1, 2), lambda latents, k: tensor(codes))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = module(tensor(np.tile(z, (1, 40_000, 1)))).indices
    weights = np.exp(-np.square(z - codes).sum(axis=1) / temperature)
    assert_allclose(np.bincount(drawn.ravel(), minlength=3) / 40_000, weights / weights.sum(), atol=0.01)
    assert len(module.eval()(tensor(np.tile(z, (1, 100, 1)))).indices.unique()) == 1


def test_rotation_turns_the_gradient_as_the_latent():
    z, codes, upstream = random(4, 3, 5), random(4, 3, 5, seed=1), random(4, 3, 5, seed=2)
    latents = torch.from_numpy(z).requires_grad_()
    output = rotate(latents, torch.from_numpy(codes))
    assert_allclose(output.detach().numpy(), codes)
    output.backward(torch.from_numpy(upstream))
    gradient = latents.grad.numpy()
    for b, n in itertools.product(range(4), range(3)):
        e, q = z[b, n], codes[b, n]
        unit_e, unit_q = e / np.linalg.norm(e), q / np.linalg.norm(q)
        # The rotation in the plane of e and q, from an orthonormal basis of it, not from the paper's reflections.
        other = unit_q - (unit_q @ unit_e) * unit_e
        other /= np.linalg.norm(other)
        basis, cosine, sine = np.stack([unit_e, other], axis=1), unit_q @ unit_e, unit_q @ other
        turn = np.eye(5) + basis @ (np.array([[cosine, -sine], [sine, cosine]]) - np.eye(2)) @ basis.T
        scale = np.linalg.norm(q) / np.linalg.norm(e)
        assert_allclose(turn @ e * scale, q)
        assert_allclose(gradient[b, n], scale * turn.T @ upstream[b, n])
        assert_allclose(np.linalg.norm(gradient[b, n]), scale * np.linalg.norm(upstream[b, n]))


def test_rotation_of_opposite_and_of_zero_latents():
    codes = torch.tensor([[[1.0, 0.0]]])
    for z in (-codes, torch.zeros_like(codes), codes):
        latents = z.clone().requires_grad_()
        output = rotate(latents, codes)
        assert torch.equal(output.detach(), codes)
        output.sum().backward()
        assert latents.grad.isfinite().all()


def test_orthogonality_of_active_codes():
    codes = random(6, 4)
    active = np.array([1.0, 1, 0, 1, 0, 1])
    unit = (codes / np.linalg.norm(codes, axis=1, keepdims=True))[active > 0]
    expected = np.square(unit @ unit.T - np.eye(4)).sum() / 4**2
    assert_allclose(orthogonality_loss(torch.from_numpy(codes), torch.from_numpy(active)), expected)
    z = tensor(random(3, 8, 4))
    plain, pushed = VectorQuantizer(6, 4), VectorQuantizer(6, 4, orthogonal_weight=10.0)
    pushed.load_state_dict(plain.state_dict())
    indices = plain(z).indices
    active = np.isin(np.arange(6), indices.numpy())
    unit = plain.codes.detach().numpy()[active].astype("f8")
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    expected = 10 * np.square(unit @ unit.T - np.eye(len(unit))).mean()
    plain.load_state_dict(pushed.state_dict())
    assert_allclose((pushed.eval()(z).loss - plain.eval()(z).loss).item(), expected, rtol=1e-4)


@pytest.mark.parametrize("quantizer", [VectorQuantizer, EMAVectorQuantizer])
def test_residuals_add_up(quantizer):
    z = random(3, 6, 4)
    module = ResidualQuantizer([quantizer(5, 4) for _ in range(3)]).eval()
    codebook = module.codebook.detach().numpy().astype("f8")
    rest, total, streams, error = z, 0, [], 0
    for depth in range(3):
        codes = codebook[5 * depth : 5 * depth + 5]
        chosen = np.square(rest[:, :, np.newaxis] - codes).sum(axis=-1).argmin(axis=-1)
        streams.append(chosen + 5 * depth)
        error += np.square(rest - codes[chosen]).mean()
        rest, total = rest - codes[chosen], total + codes[chosen]
    output = module(tensor(z))
    assert_array_equal(output.indices.numpy(), np.concatenate(streams, axis=1))
    assert_array_equal(module.quantize(tensor(z)).numpy(), output.indices.numpy())
    assert_allclose(output.latents.detach().numpy(), total, rtol=1e-4, atol=1e-5)
    assert_allclose(module.dequantize(output.indices).detach().numpy(), total, rtol=1e-4, atol=1e-5)
    assert_allclose(output.loss.item(), (0.25 if quantizer is EMAVectorQuantizer else 1.25) * error, rtol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 6, 7, 16, 22, 32, 97, 256, 1000])
def test_levels_of_fsq_multiply_to_the_codebook_size(size):
    levels = fsq_levels(size)
    assert math.prod(levels) == size
    module = FiniteScalarQuantizer(size)
    codebook = module.codebook.numpy().astype("f8")
    axes = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in levels]
    assert_allclose(codebook, list(itertools.product(*axes)), atol=1e-6)
    z = 2 * random(3, 9, len(levels))
    bounded = np.tanh(z)
    nearest = np.abs(bounded[:, :, np.newaxis] - codebook).sum(axis=-1).argmin(axis=-1)
    latents = tensor(z).requires_grad_()
    output = module(latents)
    assert_array_equal(output.indices.numpy(), nearest)
    assert_allclose(output.latents.detach().numpy(), codebook[nearest], atol=1e-6)
    output.latents.sum().backward()
    assert_allclose(latents.grad.numpy(), 1 - np.tanh(z) ** 2, atol=1e-5)


@pytest.mark.parametrize("size, levels", [(240, (8, 6, 5)), (1000, (8, 5, 5, 5)), (4375, (7, 5, 5, 5, 5))])
def test_levels_of_fsq_are_those_of_the_paper(size, levels):
    """Table 1 of arXiv 2309.15505."""
    assert fsq_levels(size) == levels


@pytest.mark.parametrize("n_timepoints, n_tokens", [(140, 40), (128, 40), (500, 75), (1, 5), (7, 10)])
def test_published_number_of_tokens(n_timepoints, n_tokens):
    """ECG5000, TwoPatterns and FordA have 40, 40 and 75 tokens; series of any length have some."""
    X = random(4, 1, n_timepoints)
    tokenizer = VQVAETokenizer.published().set_params(max_epochs=1, width=8, codebook_dim=8, random_state=0).fit(X)
    assert tokenizer.n_tokens_ == n_tokens
    assert tokenizer.inverse_transform(tokenizer.transform(X)).shape == X.shape
    assert tokenizer.net_.optimizer_.param_groups[0]["weight_decay"] == 1e-3


def test_published_parameters():
    expected = {"codebook_size": 32, "codebook_dim": 64, "width": 64, "n_blocks": 4, "beta": 1.0, "decay": 0.9}
    expected |= {"max_epochs": 1000, "batch_size": 128, "lr": 1e-3, "architecture": "stft", "dead_threshold": 0.0}
    for tokenizer in (VQVAETokenizer.published(), NCVQVAETokenizer.published("barlow_twins-gauss")):
        assert tokenizer.get_params().items() >= expected.items()
    assert tokenizer.projector_dim == 4096
    assert tokenizer.augmented_reconstruction_weight == 0.2
    with pytest.raises(ValueError, match="'variant' parameter .* Got 'vibcreg'"):
        NCVQVAETokenizer.published("vibcreg")


@pytest.mark.parametrize("variant", ["barlow_twins-warp", "vibcreg-slice", "vicreg-gauss"])
def test_published_variants_train(variant, X):
    tokenizer = NCVQVAETokenizer.published(variant).set_params(max_epochs=20, projector_dim=16, random_state=0)
    tokenizer.set_params(width=16, codebook_dim=16).fit(X)
    assert tokenizer.history_[-1, "train_loss"] < tokenizer.history_[0, "train_loss"]


def test_parameters_of_the_published_network(X):
    """Counted by hand: two channels, one halving, width 64, 4 blocks, 32 codes that are no parameters."""
    tokenizer = VQVAETokenizer.published().set_params(max_epochs=1).fit(X)
    block = 64 * 64 * 9 + 64 + 2 * 64 + 64 * 64 + 64 + 2 * 64
    encoder = 4 * 64 * 12 + 64 + 2 * 64 + 4 * block
    decoder = 4 * block + 64 * 4 * 12 + 4 + 4 * 4 * 12 + 4
    assert sum(p.numel() for p in tokenizer.net_.module_.parameters()) == encoder + decoder


def test_one_column_of_tokens_reads_no_memory_that_nobody_wrote(X):
    tokenizer = VQVAETokenizer(**SMALL, architecture="stft")
    losses = []
    for _ in range(5):
        rubbish = [torch.full((n,), torch.nan) for n in range(1, 4000, 50)]
        del rubbish  # freed memory full of NaN
        losses.append(clone(tokenizer).fit(X[:, :, :2]).history_[:, "train_loss"])
    assert np.isfinite(losses).all()
    assert_array_equal(losses, losses[:1] * 5)


def test_monitors_are_asked_a_hundred_times(X):
    history = NCVQVAETokenizer(**{**SMALL, "max_epochs": 200}, projector_dim=4).fit(X).history_
    ranks = history[:, "effective_rank"]
    assert len(ranks) == 200
    assert ranks[3] == ranks[4] != ranks[5]
    assert 95 <= len(set(ranks)) <= 105
