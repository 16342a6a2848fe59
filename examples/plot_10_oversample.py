"""
Fill up a small class
=====================

A classifier neglects a class of which it has few series. `VQOversampler` generates more of it, inside
imbalanced-learn's Pipeline, which resamples in `fit` alone. Whether that helps is for a cross-validation to say.
"""

import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import FunctionTransformer

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import SamplesDisplay
from sktsvq.oversampling import VQOversampler
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")

# Of the second class five series are left.
keep = np.sort(np.r_[np.flatnonzero(y_train == "1"), np.flatnonzero(y_train == "2")[:5]])
X_few, y_few = X_train[keep], y_train[keep]
print(np.unique(y_few, return_counts=True))

# %%
generator = VQGenerator(VQVAETokenizer(16, max_epochs=200), MarkovPrior(), random_state=0)
sampler = VQOversampler(generator, random_state=0)
X_all, y_all = sampler.fit_resample(X_few, y_few)
print(np.unique(y_all, return_counts=True))

new = np.arange(len(X_all)) >= len(X_few)
SamplesDisplay(X_few[y_few == "2"], None, X_all[new], None).plot()

# %%
flat = FunctionTransformer(lambda X: X[:, 0])
forest = RandomForestClassifier(random_state=0)
for name, model in {"as it is": make_pipeline(flat, forest), "filled up": make_pipeline(sampler, flat, forest)}.items():
    predicted = model.fit(X_few, y_few).predict(X_test)
    print(f"{name:>10}: balanced accuracy {balanced_accuracy_score(y_test, predicted):.3f}")
