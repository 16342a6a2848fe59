"""scikit-learn's callbacks see every epoch of every network, alone, in a generator and in a search."""

import re

import numpy as np
import pytest
from conftest import ENCODERS, PRIORS, TOKENIZERS, describe, small_generator
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV

from sktsvq.classifier import FCNClassifier
from sktsvq.metrics import KIDScorer

NETWORKS = [*TOKENIZERS, *PRIORS[:3], *ENCODERS]
GRID = {"tokenizer__beta": [0.25, 1.0]}


class OwnScore:
    """What `estimator.score` says."""

    def __call__(self, estimator, X, y=None):
        return estimator.score(X, y)


class StopAfter:
    """Asks to stop after so many epochs of a fit."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def setup(self, estimator, context):
        self.counts = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.counts += context.task_name == "epoch"
        return self.counts == self.n_epochs


def rows_for(network, waves):
    """Series, or tokens for a prior, and labels."""
    return (np.random.RandomState(0).randint(4, size=(30, 9)) if hasattr(network, "complete") else waves[0]), waves[1]


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize("network", [one for one in NETWORKS if hasattr(one, "score")], ids=describe)
def test_scoring_monitor_scores_every_epoch(network, waves, labelled):
    """Its last score is that of the fitted estimator, and the fit is what it is without it."""
    X, y = rows_for(network, waves)
    y = y if labelled else None
    monitor = ScoringMonitor(scoring={"own": OwnScore()})
    plain, fitted = clone(network).fit(X, y), clone(network).set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == len(fitted.history_)
    assert rows[-1]["own"] == OwnScore()(fitted, X, y) == OwnScore()(plain, X, y)
    assert rows[0]["own"] != rows[-1]["own"]


def test_scoring_monitor_of_a_classifier(waves):
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = FCNClassifier(max_epochs=3, random_state=0).set_callbacks(monitor).fit(*waves)
    assert monitor.get_logs().data[-1]["accuracy"] == classifier.score(*waves)


@pytest.mark.filterwarnings("ignore:Scores of")
def test_scores_of_samples_need_no_labels(train):
    """The scorers of the package and the log-likelihood take what a callback gets for a fit without labels."""
    monitor = ScoringMonitor(scoring={"own": OwnScore(), "kid": KIDScorer()})
    generator = small_generator().set_callbacks(monitor).fit(train[0])
    assert monitor.get_logs().data[-1]["own"] == generator.score(train[0])
    assert monitor.get_logs().data[-1]["kid"] == KIDScorer()(generator, train[0])


def search_with(tokenizer_callbacks, **settings):
    generator = small_generator()
    generator.tokenizer.set_callbacks(*tokenizer_callbacks)
    return GridSearchCV(generator, GRID, cv=2, error_score="raise", **settings)


def test_scoring_monitor_reports_from_the_processes_of_a_search(train):
    monitor = ScoringMonitor(scoring={"own": OwnScore()})
    search = search_with([monitor], n_jobs=2).fit(*train)
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    n_fits = len(GRID["tokenizer__beta"]) * 2 + 1
    assert len(epochs) == n_fits * search.best_estimator_.tokenizer.max_epochs
    assert np.isfinite([row["own"] for row in epochs]).all()
    assert len({row["parent_task_id_path"] for row in epochs}) == n_fits
    best = search.best_estimator_.tokenizer_.score(train[0])
    assert best in [row["own"] for row in epochs]


def test_progress_bars_nest_in_a_search(train, capsys, monkeypatch):
    pytest.importorskip("rich", reason="ProgressBar needs rich")
    monkeypatch.setenv("COLUMNS", "120")
    search_with([], n_jobs=2).set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*train)
    lines = [re.sub(r"━.*", "", line).rstrip() for line in capsys.readouterr().out.splitlines()]
    names = [re.sub(r" #\d+$", "", line) for line in lines]
    fit = [
        "    GridSearchCV - candidate-split-evaluation | VQGenerator - fit",
        "      VQGenerator - tokenizer | VQVAETokenizer - fit",
        "      VQGenerator - prior | MaskGITPrior - fit",
    ]
    refit = ["  GridSearchCV - refit-with-best-params | VQGenerator - fit", *(line[2:] for line in fit[1:])]
    assert names[-17:] == ["GridSearchCV - fit", "  GridSearchCV - search", *4 * fit, *refit]


@pytest.mark.parametrize("network", NETWORKS, ids=describe)
def test_a_callback_stops_the_fit(network, waves):
    stopped = clone(network).set_params(max_epochs=9).set_callbacks(StopAfter(3)).fit(*rows_for(network, waves))
    assert len(stopped.history_) == 3
    assert not stopped.module_.training


def test_a_callback_stops_a_part_of_a_generator(train):
    generator = small_generator()
    generator.tokenizer.set_params(max_epochs=9).set_callbacks(StopAfter(3))
    generator.fit(*train)
    assert len(generator.tokenizer_.history_) == 3
    assert len(generator.prior_.history_) == generator.prior.max_epochs
    assert generator.sample(2, random_state=0).shape == (2, 1, 32)


def test_a_callback_stops_fits_of_a_search(train):
    search = search_with([StopAfter(1)], n_jobs=2).fit(*train)
    assert len(search.best_estimator_.tokenizer_.history_) == 1
