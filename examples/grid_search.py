"""
Search for a codebook
=====================

Every part of a generator is searchable. The scorer compares samples with the held-out fold; `memory` keeps fitted
tokenizers, so that candidates which differ only in the prior share one.
"""

from tempfile import TemporaryDirectory

import pandas as pd
from sklearn.model_selection import GridSearchCV

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.metrics import FrechetScorer
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("ItalyPowerDemand", "train")

with TemporaryDirectory() as memory:
    generator = VQGenerator(VQVAETokenizer(max_epochs=100), MaskGITPrior(max_epochs=100), memory=memory, random_state=0)
    grid = {"tokenizer__codebook_size": [16, 64], "tokenizer__beta": [0.25, 1.0], "prior__n_layers": [1, 2]}
    search = GridSearchCV(generator, grid, scoring=FrechetScorer(), cv=2, n_jobs=2).fit(X, y)

columns = ["param_tokenizer__codebook_size", "param_tokenizer__beta", "param_prior__n_layers", "mean_test_score"]
print(pd.DataFrame(search.cv_results_)[columns].sort_values("mean_test_score", ascending=False).to_string(index=False))
