"""The TimeVQVAE tokenizer."""

from math import ceil, floor, log2

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Integral, Interval, StrOptions
from sktsvq.nn.timevqvae import TimeVQVAE
from sktsvq.tokenizers._base import BaseTokenizer


class TimeVQVAETokenizer(BaseTokenizer):
    r"""Tokens of the low and of the high frequencies of a series, each with codes of their own (arXiv 2303.04743).

    The short-time Fourier transform divides a series into two that add up to it: what lies in its lowest frequency row,
    and the rest. Each is a VQ-VAE's input and target. The tokens of the low band come first, then those of the high
    one, whose codes are counted on from those of the low band; `inverse_transform` adds up both. A prior that is given
    `token_slices_`, as by VQGenerator, fills in the low tokens first and the high ones in their light.

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        Number of codes of each band. "auto" is the greatest power of two that is at most an eighth of the number of
        tokens of the longer stream in the train set, but at least 16 and at most 256.
    codebook_dim : int, default=64
        Dimension of a code.
    beta : float, default=0.25
        Weight of the commitment of the encoders to their codes.
    decay : float or None, default=0.95
        Decay of the moving average of latents that the codes follow; None learns the codes by gradient.
    n_fft : int, default=16
        Points of a frame of the transform, at least 2; frames hop by a quarter of it. Periods well above n_fft points
        are in the low band.
    low_rate, high_rate : int or "auto", default="auto"
        Time points per token of each band. "auto" is the least power of two that leaves at most 32 tokens. With
        ``network="grid"`` it is columns of the transform per column of tokens, rounded down to a power of two, where
        each column has n_fft // 2 + 1 tokens; "auto" then leaves about 8 columns to the low band, 32 to the high one.
    network : {"patch", "grid"}, default="patch"
        Convolutions over patches of each band's series, or the paper's 2-D convolutions over its transform, with the
        paper's losses; the latter cost many times more.
    width : int, default=64
        Channels of the hidden layers.
    n_blocks : int, default=2
        Residual blocks of each encoder, and of each decoder.
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
        Handed to skorch's ``NeuralNet``: callbacks, ``optimizer__weight_decay``, ...

    Attributes
    ----------
    n_channels_in_, n_timepoints_in_, n_features_in_ : int
        Sizes of the series seen in fit.
    n_tokens_ : int
        Tokens per series.
    token_slices_ : tuple of slice
        The tokens of the low band, and of the high one.
    token_spans_ : ndarray of int, shape (n_tokens_, 2)
        First and one-past-last time point that each token stands for.
    codebook_size_ : int
        Number of codes of both bands together.
    codebook_ : ndarray of shape (codebook_size_, codebook_dim)
        The codes, first those of the low band.
    codebook_slices_ : tuple of slice
        The codes of each band.
    codebook_usage_ : ndarray of shape (codebook_size_,)
        How often each code stands in the tokens of the train set; ``(codebook_usage_ == 0).sum()`` codes are dead.
    perplexity_ : float
        Exponential of the entropy of `codebook_usage_`, between 1 and codebook_size_.
    bits_per_series_ : float
        Entropy of the tokens of a series in the train set if they were independent: the sum over the streams of
        their number of tokens times the binary logarithm of their perplexity.
    mean_, scale_ : ndarray of shape (n_channels_in_,)
        Mean and standard deviation of each channel over the train set.
    net_ : skorch.NeuralNet
        The trained network; ``net_.module_`` is the torch module.
    history_ : skorch.history.History
        Loss and seconds of every epoch, and the squared error of its last batch in standardised units.

    References
    ----------
    D. Lee, S. Malacarne, E. Aune, "Vector Quantized Time Series Generation with a Bidirectional Prior Model", 2023,
    arXiv 2303.04743.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import TimeVQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = TimeVQVAETokenizer(codebook_size=16, max_epochs=5, random_state=0).fit(X)
    >>> tokenizer.transform(X).shape
    (20, 64)
    >>> tokenizer.token_slices_
    (slice(0, 32, None), slice(32, 64, None))
    """

    _parameter_constraints = {
        **BaseTokenizer._parameter_constraints,
        "n_fft": [Interval(Integral, 2, None, closed="left")],
        "low_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "high_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "network": [StrOptions({"patch", "grid"})],
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
        n_fft=16,
        low_rate="auto",
        high_rate="auto",
        network="patch",
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
    ):
        self.codebook_size = codebook_size
        self.codebook_dim = codebook_dim
        self.beta = beta
        self.decay = decay
        self.n_fft = n_fft
        self.low_rate = low_rate
        self.high_rate = high_rate
        self.network = network
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

    @classmethod
    def published(cls, **params):
        """The paper's configuration: 2-D networks, 32 codes a band, 2000 epochs; `params` take the place of its values.

        Frames of 8 points give 5 rows of tokens a band. Trained by AdamW with the schedule of this package.

        Examples
        --------
        >>> from sktsvq.tokenizers import TimeVQVAETokenizer
        >>> TimeVQVAETokenizer.published(random_state=0)
        TimeVQVAETokenizer(...)
        """
        published = {
            "codebook_size": 32,
            "codebook_dim": 64,
            "beta": 1.0,
            "decay": 0.8,
            "n_fft": 8,
            "network": "grid",
            "width": 64,
            "n_blocks": 4,
            "spectral_weight": 0.0,
            "codebook_init": "data",
            "max_epochs": 2000,
            "batch_size": 128,
            "lr": 1e-3,
            "precision": "float32",
            "net_params": {"optimizer__weight_decay": 1e-3},
        }
        return cls(**{**published, **params})

    def _build_module(self, n_cases):
        rates = self._resolve_rate(self.low_rate, 8), self._resolve_rate(self.high_rate, 32)
        codebook_size = self.codebook_size
        if codebook_size == "auto":
            n_latents = n_cases * ceil(self.n_timepoints_in_ / min(rates))
            codebook_size = min(256, max(16, 2 ** floor(log2(n_latents / 8))))
        return TimeVQVAE(
            network=self.network,
            n_channels=self.n_channels_in_,
            n_timepoints=self.n_timepoints_in_,
            n_fft=self.n_fft,
            rates=rates,
            width=self.width,
            n_blocks=self.n_blocks,
            codebook_size=codebook_size,
            codebook_dim=self.codebook_dim,
            beta=self.beta,
            decay=self.decay,
            spectral_weight=self.spectral_weight,
        )

    def _resolve_rate(self, rate, n_columns):
        """Time points per token, or for grids columns of the transform per column of tokens."""
        if rate != "auto":
            return rate
        if self.network == "patch":
            return 2 ** max(0, ceil(log2(self.n_timepoints_in_ / 32)))
        # As the authors' code has it, for their n_fft of 8.
        return max(1, round(self.n_timepoints_in_ / max(1, log2(self.n_fft) - 1) / n_columns))
