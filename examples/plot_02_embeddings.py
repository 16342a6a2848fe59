"""
Embeddings in a Pipeline
========================

With ``output="embedding"`` a tokenizer gives one vector for each series, and goes before any classifier.
"""

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktsvq.datasets import load_ucr
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")

for pooling in ("mean", "mean_max", None):
    tokenizer = VQVAETokenizer(output="embedding", pooling=pooling, max_epochs=200, random_state=0)
    pipe = make_pipeline(tokenizer, StandardScaler(), SVC()).fit(X_train, y_train)
    print(f"pooling={pooling!s:<9} test accuracy {pipe.score(X_test, y_test):.3f}")

# %%
# The last of them, on the test set.
ConfusionMatrixDisplay.from_estimator(pipe, X_test, y_test, colorbar=False)

# %%
# Two principal components of the embeddings. The tokenizer has not seen the labels.
points = PCA(2).fit_transform(pipe[:2].transform(X_test))
for label, marker in zip(sorted(set(y_test)), "ox", strict=True):
    plt.scatter(*points[y_test == label].T, marker=marker, s=14, alpha=0.6, label=f"class {label}")
plt.gca().set(xlabel="first component", ylabel="second component")
plt.legend()
plt.show()
