"""
Find odd series
===============

A generator is fitted on one class alone, the normal one. How unlikely it finds the tokens of a series says how odd the
series is, and where.
"""

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import RocCurveDisplay

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import AnomalyDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("GunPoint", "train")
X_test, y_test = load_ucr("GunPoint", "test")
normal, odd = X_train[y_train == "2"], y_test != "2"

generator = VQGenerator(VQVAETokenizer(max_epochs=200), MaskGITPrior(max_epochs=200), random_state=0).fit(normal)
surprise = generator.score_timepoints(X_test)  # nats per time point
print(surprise.shape)

# %%
# Beside scikit-learn's IsolationForest on the values.
forest = IsolationForest(random_state=0).fit(normal[:, 0])
display = RocCurveDisplay.from_predictions(odd, surprise.sum(axis=1), name="tokens")
RocCurveDisplay.from_predictions(odd, -forest.score_samples(X_test[:, 0]), name="forest", ax=display.ax_)

# %%
# The oddest series, and which of their time points are hard to explain.
AnomalyDisplay.from_estimator(generator, X_test)
oddest = np.argsort(-surprise.sum(axis=1))[:4]
print("classes of the oddest:", y_test[oddest])
