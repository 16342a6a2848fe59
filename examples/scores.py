"""
Score generated series
======================

All scores in one table, each with its interval and the value of real series beside it; then one of them by hand, and
as scorers of a cross-validation, which share draws and features.
"""

from sklearn.model_selection import cross_validate

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import MultiScorer, SeriesFeatures, evaluate, kernel_inception_distance, score_interval
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")

generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(X_train, y_train)
print(evaluate(generator, X_train, y_train, X_test, y_test).round(3).to_string())

features = SeriesFeatures().fit(X_train)
pair = features.transform(X_test), features.transform(generator.sample(len(X_test), random_state=0))
value, low, high = score_interval(kernel_inception_distance, *pair, random_state=0)
print(f"\nKID {value:.4f}, 95 % interval {low:.4f} to {high:.4f}")

names = ["neg_kernel_inception_distance", "prdc_coverage", "neg_discriminative_score"]
scores = cross_validate(generator, X_test[:400], y_test[:400], cv=2, scoring=MultiScorer(names))  # one draw a fold
for name in names:
    print(name, scores[f"test_{name}"].round(3))
