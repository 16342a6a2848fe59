"""
Series to tokens and back
=========================

A tokenizer turns a series into a short sequence of integers, and integers back into a series. It is a scikit-learn
transformer: `fit`, `transform`, `inverse_transform`.
"""

from sktsvq.datasets import load_ucr
from sktsvq.inspection import CodebookDisplay, HistoryDisplay, ReconstructionDisplay, TokenDisplay
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("GunPoint", "train")  # (n_cases, n_channels, n_timepoints)
tokenizer = VQVAETokenizer(codebook_size=32, max_epochs=300, random_state=0).fit(X)
tokens = tokenizer.transform(X)
print(f"{X.shape} -> {tokens.shape}, {tokenizer.perplexity_:.1f} of {tokenizer.codebook_size_} codes in effect")

# %%
# Each cell below a series is a token, at the time points that it stands for.
TokenDisplay.from_estimator(tokenizer, X, n_cases=2, random_state=0)

# %%
# What is lost on the way shows on held-out series. The score is minus the mean squared error.
X_test, y_test = load_ucr("GunPoint", "test")
ReconstructionDisplay.from_estimator(tokenizer, X_test, n_cases=3, random_state=0)
print(f"error: {-tokenizer.score(X_test) / X_test.var():.2%} of the variance")

# %%
# What the codes decode to where they stand, how often each is used, and which are alike.
CodebookDisplay.from_estimator(tokenizer, X, max_codes=10)

# %%
# A flat end of the losses says that the training was long enough.
HistoryDisplay.from_estimator(tokenizer)
