"""The language of the tokens: estimators with `fit`, `sample`, `complete` and `score_samples`."""

from sktsvq.priors._autoregressive import AutoregressivePrior
from sktsvq.priors._base import BasePrior
from sktsvq.priors._markov import MarkovPrior
from sktsvq.priors._maskgit import MaskGITPrior
from sktsvq.priors._wavenet import WaveNetPrior

__all__ = ["AutoregressivePrior", "BasePrior", "MarkovPrior", "MaskGITPrior", "WaveNetPrior"]
