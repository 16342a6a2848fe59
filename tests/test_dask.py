"""Fitted estimators on dask arrays give what they give on the arrays themselves."""

import copy
import pickle
import re

import numpy as np
import pytest
from conftest import SMALL
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktsvq import metrics
from sktsvq.base import draw_seed
from sktsvq.generator import VQGenerator, sample_series
from sktsvq.metrics import SeriesFeatures
from sktsvq.priors import MarkovPrior
from sktsvq.representation import Autoencoder
from sktsvq.tokenizers import VQVAETokenizer

dask = pytest.importorskip("dask", reason="needs the extra dask")
import cloudpickle  # noqa: E402
import dask.array as da  # noqa: E402

from sktsvq import dask as chunked  # noqa: E402

CHUNKS = (13, 0, 7, 10)


@pytest.fixture(scope="module")
def labelled_generator(waves):
    return VQGenerator(VQVAETokenizer(**SMALL), MarkovPrior(), random_state=0).fit(*waves)


def in_chunks(array):
    """The array in chunks of unequal sizes, one of them empty."""
    return da.from_array(array, chunks=(CHUNKS, *array.shape[1:]))


def test_series_to_tokens_and_back(tokenizer, waves):
    tokenizer = clone(tokenizer).fit(waves[0])
    tokens = chunked.transform(tokenizer, in_chunks(waves[0]))
    assert tokens.chunks == (CHUNKS, (tokenizer.n_tokens_,))
    assert tokens.dtype == np.int64
    assert_array_equal(tokens.compute(), tokenizer.transform(waves[0]))
    back = chunked.inverse_transform(tokenizer, tokens)
    assert back.chunks == (CHUNKS, (2,), (21,))
    assert back.dtype == waves[0].dtype
    assert_allclose(back.compute(), tokenizer.inverse_transform(tokens.compute()), rtol=1e-5, atol=1e-6)
    assert_array_equal(chunked.codebook_usage(tokenizer, in_chunks(waves[0])).compute(), tokenizer.codebook_usage_)
    assert_allclose(chunked.score(tokenizer, in_chunks(waves[0])), tokenizer.score(waves[0]), rtol=1e-6)


@pytest.mark.parametrize("params", [{"output": "embedding", "pooling": None}, {"output": "histogram"}])
def test_other_outputs_of_2d_float32_series(labelled_generator, waves, params):
    X = waves[0][:, 0].astype(np.float32)
    tokenizer = clone(labelled_generator.tokenizer).set_params(**params).fit(X)
    out = chunked.transform(tokenizer, in_chunks(X))
    assert out.dtype == np.float32
    assert out.shape == tokenizer.transform(X).shape
    assert_allclose(out.compute(), tokenizer.transform(X), rtol=1e-5)
    tokens = chunked.transform(tokenizer.set_params(output="tokens"), in_chunks(X))
    assert chunked.inverse_transform(tokenizer, tokens).chunks == (CHUNKS, (21,))


def test_nothing_is_computed_before_its_time(labelled_generator, waves):
    taken = []

    def block(rows):
        taken.append(len(rows))
        return rows

    lazy = in_chunks(waves[0]).map_blocks(block, meta=waves[0][:0])
    tokens = chunked.transform(labelled_generator.tokenizer_, lazy)
    series = chunked.inverse_transform(labelled_generator.tokenizer_, tokens)
    chunked.score_samples(labelled_generator, lazy)
    assert taken == []
    series.blocks[2].compute()
    assert taken == [CHUNKS[2]]


def test_one_task_alone_holds_the_estimator(labelled_generator):
    size = len(pickle.dumps(labelled_generator.tokenizer_))
    X = da.random.random((40, 2, 21), chunks=(2, -1, -1))
    for result in (
        chunked.transform(labelled_generator.tokenizer_, X),
        chunked.score_samples(labelled_generator, X),
        chunked.sample(labelled_generator, 40, chunk_size=2, random_state=0),
    ):
        (optimized,) = dask.optimize(result)
        tasks = dict(optimized.__dask_graph__()).values()
        assert len(tasks) > 20
        assert sum(len(cloudpickle.dumps(task)) > size / 2 for task in tasks) == 1


def test_encoders_pipelines_and_features(labelled_generator, waves):
    X = in_chunks(waves[0])
    encoder = Autoencoder(4, width=8, n_blocks=1, max_epochs=1, random_state=0).fit(waves[0])
    assert_allclose(chunked.transform(encoder, X).compute(), encoder.transform(waves[0]), rtol=1e-5, atol=1e-6)
    assert_allclose(chunked.score(encoder, X), encoder.score(waves[0]), rtol=1e-6)
    pipeline = make_pipeline(clone(labelled_generator.tokenizer), MarkovPrior()).fit(*waves)
    tokens = chunked.transform(pipeline[:-1], X)
    assert_array_equal(tokens.compute(), pipeline[:-1].transform(waves[0]))
    assert_allclose(chunked.score(pipeline, X), pipeline.score(waves[0]))
    assert chunked.sample(pipeline, 3, random_state=0).compute().shape == (3, 2, 21)


def test_likelihoods_and_scores_know_the_labels(labelled_generator, waves):
    X, y = in_chunks(waves[0]), waves[1]
    for labels in (None, y):
        expected = labelled_generator.score_samples(waves[0], labels)
        assert_allclose(chunked.score_samples(labelled_generator, X, labels).compute(), expected)
        assert_allclose(chunked.score(labelled_generator, X, labels), expected.mean())
    in_other_chunks = da.from_array(y, chunks=4)
    assert_allclose(chunked.score_samples(labelled_generator, X, in_other_chunks).compute(), expected)
    labels_matter = labelled_generator.score_samples(waves[0], y[::-1])
    assert not np.allclose(expected, labels_matter)
    of_tokens = labelled_generator.prior_.score_samples(labelled_generator.tokenizer_.transform(waves[0]), y)
    tokens = chunked.transform(labelled_generator.tokenizer_, X)
    assert_allclose(chunked.score_samples(labelled_generator.prior_, tokens, y).compute(), of_tokens)


def test_a_score_counts_each_known_value_once(labelled_generator, waves):
    X = waves[0].copy()
    X[:5, :, :15] = np.nan  # so the first chunk weighs less
    tokenizer = labelled_generator.tokenizer_
    assert_allclose(chunked.score(tokenizer, in_chunks(X)), tokenizer.score(X), rtol=1e-6)


def test_chunks_of_unknown_size(labelled_generator, waves):
    X = in_chunks(waves[0])
    some = X[X[:, 0, 0] > 0]
    known = waves[0][waves[0][:, 0, 0] > 0]
    assert np.isnan(some.shape[0])
    tokenizer = labelled_generator.tokenizer_
    assert_array_equal(chunked.transform(tokenizer, some).compute(), tokenizer.transform(known))
    assert_allclose(chunked.score(tokenizer, some), tokenizer.score(known), rtol=1e-6)
    labels = da.from_array(waves[1], chunks=(CHUNKS,))[X[:, 0, 0] > 0]
    expected = labelled_generator.score_samples(known, waves[1][waves[0][:, 0, 0] > 0])
    assert_allclose(chunked.score_samples(labelled_generator, some, labels).compute(), expected)
    with pytest.raises(ValueError, match=re.escape("y must be in 4 chunks, as X is. Got 1 instead.")):
        chunked.score_samples(labelled_generator, some, waves[1])


class TestSample:
    def test_the_scheduler_does_not_matter(self, labelled_generator):
        new = chunked.sample(labelled_generator, 25, chunk_size=10, random_state=0)
        assert new.chunks == ((10, 10, 5), (2,), (21,))
        serial = new.compute(scheduler="synchronous")
        assert serial.dtype == new.dtype
        assert_array_equal(new.compute(scheduler="threads"), serial)
        again = chunked.sample(labelled_generator, 25, chunk_size=10, random_state=0)
        assert_array_equal(again.compute(), serial)
        assert_array_equal(new.blocks[1].compute(), serial[10:20])
        other = chunked.sample(labelled_generator, 25, chunk_size=10, random_state=1)
        assert not np.array_equal(other.compute(), serial)

    def test_chunks_differ(self, labelled_generator):
        new = chunked.sample(labelled_generator, 40, chunk_size=10, random_state=0).compute().reshape(4, -1)
        assert len(np.unique(new, axis=0)) == 4

    def test_without_a_random_state(self, labelled_generator):
        new = [chunked.sample(labelled_generator, 20, chunk_size=10) for _ in range(2)]
        assert_array_equal(new[0].compute(), new[0].compute())
        assert not np.array_equal(new[0].compute(), new[1].compute())

    def test_of_classes(self, labelled_generator):
        generator = labelled_generator
        for y, labels in (("b", ["b"] * 12), (list("abc") * 4, list("abc") * 4)):
            new = chunked.sample(generator, 12, y=y, chunk_size=5, random_state=0).compute()
            seed = int(np.random.SeedSequence([draw_seed(0), 1]).generate_state(1)[0] >> 1)
            assert_array_equal(new[5:10], sample_series(generator, 5, y=labels[5:10], random_state=seed))

    def test_of_a_prior(self, labelled_generator):
        plain = copy.copy(labelled_generator)
        plain.noise_ = None
        tokens = chunked.sample(plain.prior_, 20, chunk_size=10, random_state=0)
        assert tokens.dtype == np.int64
        expected = chunked.sample(plain, 20, chunk_size=10, random_state=0).compute()
        series = chunked.inverse_transform(plain.tokenizer_, tokens)
        assert_allclose(series.compute(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:The Frechet distance of")
@pytest.mark.parametrize("n_features", [1, 4, 20])
def test_frechet_distance(n_features):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(n_features, n_features))
    real = rng.normal(size=(50, n_features)) @ mixing + 1000
    generated = rng.normal(size=(30, n_features)) + 1001
    expected = metrics.frechet_distance(real, generated)
    for chunks in (7, 50, (1, 0, 9, 40)):
        got = chunked.frechet_distance(da.from_array(real, (chunks, -1)), da.from_array(generated, (11, -1)))
        assert_allclose(got, expected, rtol=1e-9)


def test_frechet_distance_of_a_generator(labelled_generator, waves):
    extractor = SeriesFeatures(3).fit(waves[0])
    new = chunked.sample(labelled_generator, 40, chunk_size=15, random_state=0)
    features = [chunked.transform(extractor, X) for X in (in_chunks(waves[0]), new)]
    with pytest.warns(UserWarning, match="of 30 real and 40 generated rows means little"):
        got = chunked.frechet_distance(*features)
    with pytest.warns(UserWarning, match="of 30 real and 40 generated rows means little"):
        assert_allclose(got, metrics.frechet_distance(*(one.compute() for one in features)), rtol=1e-9)


def test_no_array_holds_series_of_unequal_length(waves):
    """What goes in may be filled up with NaN; what comes out is a list."""
    X = waves[0].copy()
    X[::2, :, 15:] = np.nan
    lists = [case[:, : 15 if i % 2 == 0 else 21] for i, case in enumerate(X)]
    pipeline = make_pipeline(VQVAETokenizer(**SMALL), MarkovPrior()).fit(lists)
    generator = VQGenerator(VQVAETokenizer(**SMALL), MarkovPrior(), random_state=0).fit(lists)
    tokenizer = generator.tokenizer_
    tokens = chunked.transform(tokenizer, in_chunks(X))
    assert_array_equal(tokens.compute(), tokenizer.transform(lists))
    assert_allclose(chunked.score(generator, in_chunks(X)), generator.score(lists))
    for name, call in [
        ("VQGenerator", lambda: chunked.sample(generator, 4)),
        ("Pipeline", lambda: chunked.sample(pipeline, 4)),
        ("VQVAETokenizer", lambda: chunked.inverse_transform(tokenizer, tokens)),
    ]:
        with pytest.raises(ValueError, match=f"{name} must be fitted on series of one length, the only ones that a"):
            call()


def test_mistakes_are_told_at_once(labelled_generator, waves):
    generator, tokenizer = labelled_generator, labelled_generator.tokenizer_
    X = da.from_array(waves[0], chunks=(10, -1, -1))
    mistakes = [
        (lambda: chunked.transform(tokenizer, waves[0]), TypeError, "X must be a dask array. Got ndarray instead."),
        (
            lambda: chunked.transform(tokenizer, X.rechunk((10, 1, -1))),
            ValueError,
            "X must be in one chunk along all axes but the first. Got (3, 2, 1) chunks instead: call "
            "X.rechunk({1: -1, 2: -1}).",
        ),
        (lambda: chunked.score(tokenizer, X.rechunk((10, -1, 7))), ValueError, "Got (3, 1, 3) chunks instead"),
        (lambda: chunked.codebook_usage(tokenizer, X[:, 0, 0]), ValueError, "X must have at least 2 dimensions. Got 1"),
        (lambda: chunked.transform(tokenizer, X[:, :1]), ValueError, "is expecting 2 channels as input"),
        (lambda: chunked.transform(clone(tokenizer), X), NotFittedError, "VQVAETokenizer instance is not fitted yet"),
        (
            lambda: chunked.inverse_transform(tokenizer, da.zeros((4, 3), dtype=int)),
            ValueError,
            "tokens of VQVAETokenizer must have 21 columns. Got 3 instead.",
        ),
        (
            lambda: chunked.score_samples(generator, X, waves[1][:7]),
            ValueError,
            "y must hold one label for each of the 30 rows of X. Got shape (7,) instead.",
        ),
        (lambda: chunked.sample(generator, 0), ValueError, "The 'n_samples' parameter of sample must be"),
        (lambda: chunked.sample(generator, 4, chunk_size=0), ValueError, "'chunk_size' parameter of sample"),
        (lambda: chunked.sample(generator, 4, y=["a", "b"]), ValueError, "one label, or hold 4. Got"),
        (lambda: chunked.sample(generator, 4, y=list("aaaz")), ValueError, "Got 'z' instead"),
        (lambda: chunked.frechet_distance(X, X), ValueError, "features_real must be a 2-D array. Got 3 dimensions"),
        (lambda: chunked.frechet_distance(X[:, 0], X[:, 0, :3]), ValueError, "as many features as features_real, 21"),
        (lambda: chunked.frechet_distance(X[:, 0], X[:1, 0]), ValueError, "must hold at least 2 rows. Got 1"),
        (lambda: chunked.frechet_distance(X[:, 0] * np.nan, X[:, 0]), ValueError, "Input features_real contains NaN"),
    ]  # fmt: skip
    for number, (call, kind, message) in enumerate(mistakes):
        with pytest.raises(kind, match=re.escape(message)):
            call()
            pytest.fail(f"mistake {number} was not told")


def test_two_workers_give_what_one_process_gives(cluster, labelled_generator, waves):
    X = in_chunks(waves[0])
    tokens = chunked.transform(labelled_generator.tokenizer_, X)
    new = chunked.sample(labelled_generator, 25, chunk_size=5, random_state=0)
    with dask.config.set(scheduler="synchronous"):
        expected = dask.compute(tokens, new)
    with cluster.as_current():
        got = dask.compute(tokens, new)
        score = chunked.score(labelled_generator.tokenizer_, X)
    assert_array_equal(got[0], expected[0])
    assert_array_equal(got[1], expected[1])
    assert_allclose(score, labelled_generator.tokenizer_.score(waves[0]), rtol=1e-6)
