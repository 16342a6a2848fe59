"""
Write new series
================

Learn the series of a data set in two stages, tokens and a prior over them, and draw new ones of each class.
"""

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import DecodingDisplay, EmbeddingDisplay, SamplesDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("GunPoint", "train")
generator = VQGenerator(VQVAETokenizer(max_epochs=300), MaskGITPrior(max_epochs=300), random_state=0).fit(X, y)
new = generator.sample(4, y=["1", "1", "2", "2"], random_state=0)
print(new.shape)

# %%
# Series that nobody has measured, beside real ones. The dashed lines hold nine tenths of the real ones.
X_test, y_test = load_ucr("GunPoint", "test")
SamplesDisplay.from_estimator(generator, X_test, y_test, random_state=0)

# %%
# A sample starts with all tokens masked. Each step draws those that are missing, and keeps the most confident ones.
DecodingDisplay.from_estimator(generator, y="1", max_steps=6, random_state=0)

# %%
# Real and generated series as points. What counts is whether they mix.
EmbeddingDisplay.from_estimator(generator, X_test, y_test, random_state=0)
