"""
Compare tokenizers
==================

How much of the series do tokens keep, and what do they know of classes that they never saw? A self-supervised branch
in training (NC-VQVAE) and two bands of frequency (TimeVQVAE) against the plain VQ-VAE.
"""

import matplotlib.pyplot as plt
import pandas as pd

from sktsvq.datasets import load_ucr
from sktsvq.inspection import ReconstructionDisplay, TokenDisplay
from sktsvq.metrics import probe_score
from sktsvq.tokenizers import NCVQVAETokenizer, TimeVQVAETokenizer, VQVAETokenizer

X_train, y_train = load_ucr("GunPoint", "train")
X_test, y_test = load_ucr("GunPoint", "test")

tokenizers = {
    "VQ-VAE": VQVAETokenizer(max_epochs=120, random_state=0),
    "NC-VQVAE": NCVQVAETokenizer(max_epochs=120, random_state=0),
    "TimeVQVAE": TimeVQVAETokenizer(max_epochs=120, random_state=0),
}
rows = {}
for name, tokenizer in tokenizers.items():
    tokenizer.fit(X_train)
    rows[name] = {
        "tokens": tokenizer.n_tokens_,
        "bits per series": tokenizer.bits_per_series_,
        "error / variance": -tokenizer.score(X_test) / X_test.var(),
        "linear SVM": probe_score(tokenizer.embed(X_train), y_train, tokenizer.embed(X_test), y_test),
    }
table = pd.DataFrame(rows).T
table.round(3)

# %%
fig, ax = plt.subplots(layout="constrained")
for (name, row), marker in zip(table.iterrows(), "os^", strict=True):
    ax.plot(row["error / variance"], row["linear SVM"], marker, markersize=9, label=name)
ax.set(xlabel="reconstruction error, as a share of the variance", ylabel="accuracy of a linear SVM")
ax.legend()

# %%
# The two streams of TimeVQVAE: low frequencies below, high ones above.
TokenDisplay.from_estimator(tokenizers["TimeVQVAE"], X_test, n_cases=2, random_state=0)

# %%
ReconstructionDisplay.from_estimator(tokenizers["NC-VQVAE"], X_test, n_cases=3, random_state=0)
plt.show()
