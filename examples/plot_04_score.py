"""
Score generated series
======================

No single number says how good synthetic series are. `evaluate` computes many, each with an interval, and beside each
stands what real series reach. `report` writes all of it, with pictures, on one HTML page.
"""

from tempfile import TemporaryDirectory

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ScoreDisplay, report
from sktsvq.metrics import MultiScorer, SeriesFeatures, evaluate, kernel_inception_distance, score_interval
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = (part[:150] for part in load_ucr("ItalyPowerDemand", "test"))

generator = VQGenerator(VQVAETokenizer(max_epochs=200), MaskGITPrior(max_epochs=150), random_state=0)
generator.fit(X_train, y_train)

# The default classifier is a network; this one is faster. Fewer resamples than the default 40 are faster, too.
classifier = make_pipeline(SeriesFeatures(), LogisticRegression())
table = evaluate(generator, X_train, y_train, X_test, y_test, classifier=classifier, n_resamples=15, random_state=0)
table[["value", "floor", "verdict"]].round(3)

# %%
# The same as a picture: orange is the generator, blue what real series get, dotted the ideal.
ScoreDisplay(table).plot()

# %%
# One page with everything, to send to somebody.
with TemporaryDirectory() as folder:
    report(generator, X_train, y_train, X_test, y_test, f"{folder}/report.html", table=table)

# %%
# Any score by hand, with an interval; and scorers for model selection, which share one draw a fold.
features = SeriesFeatures().fit(X_train)
pair = features.transform(X_test), features.transform(generator.sample(len(X_test), random_state=0))
value, low, high = score_interval(kernel_inception_distance, *pair, random_state=0)
print(f"KID {value:.4f}, 95 % interval {low:.4f} to {high:.4f}")

names = ["neg_kernel_inception_distance", "prdc_coverage"]
scores = cross_validate(generator, X_test, y_test, cv=2, scoring=MultiScorer(names))
for name in names:
    print(name, scores[f"test_{name}"].round(3))
