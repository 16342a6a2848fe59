"""scikit-learn's own checks, on every estimator."""

from conftest import PRIORS, TOKENIZERS
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.metrics import SeriesFeatures
from sktsvq.oversampling import VQOversampler

# The checks that are expected to fail, by estimator, each with its reason.
EXPECTED_FAILURES = {}

ESTIMATORS = [
    *TOKENIZERS,
    *PRIORS,
    VQGenerator(TOKENIZERS[0], PRIORS[0], random_state=0),
    FCNClassifier(max_epochs=5),
    SeriesFeatures(),
    VQOversampler(VQGenerator(TOKENIZERS[0], PRIORS[-1]), random_state=0),
]


@parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED_FAILURES.get(type(estimator).__name__, {})
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
