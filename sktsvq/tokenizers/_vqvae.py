"""The VQ-VAE tokenizer."""

from math import ceil, floor, log2

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, StrOptions
from sktsvq.nn.vqvae import VQVAE
from sktsvq.tokenizers._base import BaseTokenizer


class VQVAETokenizer(BaseTokenizer):
    r"""Tokens by the nearest code of a convolutional VQ-VAE (arXiv 1711.00937) over time.

    An encoder turns a series into n_tokens latents :math:`z`, each is replaced by its nearest code :math:`e`, and a
    decoder writes the series back. The loss is the mean squared error in standardised units, plus
    :math:`\beta \|z - \mathrm{sg}[e]\|^2` (and :math:`\|\mathrm{sg}[z] - e\|^2` where ``decay=None``), plus
    `spectral_weight` times the mean absolute difference of STFT magnitudes at windows of 16, 32 and 64 points.

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        Number of codes. "auto" is the greatest power of two that is at most an eighth of the number of tokens in the
        train set, but at least 16 and at most 256.
    codebook_dim : int, default=64
        Dimension of a code.
    beta : float, default=0.25
        Weight of the commitment of the encoder to its codes.
    decay : float or None, default=0.95
        Decay of the moving average of latents that the codes follow; None learns the codes by gradient.
    downsampling_rate : int or "auto", default="auto"
        Time points per token, n_tokens = ceil(n_timepoints / downsampling_rate). "auto" is the least power of two
        that leaves at most 64 tokens.
    width : int, default=64
        Channels of the hidden layers.
    n_blocks : int, default=2
        Residual blocks of the encoder, and of the decoder.
    spectral_weight : float, default=0.1
        Weight of the spectral loss; windows longer than the series are left out.
    codebook_init : {"kmeans", "data"}, default="kmeans"
        Start of the codes: k-means of the untrained encoder's latents, or a sample of them.
    output : {"tokens", "embedding", "histogram"}, default="tokens"
        What `transform` gives: tokens, pooled quantised latents, or code frequencies.
    pooling : {"mean", "max", "mean_max"} or None, default="mean"
        How ``output="embedding"`` pools the latents over the positions; None strings them together.
    max_epochs : int or "auto", default="auto"
        Passes over the train set; "auto" makes about 3000 optimiser steps, 1000 with fewer than 256 cases.
    batch_size : int, default=64
        Series per step; an epoch has n_cases // batch_size steps, at least one.
    lr : float, default=2e-3
        Highest learning rate of AdamW; it warms up and then falls to 0 as a cosine.
    device : str, default="auto"
        A torch device; "auto" is CUDA where there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of the training steps; "auto" is bfloat16 where the processor has matrix units for it. `transform`
        and `inverse_transform` always compute in float32.
    random_state : int, RandomState or None, default=None
        Determines initial weights, the order of the batches and replaced codes; an int makes fits repeatable.
    verbose : int, default=0
        Above 0 shows a progress bar.
    warm_start : bool, default=False
        Whether a second `fit` trains the fitted network further.
    net_params : dict or None, default=None
        Handed to skorch's ``NeuralNet``: callbacks, ``optimizer__weight_decay``, ``compile=True``, ...
    early_stopping : bool, default=False
        Whether to hold out a part of the train set, to stop when the loss on it no longer falls, and to go back to the
        weights where it was lowest. The learning rate falls over `max_epochs` all the same.
    validation_fraction : float, default=0.1
        Share of the train set that early stopping holds out, at least one case.
    n_iter_no_change : int, default=10
        Epochs without a lower loss on the cases held out after which training stops. Epochs of less than 10 steps
        count as the tenths of one that they have steps.

    Attributes
    ----------
    n_channels_in_, n_timepoints_in_, n_features_in_ : int
        Sizes of the series seen in fit.
    n_tokens_ : int
        Tokens per series.
    codebook_size_ : int
        Number of codes.
    codebook_ : ndarray of shape (codebook_size_, codebook_dim)
        The codes.
    codebook_usage_ : ndarray of shape (codebook_size_,)
        How often each code stands in the tokens of the train set.
    perplexity_ : float
        Exponential of the entropy of `codebook_usage_`, between 1 and codebook_size_.
    mean_, scale_ : ndarray of shape (n_channels_in_,)
        Mean and standard deviation of each channel over the train set.
    net_ : skorch.NeuralNet
        The trained network; ``net_.module_`` is the torch module.
    history_ : skorch.history.History
        Loss and seconds of every epoch, and the squared error of its last batch in standardised units.

    References
    ----------
    A. van den Oord, O. Vinyals, K. Kavukcuoglu, "Neural Discrete Representation Learning", 2017, arXiv 1711.00937.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(codebook_size=16, max_epochs=5, random_state=0).fit(X)
    >>> tokens = tokenizer.transform(X)
    >>> tokens.shape
    (20, 32)
    >>> tokenizer.inverse_transform(tokens).shape
    (20, 1, 32)
    """

    _parameter_constraints = {
        **BaseTokenizer._parameter_constraints,
        "downsampling_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "width": [AT_LEAST_ONE],
        "n_blocks": [AT_LEAST_ONE],
        "spectral_weight": [NOT_NEGATIVE],
    }

    def __init__(
        self,
        codebook_size="auto",
        *,
        codebook_dim=64,
        beta=0.25,
        decay=0.95,
        downsampling_rate="auto",
        width=64,
        n_blocks=2,
        spectral_weight=0.1,
        codebook_init="kmeans",
        output="tokens",
        pooling="mean",
        max_epochs="auto",
        batch_size=64,
        lr=2e-3,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
        warm_start=False,
        net_params=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
    ):
        self.codebook_size = codebook_size
        self.codebook_dim = codebook_dim
        self.beta = beta
        self.decay = decay
        self.downsampling_rate = downsampling_rate
        self.width = width
        self.n_blocks = n_blocks
        self.spectral_weight = spectral_weight
        self.codebook_init = codebook_init
        self.output = output
        self.pooling = pooling
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.net_params = net_params
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change

    def _build_module(self, n_cases):
        return VQVAE(**self._module_params(n_cases))

    def _module_params(self, n_cases):
        rate = self.downsampling_rate
        if rate == "auto":
            rate = 2 ** max(0, ceil(log2(self.n_timepoints_in_ / 64)))
        self.codebook_size_ = self.codebook_size
        if self.codebook_size == "auto":
            n_latents = n_cases * ceil(self.n_timepoints_in_ / rate)
            self.codebook_size_ = min(256, max(16, 2 ** floor(log2(n_latents / 8))))
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": self.n_timepoints_in_,
            "rate": rate,
            "width": self.width,
            "n_blocks": self.n_blocks,
            "codebook_size": self.codebook_size_,
            "codebook_dim": self.codebook_dim,
            "beta": self.beta,
            "decay": self.decay,
            "spectral_weight": self.spectral_weight,
        }
