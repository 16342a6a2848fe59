"""Series of unequal length, as lists, in tokenizers, encoders, priors, generators and classifiers."""

import warnings

import numpy as np
import pytest
from conftest import PRIORS, TOKENIZERS, describe, small_parts
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ks_2samp
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import sktsvq
from sktsvq import inspection
from sktsvq._gaps import pad_cases
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator, sample_series
from sktsvq.oversampling import VQOversampler
from sktsvq.priors import MaskGITPrior
from sktsvq.representation import (
    Autoencoder,
    FineTunedClassifier,
    MaskedAutoencoder,
    SiameseEncoder,
    VariationalAutoencoder,
)
from sktsvq.tokenizers import VQVAETokenizer

N_TIMEPOINTS = 21


def lengths_of(X):
    return np.array([np.shape(case)[-1] for case in X])


@pytest.fixture(scope="module")
def uneven(waves):
    """The series of `waves`, cut to 7 to 21 time points; their ends are far from the mean."""
    lengths = np.random.RandomState(0).randint(7, N_TIMEPOINTS + 1, size=len(waves[0]))
    lengths[:2] = 7, N_TIMEPOINTS
    return [
        case[:, :length] + 5 * (np.arange(length) == length - 1) for case, length in zip(waves[0], lengths, strict=True)
    ]


SMALL_SIAMESE = SiameseEncoder(dim=4, width=8, n_blocks=1, projector_dim=8, max_epochs=2, random_state=0)


class TestTokenizers:
    def test_scaling_counts_the_series_alone(self, tokenizer, uneven):
        fitted = clone(tokenizer).fit(uneven)
        values = np.concatenate(uneven, axis=1)
        assert_allclose(fitted.mean_, values.mean(axis=1))
        assert_allclose(fitted.scale_, values.std(axis=1))
        assert fitted.unequal_length_in_
        assert fitted.n_timepoints_in_ == N_TIMEPOINTS

    def test_lengths_come_back_as_whole_tokens(self, tokenizer, uneven):
        fitted = clone(tokenizer).fit(uneven)
        tokens = fitted.transform(uneven)
        X = fitted.inverse_transform(tokens)
        rate = np.diff(fitted.token_spans_[fitted.token_slices_[0]]).max()
        assert np.abs(lengths_of(X) - lengths_of(uneven)).max() <= rate / 2
        assert np.isfinite(np.concatenate(X, axis=1)).all()
        assert all(case.dtype == uneven[0].dtype for case in X)

    def test_end_codes_stand_behind_the_end(self, tokenizer, uneven):
        fitted = clone(tokenizer).fit(uneven)
        tokens = fitted.transform(uneven)
        vocabulary = fitted.vocabulary_
        for part, codes in zip(vocabulary.token_slices, vocabulary.codebook_slices, strict=True):
            spans = vocabulary.token_spans[part]
            beyond = (spans.mean(axis=1) >= lengths_of(uneven)[:, np.newaxis]) & (spans[:, 0] > 0)
            assert beyond.any()
            assert_array_equal(tokens[:, part] == codes.stop - 1, beyond)
        vocabulary.check_streams(tokens, "test")

    def test_score_counts_the_series_alone(self, uneven):
        fitted = clone(TOKENIZERS[0]).fit(uneven)
        X = fitted.inverse_transform(fitted.transform(uneven))
        errors = np.concatenate([(a - b).ravel() for a, b in zip(uneven, X, strict=True)])
        assert fitted.n_tokens_ == N_TIMEPOINTS
        assert_allclose(fitted.score(uneven), -np.mean(errors**2))

    @pytest.mark.parametrize("output", ["tokens", "embedding", "histogram"])
    def test_forms_of_one_collection(self, tokenizer, uneven, output):
        fitted = clone(tokenizer).set_params(output=output).fit(uneven)
        Z = fitted.transform(uneven)
        assert np.isfinite(Z).all()
        assert_array_equal(fitted.transform(pad_cases(uneven)), Z)
        assert_array_equal(fitted.transform(uneven[2:5]), Z[2:5])
        assert_array_equal(fitted.transform([uneven[0]]), Z[:1])

    def test_embeddings_leave_ends_out(self, uneven):
        fitted = clone(TOKENIZERS[0]).set_params(pooling="mean_max").fit(uneven)
        tokens, (length, *_) = fitted.tokenize(uneven), lengths_of(uneven)
        vectors = fitted.codebook_[tokens[0, :length]]
        assert_allclose(fitted.embed(uneven)[0], np.r_[vectors.mean(axis=0), vectors.max(axis=0)], rtol=1e-5)

    def test_one_channel(self, uneven):
        rows = [case[0] for case in uneven]
        fitted = clone(TOKENIZERS[0]).fit(rows)
        X = fitted.inverse_transform(fitted.transform(rows))
        assert_array_equal([case.shape for case in X], [case.shape for case in rows])

    def test_longer_series_are_cut(self, uneven):
        fitted = clone(TOKENIZERS[0]).fit(uneven)
        longer = [np.concatenate([uneven[1], uneven[1]], axis=1), *uneven[2:]]
        with pytest.warns(UserWarning, match="1 of 29 series of X are longer .* after time point 21 are left out"):
            tokens = fitted.transform(longer)
        assert_array_equal(tokens, fitted.transform(uneven[1:]))

    def test_save_and_load(self, uneven, tmp_path):
        fitted = clone(TOKENIZERS[0]).fit(uneven)
        fitted.save(tmp_path / "tokenizer")
        loaded = sktsvq.load(tmp_path / "tokenizer")
        tokens = loaded.transform(uneven)
        assert_array_equal(tokens, fitted.transform(uneven))
        for case, other in zip(loaded.inverse_transform(tokens), fitted.inverse_transform(tokens), strict=True):
            assert_array_equal(case, other)

    def test_early_stopping_and_warm_start(self, uneven):
        fitted = clone(TOKENIZERS[0]).set_params(early_stopping=True, warm_start=True).fit(uneven)
        before = len(fitted.history_)
        assert len(fitted.fit(uneven).history_) > before

    def test_one_length_is_as_before(self, waves):
        fitted = clone(TOKENIZERS[0]).fit(list(waves[0]))
        assert not fitted.unequal_length_in_
        assert "ends" not in fitted.module_config_
        assert not fitted.vocabulary_.has_ends
        with pytest.raises(ValueError, match="must hold series of 21 time points, the one length .* from 9 to 21"):
            fitted.transform([waves[0][0], waves[0][1][:, :9]])


@pytest.fixture(scope="module")
def fitted(uneven, waves):
    return VQGenerator(clone(TOKENIZERS[0]), clone(PRIORS[-1]), random_state=0).fit(uneven, waves[1])


class TestGenerators:
    @pytest.mark.parametrize("prior", PRIORS, ids=describe)
    def test_samples(self, uneven, waves, prior):
        generator = VQGenerator(clone(TOKENIZERS[2]), clone(prior), random_state=0).fit(uneven, waves[1])
        X = generator.sample(20, y=["a"] * 20, random_state=0)
        assert isinstance(X, list)
        assert all(case.shape[0] == 2 and 1 <= case.shape[1] <= N_TIMEPOINTS for case in X)
        assert np.isfinite(generator.score_samples(uneven, waves[1])).all()
        assert_array_equal(np.concatenate(generator.sample(20, y=["a"] * 20, random_state=0), 1), np.concatenate(X, 1))

    def test_lengths_are_learnt(self, fitted, uneven):
        lengths = lengths_of(fitted.sample(200, random_state=0))
        assert ks_2samp(lengths, lengths_of(uneven)).pvalue > 0.01
        assert lengths.std() > 2

    def test_gaps(self, fitted, uneven):
        gaps = [case.copy() for case in uneven]
        for case in gaps[1:]:
            case[0, 3:6] = np.nan
        filled = fitted.impute(gaps, random_state=0)
        for case, given, whole in zip(filled, gaps, uneven, strict=True):
            assert case.shape == whole.shape
            assert_array_equal(case[~np.isnan(given)], given[~np.isnan(given)])
            assert np.isfinite(case).all()
        draws = fitted.impute(gaps, n_draws=3, random_state=0)
        assert len(draws) == 3
        assert_array_equal([case.shape for case in draws[2]], [case.shape for case in uneven])

    def test_a_gap_at_the_end_of_an_item_is_filled(self, fitted, uneven):
        gaps = [case.copy() for case in uneven]
        for case in gaps:
            case[:, -2:] = np.nan
        filled = fitted.impute(gaps, random_state=0)
        assert [case.shape for case in filled] == [case.shape for case in uneven]
        assert all(np.isfinite(case).all() for case in filled)
        # An array does not tell a gap at the end from the end.
        ended = fitted.impute(pad_cases(gaps), random_state=0)
        assert [case.shape[1] for case in ended] == [case.shape[1] - 2 for case in uneven]

    def test_time_points(self, fitted, uneven):
        surprise = fitted.score_timepoints(uneven)
        assert surprise.shape == (30, N_TIMEPOINTS)
        assert_allclose(surprise.sum(axis=1), -fitted.score_samples(uneven))
        with pytest.raises(ValueError, match="must be fitted on series of one length to forecast"):
            fitted.forecast(uneven, 3)

    def test_a_pipeline(self, uneven):
        tokenizer, prior = small_parts()
        assert len(sample_series(make_pipeline(tokenizer, prior).fit(uneven), 5, random_state=0)) == 5


class TestDisplays:
    @pytest.fixture(autouse=True)
    def backend(self):
        pytest.importorskip("matplotlib").use("Agg")

    @pytest.mark.parametrize("name", ["AnomalyDisplay", "ReconstructionDisplay", "SamplesDisplay", "TokenDisplay"])
    def test_take_lists(self, name, fitted, uneven):
        display = getattr(inspection, name).from_estimator(fitted, uneven)
        assert any(line.get_xydata().size for axes in display.figure_.axes for line in axes.lines)

    def test_odd_series_of_any_lengths(self, fitted, uneven):
        short = [case[:, :9] for case in uneven]
        assert inspection.AnomalyDisplay.from_estimator(fitted, short, n_cases=30).surprise.shape == (30, N_TIMEPOINTS)
        with pytest.warns(UserWarning, match="longer than those"):
            longer = [np.concatenate([uneven[1]] * 2, axis=1), *uneven[2:]]
            display = inspection.AnomalyDisplay.from_estimator(fitted, longer, n_cases=29)
        assert display.series.shape == (29, 2, N_TIMEPOINTS)

    def test_reconstructions_are_cut_to_whole_tokens(self, uneven):
        fitted = clone(TOKENIZERS[0]).set_params(downsampling_rate=4).fit(uneven)
        display = inspection.ReconstructionDisplay.from_estimator(fitted, uneven, n_cases=30)
        whole = np.minimum(lengths_of(fitted.inverse_transform(fitted.transform(uneven))), lengths_of(uneven))
        assert_array_equal(lengths_of(display.originals), whole)
        assert np.isfinite(display.errors_).all()

    def test_end_codes_have_no_pieces(self, fitted, uneven):
        display = inspection.CodebookDisplay.from_estimator(fitted, uneven)
        used = display.usage[:-1] > 0
        assert display.usage[-1] > 0
        assert [len(pieces) > 0 for pieces in display.pieces] == [*used, False]

    def test_gaps(self, fitted, uneven):
        gaps = [np.where(np.arange(case.shape[1]) == 3, np.nan, case) for case in uneven]
        display = inspection.ForecastDisplay.from_gaps(fitted, gaps, n_cases=30, n_draws=5)
        known = ~np.isnan(pad_cases(uneven))
        assert np.isfinite(display.draws[:, known]).all()

    def test_embeddings_and_scores(self, fitted, uneven, waves):
        display = inspection.EmbeddingDisplay.from_estimator(fitted, uneven, waves[1], random_state=0)
        assert all(np.isfinite(rows).all() for pair in display.points.values() for rows in pair)
        with pytest.warns(UserWarning, match="Scores of 30 held-out series"):
            display = inspection.ScoreDisplay.from_estimator(fitted, uneven, None, uneven, None, n_resamples=2)
        assert "frechet_distance" in display.scores_


def test_classifiers_average_up_to_the_end(uneven, waves):
    fitted = FCNClassifier(max_epochs=2, random_state=0).fit(uneven, waves[1])
    series = fitted._scaled(pad_cases(uneven))
    import torch

    with torch.inference_mode():
        z = fitted.module_.layers(torch.from_numpy(series))
    expected = [case[:, :length].mean(dim=1).numpy() for case, length in zip(z, lengths_of(uneven), strict=True)]
    assert_allclose(fitted.transform(uneven), expected, rtol=1e-4, atol=1e-6)
    assert_array_equal(fitted.predict_proba(uneven[3:5]), fitted.predict_proba(uneven)[3:5])


@pytest.mark.parametrize("encoder", [Autoencoder(4, max_epochs=2), SiameseEncoder(max_epochs=2)], ids=str)
def test_encoders(encoder, uneven):
    fitted = clone(encoder).set_params(width=8, random_state=0).fit(uneven)
    Z = fitted.transform(uneven)
    assert np.isfinite(Z).all()
    assert_array_equal(fitted.transform(uneven[4:6]), Z[4:6])


def test_oversampling(uneven, waves):
    X, y = uneven[3:], np.sort(waves[1])[3:]
    sampler = VQOversampler(VQGenerator(*small_parts()), random_state=0)
    X_all, y_all = sampler.fit_resample(X, y)
    assert_array_equal(np.unique(y_all, return_counts=True)[1], [10, 10, 10])
    for case, given in zip(X_all, X, strict=False):
        assert_array_equal(case, given)
    assert len(X_all) == 30 and {case.shape[0] for case in X_all} == {2}
    assert max(lengths_of(X_all)) == N_TIMEPOINTS
    X_same, _ = sampler.fit_resample(X_all, y_all)
    assert_array_equal(lengths_of(X_same), lengths_of(X_all))


@pytest.mark.parametrize("part", [SMALL_SIAMESE, TOKENIZERS[0], TOKENIZERS[7]], ids=lambda part: type(part).__name__)
def test_fine_tuning(part, uneven, waves):
    encoder = clone(part).fit(uneven)
    fitted = FineTunedClassifier(encoder, freeze=True, max_epochs=3, random_state=0).fit(uneven, waves[1])
    proba = fitted.predict_proba(uneven)
    assert_allclose(fitted.predict_proba(uneven[3:5]), proba[3:5], atol=1e-6)
    assert_allclose(fitted.predict_proba(pad_cases(uneven)), proba)
    # The linear layer sees the embedding up to the end of each series, standardised on the train set.
    z = fitted._map_series(encoder.module_.embed, pad_cases(uneven))
    logits = ((z - z.mean(axis=0)) / z.std(axis=0)) @ fitted.module_.final.weight.detach().numpy().T
    logits = np.exp(logits + fitted.module_.final.bias.detach().numpy())
    assert_allclose(proba, logits / logits.sum(axis=1, keepdims=True), rtol=1e-3)
    # Lengths may be equal, and any up to the longest that the encoder has seen.
    short = FineTunedClassifier(encoder, max_epochs=1, random_state=0).fit([x[:, :7] for x in uneven], waves[1])
    assert short.predict(uneven).shape == (30,)
    scratch = FineTunedClassifier(clone(part), from_scratch=True, max_epochs=1, random_state=0).fit(uneven, waves[1])
    assert scratch.predict(uneven).shape == (30,)


class TestRefusals:
    """What does not take unequal lengths says so in one sentence."""

    @pytest.mark.parametrize(
        "estimator",
        [
            VariationalAutoencoder(max_epochs=2),
            FineTunedClassifier(MaskedAutoencoder(max_epochs=2), max_epochs=2),
            MaskedAutoencoder(max_epochs=2),
        ],
        ids=lambda estimator: type(estimator).__name__,
    )
    def test_estimators(self, estimator, uneven, waves):
        with pytest.raises(ValueError, match="must hold series of one length: .* Got lengths from 7 to 21"):
            estimator.fit(uneven, waves[1])

    def test_channels(self, uneven):
        with pytest.raises(ValueError, match="of as many channels each"):
            clone(TOKENIZERS[0]).fit([uneven[0], uneven[1][:1]])


@pytest.mark.slow
def test_japanese_vowels():
    """Sampled lengths are those of held-out series; a classifier learns as much from samples as from real series."""
    from aeon.datasets import load_japanese_vowels

    X, y = load_japanese_vowels(split="train")
    X_test, y_test = load_japanese_vowels(split="test")
    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(X, y)
    new = generator.sample(len(X), y=y, random_state=0)
    assert ks_2samp(lengths_of(new), lengths_of(X_test)).pvalue > 0.05
    classifier = FCNClassifier(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a held-out series is longer
        real, synthetic = (clone(classifier).fit(*data).score(X_test, y_test) for data in ((X, y), (new, y)))
    assert synthetic > real - 0.05


@pytest.mark.slow
def test_pickup_gestures():
    """Long series: 11 time points a token, so lengths come back to within 5."""
    from aeon.datasets import load_classification

    (X, y), (X_test, _) = (load_classification("PickupGestureWiimoteZ", split=split) for split in ("train", "test"))
    generator = VQGenerator(VQVAETokenizer(max_epochs=300), MaskGITPrior(max_epochs=300), random_state=0).fit(X, y)
    tokenizer = generator.tokenizer_
    assert np.abs(lengths_of(tokenizer.inverse_transform(tokenizer.tokenize(X))) - lengths_of(X)).max() <= 5
    new = generator.sample(100, random_state=0)
    assert ks_2samp(lengths_of(new), lengths_of(X_test)).pvalue > 0.05
