"""scikit-learn's own checks, on every estimator."""

from conftest import ENCODERS, PRIORS, TOKENIZERS
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator
from sktsvq.metrics import SeriesFeatures
from sktsvq.oversampling import VQOversampler
from sktsvq.representation import FineTunedClassifier

# The checks that are expected to fail, by estimator, each with its reason.
EXPECTED_FAILURES = {}

ESTIMATORS = [
    *TOKENIZERS,
    *PRIORS,
    *ENCODERS,
    VQGenerator(TOKENIZERS[0], PRIORS[0], random_state=0),
    FCNClassifier(max_epochs=2),
    FineTunedClassifier(ENCODERS[-1], max_epochs=10, lr=1e-2),
    SeriesFeatures(),
    VQOversampler(VQGenerator(TOKENIZERS[0], PRIORS[-1]), random_state=0),
]


@parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED_FAILURES.get(type(estimator).__name__, {})
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
