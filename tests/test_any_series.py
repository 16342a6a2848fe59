"""Scores and Displays take missing values, or refuse them in one clear sentence."""

import numpy as np
import pytest
from conftest import small_generator

from sktsvq import inspection, metrics
from sktsvq.metrics import evaluate, get_scorer, get_scorer_names

REFUSAL = "must hold no missing values, since scores compare whole series: fill them first"


@pytest.fixture(scope="module")
def gaps(train):
    X = train[0].copy()
    X[::2, 0, 5:9] = np.nan
    return X


@pytest.fixture(scope="module")
def fitted(gaps, train):
    return small_generator().fit(gaps, train[1])


@pytest.mark.parametrize("name", get_scorer_names())
def test_scorers_refuse_gaps(name, fitted, gaps, train):
    with pytest.raises(ValueError, match=f"X {REFUSAL}, .* Got NaN in 20 of 40 series"):
        get_scorer(name)(fitted, gaps, train[1])


@pytest.mark.parametrize("of_series", [s.function for s in metrics._registry.SCORES.values() if s.needs == "series"])
def test_scores_of_series_refuse_gaps(of_series, gaps):
    with pytest.raises(ValueError, match=REFUSAL):
        of_series(gaps, gaps)


def test_evaluate_refuses_gaps(fitted, gaps, train):
    with pytest.raises(ValueError, match=f"X_train {REFUSAL}"):
        evaluate(fitted, gaps, train[1], *train)
    with pytest.raises(ValueError, match=f"X_test {REFUSAL}"):
        evaluate(fitted, *train, gaps, train[1])


class TestDisplays:
    @pytest.fixture(autouse=True)
    def backend(self):
        pytest.importorskip("matplotlib").use("Agg")

    @pytest.mark.parametrize(
        "name", ["AnomalyDisplay", "CodebookDisplay", "ReconstructionDisplay", "SamplesDisplay", "TokenDisplay"]
    )
    def test_take_gaps(self, name, fitted, gaps):
        display = getattr(inspection, name).from_estimator(fitted, gaps)
        assert any(line.get_xydata().size for axes in display.figure_.axes for line in axes.lines)

    def test_forecasts_take_gaps(self, fitted, gaps):
        display = inspection.ForecastDisplay.from_gaps(fitted, gaps)
        assert np.isfinite(display.draws).all()

    def test_embeddings_and_scores_refuse_gaps(self, fitted, gaps, train):
        with pytest.raises(ValueError, match=REFUSAL):
            inspection.EmbeddingDisplay.from_estimator(fitted, gaps)
        with pytest.raises(ValueError, match=REFUSAL):
            inspection.ScoreDisplay.from_estimator(fitted, *train, gaps, train[1])
