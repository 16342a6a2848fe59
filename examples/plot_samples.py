"""
Write new series
================

Learn the series of a data set in two stages, tokens and a prior over them, and draw new ones of each class.
"""

import matplotlib.pyplot as plt

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ReconstructionDisplay, SamplesDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("ItalyPowerDemand", "train")
generator = VQGenerator(VQVAETokenizer(), MaskGITPrior(), random_state=0).fit(X, y)

# What the tokens keep of a series ...
ReconstructionDisplay.from_estimator(generator.tokenizer_, X, random_state=0)

# ... and series that nobody has measured, beside real ones.
SamplesDisplay.from_estimator(generator, X, y, random_state=0)
plt.show()
