"""The autoregressive prior: a causal transformer."""

from sktsvq._parameters import param
from sktsvq._validation import AT_LEAST_ONE
from sktsvq.nn.causal import CausalTransformer
from sktsvq.priors._causal import CausalPrior


class AutoregressivePrior(CausalPrior):
    """Causal transformer that draws one token after the other (arXiv 1706.03762).

    Each token is predicted from those before it, its position and, with labels, the class. Streams of tokens come in
    their order, low before high.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.priors import AutoregressivePrior
    >>> tokens = np.random.RandomState(0).randint(8, size=(40, 12))
    >>> prior = AutoregressivePrior(max_epochs=5, random_state=0).fit(tokens)
    >>> prior.sample(3, random_state=0).shape
    (3, 12)
    >>> prior.score_samples(tokens).shape
    (40,)
    """

    n_heads: int = param(4, [AT_LEAST_ONE], "Attention heads; `width` is a multiple of it.")

    _module_class = CausalTransformer
    _module_params = ("token_dropout", "n_heads")

    def _check_combinations(self):
        self._check_width_is_multiple_of("n_heads")
