"""Names, scorers, rows of `evaluate` and the table of docs/metrics.md all follow from one registry."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktsvq import metrics
from sktsvq.generator import sample_series
from sktsvq.metrics import StatisticScorer, evaluate, get_scorer, get_scorer_names
from sktsvq.metrics._registry import NEEDS, SCORES, register_score

PAGE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"


def test_every_score_has_a_scorer():
    # A score that only `evaluate` computes, from a classifier that has seen the train set, has none.
    assert {score.scorer_name for score in SCORES.values()} - set(get_scorer_names()) == {"conditional_accuracy"}


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda score: score.name)
def test_names_tell_the_direction(score):
    assert score.direction in ("lower", "higher", "target")
    assert score.scorer_name.startswith("neg_") == (score.direction == "lower")
    assert score.scorer_name not in ("precision", "recall"), "scikit-learn's scorers of these names score classifiers"


def test_the_table_of_the_page():
    table = PAGE.read_text(encoding="utf-8").split("| question |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    better = {"lower": "lower", "higher": "higher", "target": "near the best"}
    assert rows == [
        [score.question, f"`{score.name}`", score.value_range, score.best, better[score.direction], score.bias]
        for score in sorted(SCORES.values(), key=lambda score: NEEDS.index(score.needs))
    ]


@pytest.fixture
def largest_difference():
    """A score of one's own, registered by a single statement."""
    register_score(
        "largest_difference",
        function=lambda real, generated: abs(real.max() - generated.max()),
        needs="series",
        direction="lower",
        ideal=0,
        question="Do maxima agree?",
        value_range="[0, inf)",
        best="0",
        bias="upwards",
    )
    yield SCORES["largest_difference"]
    del SCORES["largest_difference"]


def test_one_registration_makes_a_score(largest_difference, generator, train, held_out):
    scorer = get_scorer("neg_largest_difference")
    assert scorer.get_params() == StatisticScorer("largest_difference").get_params()
    new = sample_series(generator, 256, random_state=0)
    assert_allclose(scorer(generator, held_out[0]), -abs(held_out[0].max() - new.max()))
    with pytest.warns(UserWarning, match="coarse"):
        table = evaluate(generator, train[0], None, held_out[0], None, n_resamples=3)
    assert np.isfinite(table.value["largest_difference"])


def test_all_is_public():
    assert all(hasattr(metrics, name) for name in metrics.__all__)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"needs": "foo"}, "'needs' parameter of register_score must be among .* Got 'foo'"),
        ({"direction": "up"}, "'direction' parameter of register_score must be among .* Got 'up'"),
        ({"name": "frechet_distance"}, "'name' parameter of register_score must be a new one. Got 'frechet_distance'"),
    ],
)
def test_bad_registrations_are_told_at_once(change, message):
    record = {"name": "mine", "needs": "series", "direction": "lower", "ideal": 0}
    words = dict.fromkeys(["question", "value_range", "best", "bias"], "")
    with pytest.raises(ValueError, match=message):
        register_score(**{**record, **words, **change})
    assert "mine" not in SCORES
