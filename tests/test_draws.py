"""Classes of samples that are told none."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktsvq._draws import draw_classes
from sktsvq.priors import MarkovPrior

CLASS_PRIOR = np.array([0.5, 0.07, 0.43])


@pytest.mark.parametrize("n_samples", [1, 2, 10, 101])
def test_classes_are_drawn_as_often_as_in_the_train_set(n_samples):
    for seed in range(50):
        drawn = draw_classes(CLASS_PRIOR, n_samples, np.random.RandomState(seed))
        assert drawn.shape == (n_samples,)
        assert (np.abs(np.bincount(drawn, minlength=3) - n_samples * CLASS_PRIOR) < 1).all()


def test_every_sample_is_of_each_class_with_its_frequency():
    drawn = np.array([draw_classes(CLASS_PRIOR, 4, np.random.RandomState(seed)) for seed in range(4000)])
    for place in drawn.T:  # of the first sample as of the last
        assert_allclose(np.bincount(place) / len(place), CLASS_PRIOR, atol=0.03)


def test_rounding_of_the_frequencies_leaves_no_class_out_of_range():
    class_prior = np.bincount(np.arange(49) % 7) / 49  # sums to less than 1 in floating point, term by term
    for seed in range(20):
        assert draw_classes(class_prior, 1000, np.random.RandomState(seed)).max() == 6


class LabelsAsTokens(MarkovPrior):
    """A prior whose tokens are the classes."""

    def _complete(self, tokens, labels, seed):
        return np.repeat(labels[:, np.newaxis], tokens.shape[1], axis=1)


def test_a_prior_draws_classes_evenly():
    tokens = np.repeat([[0, 0, 0], [1, 1, 1]], [30, 10], axis=0)
    prior = LabelsAsTokens().fit(tokens, tokens[:, 0])
    assert [prior.sample(20, random_state=seed)[:, 0].sum() for seed in range(10)] == [5] * 10
