"""The FCN classifier: what it promises beyond scikit-learn's contract, and the published checkpoints."""

import copy
import csv
import os
import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr, make_waves
from sktsvq.metrics import frechet_distance, inception_score
from sktsvq.nn.fcn import FCN

FAST_SETS = ["ACSF1", "ArrowHead", "GunPoint", "ItalyPowerDemand", "OSULeaf", "SonyAIBORobotSurface1"]
SLOW_SETS = ["ECG5000", "ElectricDevices", "FordA", "Mallat", "ShapesAll", "TwoPatterns"]


def small_classifier(**params):
    return FCNClassifier(**{"max_epochs": 3, "random_state": 0, **params})


@pytest.fixture(scope="module")
def waves():
    return make_waves(n_cases=40, n_timepoints=32, random_state=0)


@pytest.fixture(scope="module")
def fitted(waves):
    return small_classifier().fit(*waves)


def test_learns_with_defaults():
    X, y = make_waves(n_cases=120, n_timepoints=24, n_classes=3, random_state=0)
    classifier = FCNClassifier(random_state=0).fit(X[:60], y[:60])
    assert classifier.score(X[60:], y[60:]) > 0.95
    assert classifier.history_[-1, "train_loss"] < classifier.history_[0, "train_loss"]


def test_layouts_and_dtypes(waves, fitted):
    X, _ = waves
    proba = fitted.predict_proba(X)
    assert proba.shape == (40, 2) and proba.dtype == np.float64
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(fitted.predict_proba(X[:, 0]), proba)
    assert_array_equal(fitted.predict_proba(list(X)), proba)
    assert_allclose(fitted.predict_proba(X.astype(np.float32)), proba, atol=1e-5)
    features = fitted.transform(X)
    assert features.shape == (40, 128) and features.dtype == np.float64
    assert fitted.transform(X.astype(np.float32)).dtype == np.float32
    assert list(fitted.get_feature_names_out()) == [f"fcnclassifier{i}" for i in range(128)]
    integers = np.rint(100 * X).astype(int)
    assert small_classifier().fit(integers, np.arange(40) % 2).predict(integers).shape == (40,)


def test_predict_is_the_linear_layer_on_the_features(waves, fitted):
    X, _ = waves
    final = fitted.net_.module_.final
    logits = fitted.transform(X) @ final.weight.detach().numpy().T + final.bias.detach().numpy()
    assert_array_equal(fitted.predict(X), fitted.classes_[logits.argmax(axis=1)])
    assert_allclose(fitted.predict_proba(X), np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    "labels", [["b", "a"], [True, False], [2.0, -1.0], np.array(["x", "yy"], dtype=object), [3, 3]], ids=str
)
def test_labels_of_any_type(waves, labels):
    X, y = waves
    y = np.asarray(labels)[y]
    classifier = small_classifier().fit(X, y)
    assert_array_equal(classifier.classes_, np.unique(y))
    predicted = classifier.predict(X)
    assert predicted.dtype == y.dtype and set(predicted) <= set(y)


@pytest.mark.parametrize("shape", [(2, 1, 1), (2, 3, 5), (5, 1, 7), (33, 2, 4)])
def test_small_sets(shape):
    X = np.random.default_rng(0).normal(size=shape)
    y = np.arange(len(X)) % 2
    proba = small_classifier(batch_size=2).fit(X, y).predict_proba(X)
    assert np.isfinite(proba).all()


def test_scaling_does_not_matter(waves):
    X, y = waves
    X = np.concatenate([X, X[::-1]], axis=1)
    plain = small_classifier(precision="float32").fit(X, y)
    factor, offset = np.array([[1000.0], [0.01]]), np.array([[5.0], [-3.0]])
    other = small_classifier(precision="float32").fit(factor * X + offset, y)
    assert_allclose(other.scale_, factor[:, 0] * plain.scale_)
    assert_allclose(other.predict_proba(factor * X + offset), plain.predict_proba(X), atol=1e-3)


@pytest.mark.usefixtures("unmoved_random_state")
def test_same_random_state_same_bits(waves, fitted):
    X, y = waves
    assert_array_equal(small_classifier().fit(X, y).transform(X), fitted.transform(X))
    assert np.any(small_classifier(random_state=1).fit(X, y).transform(X) != fitted.transform(X))
    assert np.any(small_classifier(random_state=None).fit(X, y).transform(X) != fitted.transform(X))


@pytest.mark.parametrize("n_timepoints", [5, 32, 300, 1500])
def test_a_row_does_not_depend_on_its_neighbours(n_timepoints):
    X = np.random.default_rng(0).normal(size=(41, 1, n_timepoints))
    classifier = small_classifier(max_epochs=1).fit(X[:4], [0, 1, 0, 1])
    features, proba = classifier.transform(X), classifier.predict_proba(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert_array_equal(classifier.transform(X[order]), features[order])
    for rows in (slice(0, 1), slice(7, 20), slice(40, 41)):
        assert_array_equal(classifier.transform(X[rows]), features[rows])
        assert_array_equal(classifier.predict_proba(X[rows]), proba[rows])


def test_copies(waves, fitted, tmp_path):
    X, _ = waves
    joblib.dump(fitted, tmp_path / "fcn.joblib")
    for twin in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), joblib.load(tmp_path / "fcn.joblib")):
        assert_array_equal(twin.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)


def test_warm_start(waves):
    X, y = waves
    classifier = small_classifier(warm_start=True).fit(X, y)
    mean = classifier.mean_
    classifier.fit(X[:30] + 1, y[:30])
    losses = classifier.history_[:, "train_loss"]
    assert len(losses) == 6 and losses[3] < losses[0] / 10
    assert_array_equal(classifier.mean_, mean)
    with pytest.raises(ValueError, match="labels that FCNClassifier saw in fit"):
        classifier.fit(X, y + 1)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"batch_size": 1}, r"'batch_size' parameter of FCNClassifier must be an int in the range \[2, inf\)"),
        ({"max_epochs": 0}, "'max_epochs' parameter of FCNClassifier"),
        ({"lr": -1.0}, "'lr' parameter of FCNClassifier"),
        ({"device": "toaster"}, "'device' parameter"),
    ],
)
def test_bad_parameters(waves, params, message):
    with pytest.raises(ValueError, match=message):
        FCNClassifier(**params).fit(*waves)


def test_bad_data(waves, fitted):
    X, y = waves
    with pytest.raises(ValueError, match="X contains infinity"):
        small_classifier().fit(np.where(X > 1, np.inf, X), y)
    with pytest.raises(ValueError, match="one label for each of the"):
        small_classifier().fit(X, y[:-1])
    with pytest.raises(ValueError, match="requires y"):
        small_classifier().fit(X, None)
    with pytest.raises(ValueError, match="minimum of 2"):
        small_classifier().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="expecting 32 timepoints"):
        fitted.predict(X[:, :, :20])


def test_network_shapes():
    module = FCN(n_channels=3, n_classes=5).eval()
    for n_timepoints in (1, 2, 9):
        x = torch.randn(4, 3, n_timepoints)
        assert module(x).shape == (4, 5) and module.features(x).shape == (4, 128)
        assert module.layers(x).shape == (4, 128, n_timepoints)


def test_the_readout_is_one_map_in_two_forms():
    features, readout = torch.rand(6, 8), FCN(n_channels=1, n_classes=3, widths=(4, 4, 8)).final
    plain = readout(features)
    readout.standardize()
    weight = readout.weight.clone()
    assert torch.allclose(readout(features), plain, atol=1e-5)
    readout.fold()
    assert torch.allclose(readout(features), plain, atol=1e-5) and not torch.allclose(readout.weight, weight)


@pytest.mark.parametrize(
    ("n_classes", "n_cases", "n_steps"),
    [(2, 40, 672), (40, 1000, 2040), (90, 1000, 2400), (2, 3000, 2016), (60, 2000, 4800), (60, 9000, 6000)],
)
def test_steps_follow_the_numbers_of_classes_and_cases(n_classes, n_cases, n_steps):
    classifier = FCNClassifier()
    classifier.classes_ = np.arange(n_classes)
    assert classifier._auto_steps(n_cases) == n_steps


def test_a_fit_that_goes_on_starts_from_the_same_predictions(waves, fitted):
    X, y = waves
    further = copy.deepcopy(fitted).set_params(warm_start=True, lr=1e-9, max_epochs=1)
    assert_allclose(further.fit(X, y).module_.final.weight.detach(), fitted.module_.final.weight.detach(), atol=1e-4)


def test_odd_padding_stands_on_the_right():
    convolution = FCN(n_channels=1, n_classes=2).layers[0].layers[0]
    torch.nn.init.ones_(convolution.weight)
    torch.nn.init.zeros_(convolution.bias)
    # A kernel of 8 sees 3 points before and 4 points after the one it stands on.
    impulse = torch.zeros(1, 1, 12)
    impulse[0, 0, 6] = 1
    assert convolution(impulse)[0, 0].nonzero().flatten().tolist() == list(range(2, 10))


def test_checkpoint_round_trip(waves, fitted, tmp_path):
    X, y = waves
    torch.save(fitted.net_.module_.state_dict(), tmp_path / "fcn.ckpt")
    scaling = {"mean": fitted.mean_, "scale": fitted.scale_}
    loaded = FCNClassifier.from_checkpoint(tmp_path / "fcn.ckpt", ["b", "a"], **scaling)
    assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(loaded.predict(X), np.array(["b", "a"])[fitted.predict(X)])
    assert loaded.transform(X[:, 0, :20]).shape == (40, 128)
    assert_array_equal(pickle.loads(pickle.dumps(loaded)).transform(X), fitted.transform(X))
    loaded.set_params(warm_start=True, max_epochs=1).fit(X, np.array(["b", "a"])[y])
    assert np.any(loaded.transform(X) != fitted.transform(X))


def test_bad_checkpoints(waves, fitted, tmp_path):
    path = tmp_path / "fcn.ckpt"
    torch.save(fitted.net_.module_.state_dict(), path)
    for classes in ([0, 1, 2], [1, 1], [[0, 1]]):
        with pytest.raises(ValueError, match="classes must be 2 distinct labels"):
            FCNClassifier.from_checkpoint(path, classes)
    for scale in (0, -1.0, [1.0, np.nan], "x", None):
        with pytest.raises(ValueError, match="'scale' parameter of from_checkpoint must be"):
            FCNClassifier.from_checkpoint(path, [0, 1], scale=scale)
    for n_timepoints in (0, "x", True, 2.5):
        with pytest.raises(ValueError, match="'n_timepoints' parameter of from_checkpoint must be an int in the range"):
            FCNClassifier.from_checkpoint(path, [0, 1], n_timepoints=n_timepoints)
    with pytest.raises(ValueError, match="expecting 1 channels"):
        FCNClassifier.from_checkpoint(path, [0, 1]).predict(np.zeros((2, 3, 32)))
    with pytest.raises(ValueError, match="expecting 20 timepoints"):
        FCNClassifier.from_checkpoint(path, [0, 1], n_timepoints=20).predict(waves[0])
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="must hold the state dict of an FCN"):
        FCNClassifier.from_checkpoint(path, [0, 1])


@pytest.mark.parametrize("name, value", [("layers.0.layers.0.weight", np.nan), ("layers.1.layers.1.running_var", -1.0)])
def test_checkpoints_with_impossible_weights(fitted, tmp_path, name, value):
    weights = {key: tensor.clone() for key, tensor in fitted.module_.state_dict().items()}
    weights[name].fill_(value)
    torch.save(weights, tmp_path / "fcn.ckpt")
    with pytest.raises(ValueError, match=f"finite weights and no negative variance, unlike '{name}'"):
        FCNClassifier.from_checkpoint(tmp_path / "fcn.ckpt", [0, 1])


class RunsCode:
    """A pickle that would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:Detected pickle protocol")
def test_damaged_checkpoints(fitted, tmp_path):
    """One error that names the file; torch's advice to run its code is not passed on."""
    path, made = tmp_path / "fcn.ckpt", tmp_path / "made"
    torch.save(fitted.module_.state_dict(), path)
    whole = path.read_bytes()
    torch.save({"final.bias": RunsCode(made)}, path)
    contents = [path.read_bytes(), pickle.dumps(RunsCode(made)), b"", b"hello", whole[: len(whole) // 2]]
    rng = np.random.RandomState(0)
    for place in rng.randint(len(whole), size=20):
        contents.append(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
    n_refused = 0
    for content in contents:
        path.write_bytes(content)
        try:
            FCNClassifier.from_checkpoint(path, [0, 1])
        except ValueError as error:
            n_refused += 1
            assert str(path) in str(error) and "weights_only" not in str(error)
    assert n_refused >= 5
    assert not made.exists()
    with pytest.raises(FileNotFoundError):
        FCNClassifier.from_checkpoint(tmp_path / "gone", [0, 1])


@pytest.mark.filterwarnings("ignore:The Frechet distance of")
@pytest.mark.parametrize("name", [*FAST_SETS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_SETS)])
def test_published_checkpoints(name, shared):
    with (shared / "reference" / "real_data_reference.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["dataset"] == name)
    (X_train, y_train), (X, y) = (load_ucr(name, split, data_dir=shared / "ucr") for split in ("train", "test"))
    fcn = FCNClassifier.from_checkpoint(
        shared / "fcn" / f"{name}.ckpt", sorted(set(y_train), key=float), mean=X_train.mean(), scale=X_train.std()
    )
    assert fcn.score(X, y) == pytest.approx(float(row["fcn_test_accuracy"]), abs=1e-3)
    distance = frechet_distance(fcn.transform(X_train), fcn.transform(X))
    # 0.0005 is the rounding of the table.
    assert distance == pytest.approx(float(row["fid_real_train_vs_test"]), rel=0.01, abs=5e-4)
    score = inception_score(fcn.predict_proba(X), n_splits=1)
    assert score == pytest.approx(float(row["inception_score_real_test_1_split"]), rel=1e-3)
    score = inception_score(fcn.predict_proba(X), random_state=0)
    assert score == pytest.approx(float(row["inception_score_real_test_10_splits"]), rel=0.1)
