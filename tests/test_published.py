"""The whole way on a real set, scored by the published protocol with the published classifier."""

import numpy as np
import pytest

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import frechet_distance, inception_score
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


@pytest.mark.slow
def test_ecg5000(shared):
    X_train, y_train = load_ucr("ECG5000", "train", data_dir=shared / "ucr")
    X_test, y_test = load_ucr("ECG5000", "test", data_dir=shared / "ucr")
    checkpoint = shared / "fcn" / "ECG5000.ckpt"
    fcn = FCNClassifier.from_checkpoint(checkpoint, np.unique(y_train), mean=X_train.mean(), scale=X_train.std())
    generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(X_train, y_train)

    samples = generator.sample(len(X_test), random_state=0)
    assert frechet_distance(fcn.transform(X_test), fcn.transform(samples)) < 1.0
    assert inception_score(fcn.predict_proba(samples), random_state=0) > 1.9

    labels = np.random.RandomState(0).permutation(y_test)
    assert fcn.score(generator.sample(len(labels), y=labels, random_state=0), labels) > 0.9
