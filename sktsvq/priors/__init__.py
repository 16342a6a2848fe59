"""The language of the tokens: estimators with `fit`, `sample`, `complete` and `score_samples`."""

from sktsvq.priors._base import BasePrior
from sktsvq.priors._maskgit import MaskGITPrior

__all__ = ["BasePrior", "MaskGITPrior"]
