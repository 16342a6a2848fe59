"""
Encoders on the same series
===========================

Fit encoders and a tokenizer on train series without labels, and see what their embeddings know of the classes: the
accuracy of a linear SVM and of 5 nearest neighbours, and after fine-tuning with a tenth of the labels beside the same
network from scratch. All encoders at once, with more probes, compares ``python -m sktsvq benchmark representation``.
"""

import time

import numpy as np

from sktsvq.datasets import load_ucr
from sktsvq.metrics import probe_score
from sktsvq.representation import Autoencoder, FineTunedClassifier, SiameseEncoder, VariationalAutoencoder
from sktsvq.tokenizers import NCVQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")
tenth = np.concatenate([np.flatnonzero(y_train == label)[: round(0.1 * sum(y_train == label))] for label in "12"])

print("| encoder | fit s | numbers | linear SVM | 5-NN | fine-tuned, a tenth of the labels | from scratch |")
print("|---" * 7 + "|")
for Encoder in (Autoencoder, VariationalAutoencoder, SiameseEncoder, NCVQVAETokenizer):
    start = time.perf_counter()
    encoder = Encoder(random_state=0).fit(X_train)
    seconds = time.perf_counter() - start
    Z_train, Z_test = encoder.embed(X_train), encoder.embed(X_test)
    scores = [probe_score(Z_train, y_train, Z_test, y_test, probe=probe) for probe in ("linear_svm", "knn")]
    for from_scratch in (False, True):
        classifier = FineTunedClassifier(encoder, from_scratch=from_scratch, random_state=0)
        scores.append(classifier.fit(X_train[tenth], y_train[tenth]).score(X_test, y_test))
    cells = " | ".join(f"{score:.3f}" for score in scores)
    print(f"| {Encoder.__name__} | {seconds:.0f} | {Z_train.shape[1]} | {cells} |", flush=True)
