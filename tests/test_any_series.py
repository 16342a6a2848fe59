"""Displays take missing values."""

import numpy as np
import pytest
from conftest import small_generator

from sktsvq import inspection


@pytest.fixture(scope="module")
def gaps(train):
    X = train[0].copy()
    X[::2, 0, 5:9] = np.nan
    return X


@pytest.fixture(scope="module")
def fitted(gaps, train):
    return small_generator().fit(gaps, train[1])


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

    def test_embeddings_and_scores_take_gaps(self, fitted, gaps, train):
        display = inspection.EmbeddingDisplay.from_estimator(fitted, gaps, train[1], random_state=0)
        assert all(np.isfinite(rows).all() for pair in display.points.values() for rows in pair)
        with pytest.warns(UserWarning, match="Scores of 40 held-out series"):
            display = inspection.ScoreDisplay.from_estimator(fitted, train[0], None, gaps, None, n_resamples=2)
        assert "frechet_distance" in display.scores_
