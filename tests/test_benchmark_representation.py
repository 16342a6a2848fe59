"""The benchmark of representations: its protocols by definition, its file, and that it resumes."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from sktsvq.__main__ import main
from sktsvq.benchmark import _encoders, _sets, representation
from sktsvq.benchmark._protocols import _COSTS, rbf_svm_score, share_of_labels
from sktsvq.benchmark._ranking import mean_values
from sktsvq.datasets import make_waves
from sktsvq.representation import SiameseEncoder
from sktsvq.tokenizers import VQVAETokenizer

SMALL = {"width": 8, "n_blocks": 1, "max_epochs": 2}


@pytest.fixture
def small_models(monkeypatch):
    models = {
        "SiameseEncoder": lambda seed: SiameseEncoder(dim=4, projector_dim=8, random_state=seed, **SMALL),
        "VQVAETokenizer": lambda seed: VQVAETokenizer(8, output="embedding", random_state=seed, **SMALL),
    }
    for name, make in models.items():
        monkeypatch.setitem(_encoders.MODELS, name, make)


def test_rbf_svm_is_the_grid_search():
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=160)
    Z = rng.normal(size=(160, 6)) + y[:, np.newaxis] * [1, 0, 0, 0.5, 0, 0]
    search = GridSearchCV(SVC(max_iter=10_000_000), {"C": _COSTS}, cv=5).fit(Z[:100], y[:100])
    assert rbf_svm_score(Z[:100], y[:100], Z[100:], y[100:]) == search.score(Z[100:], y[100:])
    few = SVC(C=np.inf).fit(Z[:40], y[:40])
    assert rbf_svm_score(Z[:40], y[:40], Z[100:], y[100:]) == few.score(Z[100:], y[100:])


def test_shares_of_labels_keep_every_class():
    y = np.repeat([0, 1, 2], [100, 30, 3])
    for share, counts in ((1, [1, 1, 1]), (10, [10, 3, 1]), (100, [100, 30, 3])):
        rows = share_of_labels(y, share, seed=0)
        assert len(np.unique(rows)) == len(rows)
        assert np.bincount(y[rows]).tolist() == counts


def test_the_command_writes_and_resumes(small_models, tmp_path, monkeypatch, capsys):
    models = ["raw", "SiameseEncoder", "VQVAETokenizer"]
    command = ["benchmark", "representation", "--models", *models, "--out", str(tmp_path), "--seeds"]
    monkeypatch.setattr(_sets, "load_ucr", lambda name, split, data_dir: make_waves(40, random_state=0))
    protocols = ["linear_svm", "kmeans_ari", "bag_of_codes", "fine_tuned_10", "from_scratch_10"]
    main([*command, "0", "--protocols", *protocols])
    with (tmp_path / "representation.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = {(row["model"], row["protocol"]): row["value"] for row in rows}
    assert len(values) == len(rows) == len(models) * (len(protocols) + 1)
    assert values["raw", "fine_tuned_10"] == values["SiameseEncoder", "bag_of_codes"] == ""
    for name in ("bag_of_codes", "fine_tuned_10", "from_scratch_10", "linear_svm"):
        assert 0 <= float(values["VQVAETokenizer", name]) <= 1
    assert "| SiameseEncoder |" in capsys.readouterr().out

    fitted = []
    monkeypatch.setattr(SiameseEncoder, "fit", lambda self, X: fitted.append(self.random_state) or 1 / 0)
    main([*command, "0", "--protocols", *protocols])  # nothing is left to do
    with pytest.raises(ZeroDivisionError):
        main([*command, "0", "1", "--protocols", *protocols])
    assert fitted == [1]


def test_ranks_are_drawn_over_three_sets(small_models, tmp_path, monkeypatch):
    monkeypatch.setattr(_sets, "load_ucr", lambda name, split, data_dir: make_waves(30, random_state=int(name)))
    rows = representation(
        tmp_path, datasets=["0", "1", "2"], models=["raw", "VQVAETokenizer", "SiameseEncoder"], protocols=["knn"]
    )
    assert (tmp_path / "ranks_knn.png").read_bytes().startswith(b"\x89PNG")
    means = mean_values(rows)["knn"]
    assert set(means) == {"raw", "VQVAETokenizer", "SiameseEncoder"}
    assert_allclose(means["raw"]["0"], [row["value"] for row in rows if row["protocol"] == "knn"][0])


def test_a_set_of_unequal_length_is_told_before_any_work(tmp_path):
    with pytest.raises(ValueError, match="must have series of equal length. Got 'JapaneseVowels' instead"):
        representation(tmp_path, datasets=["ItalyPowerDemand", "JapaneseVowels"], models=["raw"])
    assert not list(tmp_path.iterdir())


def test_validation_leaves_the_test_split_alone(tmp_path, monkeypatch):
    def load_train(name, split, data_dir):
        assert split == "train"
        return make_waves(60, random_state=0)

    monkeypatch.setattr(_sets, "load_ucr", load_train)
    main(
        ["benchmark", "representation", "--models", "raw", "--protocols", "knn", "--validation", "--out", str(tmp_path)]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["representation_validation.csv"]


def test_unknown_names_are_told(tmp_path):
    with pytest.raises(ValueError, match="'models' parameter must hold names among .* Got \\['PCA'\\]"):
        representation(tmp_path, models=["PCA"])


@pytest.mark.parametrize("name", _encoders.MODELS)
def test_every_model_is_an_unfitted_transformer(name):
    model = _encoders.MODELS[name](3)
    assert hasattr(model, "fit_transform")
    assert getattr(model, "random_state", 3) == 3
