"""The WaveNet prior: gated dilated causal convolutions."""

from sktsvq._parameters import param, revised
from sktsvq._validation import AT_LEAST_ONE
from sktsvq.nn.wavenet import WaveNet
from sktsvq.priors._causal import CausalPrior
from sktsvq.priors._network import TokenNetworkParams


class WaveNetPrior(CausalPrior):
    """Gated dilated causal convolutions that draw one token after the other (WaveNet, arXiv 1609.03499).

    Each token is predicted from those before it, its position and, with labels, the class. The dilations of the layers
    are 1, 2, 4, ... and start again at 1 before they reach the length of the sequence. Streams of tokens come in their
    order, low before high.

    References
    ----------
    A. van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016, arXiv 1609.03499.

    A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, "Pixel Recurrent Neural Networks", 2016, arXiv 1601.06759.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.priors import WaveNetPrior
    >>> tokens = np.random.RandomState(0).randint(8, size=(40, 12))
    >>> prior = WaveNetPrior(max_epochs=5, random_state=0).fit(tokens)
    >>> prior.sample(3, random_state=0).shape
    (3, 12)
    >>> prior.score_samples(tokens).shape
    (40,)
    """

    n_layers: int = revised(TokenNetworkParams, "n_layers", default=6)
    kernel_size: int = param(2, [AT_LEAST_ONE], "Positions that a convolution sees.")

    _module_class = WaveNet
    _module_params = ("token_dropout", "kernel_size")
