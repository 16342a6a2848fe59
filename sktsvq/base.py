"""What a tokenizer, prior, encoder or scorer of your own starts from, and the checks that it should pass.

- `BaseTokenizer`, `BasePrior`, `BaseEncoder`, `BaseScorer`: bases with all checks at the door; `NetworkTokenizer`,
  `NetworkPrior`, `CausalPrior` and `NetworkEncoder` for those that train a torch network; `SeriesMixin` and
  `NetworkMixin` for everything else.
- `Parameters`, `param`, `revised`: parameters stated once, with `AT_LEAST_ONE`, `NOT_NEGATIVE`, `POSITIVE`, `Interval`,
  `StrOptions` and `HasMethods` as rules.
- `register_score`: makes a function a score with a row in `evaluate` and a scorer; `DrawingScorer` and `FeatureScorer`
  for scorers with parameters of their own.
- `Vocabulary`: what a tokenizer tells a prior of its tokens.
- `check_tokenizer`, `check_prior`, `check_encoder`, `check_scorer`: the contracts, as tests.
"""

from sktsvq._contracts import check_encoder, check_prior, check_scorer, check_tokenizer
from sktsvq._fitting import keeps_consistent
from sktsvq._network import NetworkMixin
from sktsvq._parameters import Parameters, param, revised
from sktsvq._series import SeriesMixin
from sktsvq._validation import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    draw_seed,
)
from sktsvq._vocabulary import Vocabulary
from sktsvq.metrics._registry import register_score
from sktsvq.metrics._scorers import BaseScorer, DrawingScorer, FeatureScorer
from sktsvq.priors._base import BasePrior
from sktsvq.priors._causal import CausalPrior
from sktsvq.priors._network import NetworkPrior
from sktsvq.representation._base import BaseEncoder, NetworkEncoder
from sktsvq.tokenizers._base import BaseTokenizer
from sktsvq.tokenizers._network import NetworkTokenizer

__all__ = [
    "AT_LEAST_ONE",
    "BaseEncoder",
    "BasePrior",
    "BaseScorer",
    "BaseTokenizer",
    "CausalPrior",
    "DrawingScorer",
    "FeatureScorer",
    "HasMethods",
    "Interval",
    "NOT_NEGATIVE",
    "NetworkEncoder",
    "NetworkMixin",
    "NetworkPrior",
    "NetworkTokenizer",
    "POSITIVE",
    "Parameters",
    "SeriesMixin",
    "StrOptions",
    "Vocabulary",
    "check_encoder",
    "check_is_fitted",
    "check_prior",
    "check_scorer",
    "check_tokenizer",
    "draw_seed",
    "keeps_consistent",
    "param",
    "register_score",
    "revised",
]
