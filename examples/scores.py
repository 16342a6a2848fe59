"""
Score generated series
======================

The scores of the literature as plain functions on arrays, each with the value that real series reach.
"""

from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import frechet_distance, inception_score
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")

generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(X_train, y_train)
samples = generator.sample(len(X_test), random_state=0)

fcn = FCNClassifier(random_state=0).fit(X_train, y_train)
features = fcn.transform(X_test)
print(f"FID of the samples   {frechet_distance(features, fcn.transform(samples)):.2f}")
print(f"FID of the train set {frechet_distance(features, fcn.transform(X_train)):.2f}")
print(f"IS of the samples    {inception_score(fcn.predict_proba(samples), random_state=0):.3f}")
print(f"IS of the test set   {inception_score(fcn.predict_proba(X_test), random_state=0):.3f}")
