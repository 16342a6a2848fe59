"""
Search for a codebook
=====================

Every part of a generator is searchable. The scorer compares samples with the held-out fold; `memory` keeps fitted
tokenizers, so that candidates which differ only in the prior share one.
"""

from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import FrechetScorer
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("ItalyPowerDemand", "train")

with TemporaryDirectory() as memory:
    generator = VQGenerator(VQVAETokenizer(max_epochs=60), MarkovPrior(), memory=memory, random_state=0)
    grid = {"tokenizer__codebook_size": [8, 16, 64], "tokenizer__beta": [0.25, 1.0], "prior__max_order": [1, 2]}
    search = GridSearchCV(generator, grid, scoring=FrechetScorer(), cv=2).fit(X, y)

results = pd.DataFrame(search.cv_results_).sort_values("mean_test_score", ascending=False)
columns = [column for column in results if column.startswith("param_")] + ["mean_test_score", "std_test_score"]
results[columns].round(3)

# %%
# The scorer is negated, as scikit-learn's are: greater is better.
fig, ax = plt.subplots(layout="constrained")
best = results.groupby(["param_tokenizer__codebook_size", "param_tokenizer__beta"])["mean_test_score"].max().unstack()
for (beta, scores), marker in zip(best.items(), "os", strict=True):
    ax.plot(scores.index, -scores, marker=marker, label=f"beta={beta}")
ax.set(xlabel="codebook size", ylabel="Frechet distance", xscale="log", xticks=best.index, xticklabels=best.index)
ax.minorticks_off()
ax.legend()
plt.show()
