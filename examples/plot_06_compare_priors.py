"""
Compare priors
==============

Four priors over the same tokens: counted n-grams, a causal transformer, dilated convolutions, and a bidirectional
transformer that decodes in parallel. The tokenizer is fitted once and frozen.
"""

import time

import pandas as pd
from sklearn.frozen import FrozenEstimator

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import SamplesDisplay, TradeOffDisplay
from sktsvq.metrics import evaluate
from sktsvq.priors import AutoregressivePrior, MarkovPrior, MaskGITPrior, WaveNetPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, _ = load_ucr("ItalyPowerDemand", "train")
X_test = load_ucr("ItalyPowerDemand", "test")[0][:100]
tokenizer = VQVAETokenizer(16, max_epochs=300, random_state=0).fit(X_train)

priors = {
    "Markov": MarkovPrior(),
    "autoregressive": AutoregressivePrior(max_epochs=60),
    "WaveNet": WaveNetPrior(max_epochs=60),
    "MaskGIT": MaskGITPrior(max_epochs=150),
}
# Without labels `evaluate` trains no classifier, which makes it fast.
generators, rows, tables = {}, {}, {}
for name, prior in priors.items():
    start = time.perf_counter()
    generators[name] = VQGenerator(FrozenEstimator(tokenizer), prior, random_state=0).fit(X_train)
    rows[name] = {"fit s": time.perf_counter() - start}
    rows[name]["nats per token"] = generators[name].score(X_test) / tokenizer.n_tokens_
    tables[name] = evaluate(generators[name], X_train, None, X_test, None, n_resamples=15, random_state=0)
    rows[name] |= tables[name].loc[["kernel_inception_distance", "coverage"], "value"]
pd.DataFrame(rows).T.round(3)

# %%
# A generator that copied its train set would have a perfect quality and a memorisation ratio near 0.
TradeOffDisplay(tables).plot()

# %%
SamplesDisplay.from_estimator(generators["MaskGIT"], X_test, random_state=0)
