"""
Compare encoders
================

Fit encoders and a tokenizer on train series without labels, and see what their embeddings know of the classes: the
accuracy of a linear SVM and of 5 nearest neighbours, and after fine-tuning with a tenth of the labels beside the same
network from scratch. ``python -m sktsvq benchmark representation`` compares all encoders over many sets.
"""

import numpy as np
import pandas as pd

from sktsvq.datasets import load_ucr
from sktsvq.inspection import HistoryDisplay
from sktsvq.metrics import probe_score
from sktsvq.representation import Autoencoder, FineTunedClassifier, MaskedAutoencoder, SiameseEncoder
from sktsvq.tokenizers import NCVQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")
tenth = np.concatenate([np.flatnonzero(y_train == label)[:3] for label in np.unique(y_train)])

encoders = [
    Autoencoder(max_epochs=100, random_state=0),
    MaskedAutoencoder(max_epochs=100, random_state=0),
    SiameseEncoder(max_epochs=100, random_state=0),
    NCVQVAETokenizer(max_epochs=100, random_state=0),
]
rows = {}
for encoder in encoders:
    Z_train, Z_test = encoder.fit(X_train).embed(X_train), encoder.embed(X_test)
    row = {name: probe_score(Z_train, y_train, Z_test, y_test, probe=name) for name in ("linear_svm", "knn")}
    for name, from_scratch in (("fine-tuned", False), ("from scratch", True)):
        classifier = FineTunedClassifier(encoder, from_scratch=from_scratch, max_epochs=100, random_state=0)
        row[name] = classifier.fit(X_train[tenth], y_train[tenth]).score(X_test, y_test)
    rows[type(encoder).__name__] = row
pd.DataFrame(rows).T.round(3)

# %%
# The standard deviation and the effective rank of the embeddings tell whether a Siamese encoder has collapsed.
HistoryDisplay.from_estimator(encoders[2])
