"""What every tokenizer must do, whatever its method."""

import copy
import itertools
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from conftest import SMALL
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import entropy
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError

from sktsvq.datasets import make_waves
from sktsvq.tokenizers import VQVAETokenizer


def branches(fitted):
    """Each branch of the network, with the columns and the codes of its streams."""
    module, streams = fitted.net_.module_, zip(fitted.token_slices_, fitted.codebook_slices_, strict=True)
    return [
        (branch, list(itertools.islice(streams, branch.bottleneck.n_streams)))
        for branch in getattr(module, "branches", (module,))
    ]


@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 2, 2), (5, 1, 7), (4, 3, 33), (9, 30), (2, 1, 200)])
def test_round_trip_keeps_the_shape(tokenizer, shape):
    X = np.random.RandomState(0).normal(size=shape)
    tokens = clone(tokenizer).fit(X).transform(X)
    assert tokens.dtype == np.int64
    fitted = clone(tokenizer).fit(X)
    assert tokens.shape == (len(X), fitted.n_tokens_)
    assert fitted.inverse_transform(tokens).shape == shape
    assert tokens.min() >= 0
    assert tokens.max() < fitted.codebook_size_ == len(fitted.codebook_)


@pytest.mark.parametrize("rate", [1, 3, 7, 50])
def test_downsampling_rate_sets_the_number_of_tokens(rate):
    X, _ = make_waves(n_cases=6, n_timepoints=20, random_state=0)
    tokenizer = VQVAETokenizer(8, downsampling_rate=rate, width=8, max_epochs=1).fit(X)
    assert tokenizer.n_tokens_ == -(-20 // rate)
    assert tokenizer.inverse_transform(tokenizer.transform(X)).shape == X.shape


def test_same_seed_same_tokens_bit_for_bit(tokenizer, waves, unmoved_random_state):
    X, _ = waves
    first, again = (clone(tokenizer).fit(X) for _ in range(2))
    assert_array_equal(first.codebook_, again.codebook_)
    assert_array_equal(first.transform(X), again.transform(X))
    tokens = first.transform(X)
    assert_array_equal(first.inverse_transform(tokens), again.inverse_transform(tokens))
    other = clone(tokenizer).set_params(random_state=1).fit(X)
    assert not np.array_equal(first.inverse_transform(tokens), other.inverse_transform(tokens))


def test_a_row_does_not_depend_on_its_neighbours(tokenizer):
    X, _ = make_waves(n_cases=60, n_timepoints=900, random_state=0)  # several forward passes and a part of one
    fitted = clone(tokenizer).fit(X[:5])
    tokens = fitted.transform(X)
    series = fitted.inverse_transform(tokens)
    order = np.random.RandomState(0).permutation(len(X))
    assert_array_equal(fitted.transform(X[order]), tokens[order])
    assert_array_equal(fitted.inverse_transform(tokens[order]), series[order])
    for rows in (slice(0, 1), slice(7, 20), slice(59, 60)):
        assert_array_equal(fitted.transform(X[rows]), tokens[rows])
        assert_array_equal(fitted.inverse_transform(tokens[rows]), series[rows])


def test_no_seed_no_repetition_and_no_global_state(tokenizer, waves, unmoved_random_state):
    X, _ = waves
    first, again = (clone(tokenizer).set_params(random_state=None).fit(X) for _ in range(2))
    tokens = first.transform(X)
    assert not np.array_equal(first.inverse_transform(tokens), again.inverse_transform(tokens))


def test_same_result_under_threads(tokenizer, waves):
    X, _ = waves
    alone = clone(tokenizer).fit(X)
    beside = joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(clone(tokenizer).fit)(X) for _ in range(4))
    for fitted in beside:
        assert_array_equal(fitted.codebook_, alone.codebook_)


def test_copies_give_the_same_tokens(tokenizer, waves, tmp_path):
    X, _ = waves
    fitted = clone(tokenizer).fit(X)
    tokens = fitted.transform(X)
    joblib.dump(fitted, tmp_path / "tokenizer.joblib")
    copies = pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), joblib.load(tmp_path / "tokenizer.joblib")
    for copied in copies:
        assert_array_equal(copied.transform(X), tokens)
        assert_array_equal(copied.inverse_transform(tokens), fitted.inverse_transform(tokens))
    assert not hasattr(clone(fitted), "net_")


def test_fitted_on_a_gpu_loads_without_one(tokenizer, waves, monkeypatch):
    X, _ = waves
    fitted = clone(tokenizer).fit(X)
    tokens = fitted.transform(X)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    fitted.net_.device = "cuda"  # what a net that was fitted on a GPU says of itself
    with pytest.warns(Warning, match="not available"):
        loaded = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(loaded.transform(X), tokens)


@pytest.mark.parametrize("convert", [lambda X: X[:, :1], lambda X: list(X[:, :1])], ids=["3-D", "list"])
def test_two_dimensions_equal_one_channel(tokenizer, waves, convert):
    X, _ = waves
    flat, full = clone(tokenizer).fit(X[:, 0]), clone(tokenizer).fit(convert(X))
    tokens = flat.transform(X[:, 0])
    assert_array_equal(tokens, full.transform(convert(X)))
    assert_array_equal(tokens, flat.transform(X[:, :1]))
    assert_array_equal(flat.inverse_transform(tokens), full.inverse_transform(tokens)[:, 0])


@pytest.mark.parametrize("given, out", [("f4", "f4"), ("f8", "f8"), ("i4", "f8")])
def test_series_keep_their_dtype(tokenizer, waves, given, out):
    X = (10 * waves[0]).astype(given)
    fitted = clone(tokenizer).fit(X)
    assert fitted.inverse_transform(fitted.transform(X)).dtype == out


def test_decoded_values_stay_near_the_range_of_the_train_set(tokenizer, waves):
    X = np.concatenate([waves[0], 10 * waves[0]], axis=1)
    fitted = clone(tokenizer).fit(X)
    with torch.no_grad():
        for name, weight in fitted.module_.named_parameters():
            if "decoder" in name:
                weight.mul_(30)
    decoded = fitted.inverse_transform(fitted.tokenize(X))
    low, high = X.min(axis=(0, 2)), X.max(axis=(0, 2))
    margin = (high - low) / 4
    assert_allclose(decoded.min(axis=(0, 2)), low - margin, rtol=1e-5)
    assert_allclose(decoded.max(axis=(0, 2)), high + margin, rtol=1e-5)


def test_parts_of_the_data_widen_the_range(waves):
    X, _ = waves
    fitted = VQVAETokenizer(random_state=0).partial_fit(X).partial_fit(3 * X[:10])
    assert_array_equal(fitted.low_, np.minimum(X.min(axis=(0, 2)), 3 * X[:10].min(axis=(0, 2))))
    assert_array_equal(fitted.high_, np.maximum(X.max(axis=(0, 2)), 3 * X[:10].max(axis=(0, 2))))


def test_scaling_is_learnt_at_fit(tokenizer, waves):
    X, _ = waves
    moved = X * [[3.0], [0.2]] + [[5.0], [-1.0]]
    plain, scaled = clone(tokenizer).fit(X), clone(tokenizer).fit(moved)
    assert_allclose(scaled.mean_, moved.mean(axis=(0, 2)))
    assert_allclose(scaled.scale_, moved.std(axis=(0, 2)))
    same = plain.transform(X) == scaled.transform(moved)
    assert same.mean() > 0.99  # not all, since the scaled values are rounded differently


def test_outputs_follow_from_the_tokens(tokenizer, waves):
    X, _ = waves
    fitted = clone(tokenizer).fit(X)
    tokens, codebook = fitted.transform(X), fitted.codebook_
    pools = {
        "mean": [lambda latents: latents.mean(axis=1)],
        "max": [lambda latents: latents.max(axis=1)],
        None: [lambda latents: latents.reshape(len(X), -1)],
    }
    pools["mean_max"] = pools["mean"] + pools["max"]
    latents = [sum(codebook[tokens[:, part]] for part, _ in streams) for _, streams in branches(fitted)]
    expected = {
        pooling: np.hstack([pool(of_branch) for of_branch in latents for pool in functions])
        for pooling, functions in pools.items()
    }
    for pooling, embedding in expected.items():
        fitted.set_params(output="embedding", pooling=pooling)
        assert_allclose(fitted.transform(X), embedding)
        assert_array_equal(fitted.embed(X), fitted.transform(X))
        assert_array_equal(fitted.tokenize(X), tokens)
        assert fitted.get_feature_names_out().shape == embedding.shape[1:]
    histogram = fitted.set_params(output="histogram").transform(X)
    assert_allclose(histogram, [np.bincount(row, minlength=len(codebook)) / len(row) for row in tokens])
    frame = fitted.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(fitted.get_feature_names_out())


def test_code_statistics(tokenizer, waves):
    X, _ = waves
    fitted = clone(tokenizer).fit(X)
    assert_array_equal(
        fitted.codebook_usage_, np.bincount(fitted.transform(X).ravel(), minlength=len(fitted.codebook_))
    )
    share = fitted.codebook_usage_ / fitted.codebook_usage_.sum()
    assert_allclose(fitted.perplexity_, np.exp(-sum(p * np.log(p) for p in share if p)))
    bits = 0
    for part in fitted.token_slices_:
        stream = fitted.transform(X)[:, part]
        bits += stream.shape[1] * entropy(np.unique(stream, return_counts=True)[1], base=2)
    assert_allclose(fitted.bits_per_series_, bits)


def test_every_token_stands_for_time_points_of_its_stream(tokenizer, waves):
    fitted = clone(tokenizer).fit(waves[0])
    assert fitted.token_spans_.shape == (fitted.n_tokens_, 2)
    assert (fitted.token_spans_[:, 0] < fitted.token_spans_[:, 1]).all()
    assert len(fitted.token_slices_) == len(fitted.codebook_slices_)
    tokens, covered = fitted.transform(waves[0]), []
    for part, codes in zip(fitted.token_slices_, fitted.codebook_slices_, strict=True):
        assert tokens[:, part].min() >= codes.start
        assert tokens[:, part].max() < codes.stop
        covered += range(fitted.n_tokens_)[part]
        seen = {time for start, stop in fitted.token_spans_[part] for time in range(start, stop)}
        assert seen == set(range(21))
    assert covered == list(range(fitted.n_tokens_))


def test_tokens_are_nearest_codes(tokenizer, waves):
    """Of the latents, and where there are several streams of what the streams before left over."""
    X, _ = waves
    fitted = clone(tokenizer).fit(X)
    tokens, codebook = fitted.transform(X), fitted.codebook_.astype("f8")
    for branch, streams in branches(fitted):
        rest = (
            branch.bottleneck.project(branch.encoder(torch.from_numpy(fitted._scaled(X)))).detach().numpy().astype("f8")
        )
        for part, codes in streams:
            distances = np.linalg.norm(rest[:, :, np.newaxis] - codebook[codes], axis=-1)
            chosen = np.linalg.norm(rest - codebook[tokens[:, part]], axis=-1)
            assert_allclose(chosen, distances.min(axis=-1), rtol=1e-4, atol=1e-6)
            rest = rest - codebook[tokens[:, part]]


def test_warm_start_goes_on(tokenizer, waves):
    X, _ = waves
    warm = clone(tokenizer).set_params(warm_start=True).fit(X)
    assert len(warm.history_) == 2
    tokens = warm.transform(X)
    before = warm.inverse_transform(tokens)
    warm.fit(X)
    assert len(warm.history_) == 4
    assert not np.array_equal(warm.inverse_transform(tokens), before)


def test_net_params_reach_skorch(tokenizer, waves):
    X, _ = waves
    fitted = clone(tokenizer).set_params(net_params={"optimizer__weight_decay": 0.25}).fit(X)
    assert fitted.net_.optimizer_.param_groups[0]["weight_decay"] == 0.25


def test_fewer_latents_than_codes():
    X = np.random.RandomState(0).normal(size=(2, 1, 4))
    tokenizer = VQVAETokenizer(64, width=8, max_epochs=3, random_state=0).fit(X)
    assert np.isfinite(tokenizer.codebook_).all()
    assert tokenizer.transform(X).max() < 64


def test_constant_channel():
    X = np.random.RandomState(0).normal(size=(6, 2, 12))
    X[:, 1] = 7.0
    tokenizer = VQVAETokenizer(8, width=8, max_epochs=3, random_state=0).fit(X)
    assert np.isfinite(tokenizer.inverse_transform(tokenizer.transform(X))).all()


def test_training_learns():
    """After a short training the reconstruction beats k-means of whole series with as many centres as codes."""
    X, _ = make_waves(n_cases=200, n_timepoints=32, random_state=0)
    tokenizer = VQVAETokenizer(32, max_epochs=60, random_state=0).fit(X)
    centres = KMeans(32, n_init=1, random_state=0).fit(X[:, 0])
    error = np.square(X[:, 0] - centres.cluster_centers_[centres.labels_]).mean()
    assert -tokenizer.score(X) < error / 2
    assert tokenizer.history_[-1, "train_loss"] < tokenizer.history_[0, "train_loss"] / 4
    assert tokenizer.perplexity_ > 16


@pytest.mark.parametrize(
    "params, message",
    [
        ({"codebook_size": 0}, "'codebook_size' parameter of .* in the range .1, inf.. Got 0"),
        ({"beta": -1}, "'beta' parameter of .* in the range .0.0, inf.. Got -1"),
        ({"decay": 1.0}, "'decay' parameter of .* Got 1.0"),
        ({"output": "codes"}, "'output' parameter of .* Got 'codes'"),
        ({"max_epochs": 0}, "'max_epochs' parameter of .* Got 0"),
        ({"lr": 0}, "'lr' parameter of .* Got 0"),
        ({"device": "abacus"}, "'device' parameter .* Got 'abacus'"),
        ({"codebook_init": "zeros"}, "'codebook_init' parameter of .* Got 'zeros'"),
    ],
)
def test_bad_parameters(tokenizer, waves, params, message):
    with pytest.raises(ValueError, match=message):
        clone(tokenizer).set_params(**params).fit(waves[0])


def test_bad_series(tokenizer, waves):
    X, y = waves
    fitted = clone(tokenizer).fit(X)
    bad = X.copy()
    bad[3, 1, 4] = np.inf
    for method in (clone(tokenizer).fit, fitted.transform, fitted.score):
        with pytest.raises(ValueError, match="X contains infinity"):
            method(bad)
    with pytest.raises(ValueError, match="X has 1 channels, but .* is expecting 2 channels"):
        fitted.transform(X[:, :1])
    with pytest.raises(ValueError, match="X has 20 timepoints, but .* is expecting 21 timepoints"):
        fitted.transform(X[:, :, :20])
    with pytest.raises(ValueError, match="as many channels each.* Got the shapes"):
        clone(tokenizer).fit([X[0], X[1, :1]])
    with pytest.raises(ValueError, match="Got 4 dimensions"):
        clone(tokenizer).fit(X[:, np.newaxis])
    with pytest.raises(ValueError, match="at least 1 channel and 1 time point"):
        clone(tokenizer).fit(X[:, :, :0])
    with pytest.raises(ValueError, match="one label for each of the"):
        clone(tokenizer).fit(X, y[:-1])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(tokenizer).transform(X)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(tokenizer).inverse_transform([[0]])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda tokens: tokens + 100, r"must lie in the range \[0, (8|16)\)"),
        (lambda tokens: tokens - 100, r"must lie in the range \[0, (8|16)\)"),
        (lambda tokens: tokens + 0.5, "must be integers. Got [0-9]+.5"),
        (lambda tokens: tokens[:, 1:], "must have .* columns"),
    ],
)
def test_bad_tokens(tokenizer, waves, change, message):
    fitted = clone(tokenizer).fit(waves[0])
    with pytest.raises(ValueError, match=message):
        fitted.inverse_transform(change(fitted.transform(waves[0])))


def test_the_start_of_the_codes_does_not_depend_on_chunks(monkeypatch, waves):
    """What is taken of many chunks is what is taken of one: the latents of the same positions."""
    x = torch.from_numpy(np.random.RandomState(0).normal(size=(70, 1, 21)).astype("f4"))
    tokenizer, starts = VQVAETokenizer(**SMALL).fit(waves[0][:, :1]), []
    for n_values in (2**17, 21 * 8):
        monkeypatch.setattr("sktsvq.tokenizers._network._START_VALUES", n_values)
        torch.manual_seed(0)
        starts.append(tokenizer._sample_latents(tokenizer.module_, x))
    assert_allclose(starts[0], starts[1], atol=1e-5)


def test_the_start_of_the_codes_encodes_few_series_at_once():
    """Their activations would take hundreds of megabytes."""
    X, _ = make_waves(n_cases=3000, n_timepoints=140, random_state=0)
    tokenizer, sizes = VQVAETokenizer(**SMALL).fit(X[:10]), []
    module = tokenizer.module_
    module.encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].numel()))
    tokenizer._sample_latents(module, torch.from_numpy(tokenizer._scaled(X)))
    assert max(sizes) <= 2**17 and len(sizes) == 4


@pytest.mark.parametrize("dtype, out", [("f2", "f2"), (">f4", ">f4"), (">f8", ">f8")])
def test_floats_of_any_kind_come_back(dtype, out, waves):
    X = waves[0].astype(dtype)
    fitted = VQVAETokenizer(**SMALL).fit(X)
    assert fitted.inverse_transform(fitted.transform(X)).dtype == np.dtype(out)


def test_lists_and_object_arrays_of_series(waves):
    X = waves[0]
    fitted = VQVAETokenizer(**SMALL).fit(X)
    expected = fitted.transform(X)
    objects = np.empty(len(X), dtype=object)
    objects[:] = list(X)
    for form in (list(X), X.tolist(), objects, [torch.from_numpy(case) for case in X]):
        assert_array_equal(fitted.transform(form), expected)


def test_a_channel_that_is_constant_up_to_rounding(waves):
    """Its standard deviation comes out as 1.8e-15; dividing by that would blow rounding up."""
    X = np.concatenate([waves[0], np.full_like(waves[0][:, :1], 14.62)], axis=1)
    fitted = VQVAETokenizer(**SMALL).fit(X)
    assert fitted.scale_[2] == 1.0
    assert (fitted.transform(X) == fitted.transform(X.astype("f4"))).mean() > 0.97
    far = waves[0] * 1e-3 + 1e6
    assert_allclose(VQVAETokenizer(**SMALL).fit(far).scale_, far.std(axis=(0, 2)))


@pytest.mark.parametrize("factor", [1e155, 1e300])
def test_values_that_overflow_are_told(factor, waves):
    with pytest.raises(ValueError, match="must have a variance below"):
        VQVAETokenizer(**SMALL).fit(waves[0] * factor)
    fitted = VQVAETokenizer(**SMALL).fit(waves[0])
    with pytest.raises(ValueError, match="standard deviations of the mean seen in fit"):
        fitted.transform(waves[0] * factor)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_map_is_not_copied(tmp_path, dtype):
    """A million series from a memory map take less than 1.5 GB, the pages of the file and the tokens included."""
    shape = (1_000_000, 1, 140)
    series = np.memmap(tmp_path / "series", dtype=dtype, mode="w+", shape=shape)
    rng = np.random.default_rng(0)
    for start in range(0, len(series), 50_000):
        series[start : start + 50_000] = rng.standard_normal((50_000, 1, 140), dtype=np.float32)
    tokenizer = VQVAETokenizer(16, width=8, max_epochs=1, random_state=0).fit(np.array(series[:100]))
    joblib.dump(tokenizer, tmp_path / "tokenizer")
    del series
    code = f"""
import joblib, numpy as np
def resident(field):
    line = next(line for line in open("/proc/self/status") if line.startswith(field))
    return int(line.split()[1]) * 1024
tokenizer = joblib.load({str(tmp_path / "tokenizer")!r})
series = np.memmap({str(tmp_path / "series")!r}, dtype={dtype!r}, mode="r", shape={shape})
before = resident("VmRSS")
assert tokenizer.transform(series).shape == (1_000_000, 35)
print(resident("VmHWM") - before)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1.5e9
