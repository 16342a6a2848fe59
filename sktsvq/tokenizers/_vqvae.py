"""The VQ-VAE tokenizer."""

from math import ceil, floor, log2

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, StrOptions
from sktsvq.nn.stft_vqvae import N_FREQUENCIES, n_token_columns
from sktsvq.nn.vqvae import VQVAE
from sktsvq.tokenizers._base import BaseTokenizer
from sktsvq.tokenizers._quantizers import build_quantizer, check_quantizer

# What the published models share (arXiv 2408.16613, 2303.04743), in the terms of this package.
PUBLISHED = {
    "codebook_size": 32,
    "codebook_dim": 64,
    "architecture": "stft",
    "beta": 1.0,
    "decay": 0.9,
    "dead_threshold": 0.0,
    "codebook_init": "normal",
    "width": 64,
    "n_blocks": 4,
    "spectral_weight": 1.0,
    "max_epochs": 1000,
    "batch_size": 128,
    "lr": 1e-3,
    "precision": "float32",
}


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
    architecture : {"patch", "stft"}, default="patch"
        The network: ours, on patches of time points, or the published one on a time-frequency grid, which gives every
        column of the grid 5 tokens, one for each frequency (see `published`).
    quantizer : {"euclidean", "cosine", "fsq"}, default="euclidean"
        How latents become codes: the nearest code; the code of greatest cosine, latents and codes being divided by
        their l2 norm (arXiv 2110.04627); or finite scalar quantisation, rounding to a fixed grid of exactly
        `codebook_size` codes (arXiv 2309.15505), whose dimensions have the fewest levels that are at most 8 each and
        have that product, as even as possible, such as (8, 4) for 32. It leaves `codebook_dim`, `beta`, `decay`,
        `dead_threshold` and `codebook_init` unused, and `codebook_` is the grid.
    codebook_dim : int, default=64
        Dimension of a code. A low one (4 to 16) makes the encoder's last layer the projection to a low-dimensional
        codebook of arXiv 2110.04627, which keeps more codes in use.
    n_quantizers : int, default=1
        Residual quantisation (arXiv 2107.03312, 2203.01941): each quantiser has `codebook_size` codes for what those
        before it left over, and gives a stream of tokens of its own, one behind the other (`token_slices_`). Only
        for ``quantizer="euclidean"``.
    beta : float, default=0.25
        Weight of the commitment of the encoder to its codes.
    decay : float or None, default=0.95
        Decay of the moving average of latents that the codes follow; None learns the codes by gradient.
    dead_threshold : float, default=0.1
        A code that fewer latents a batch choose, on a moving average, moves onto a random latent (arXiv 2107.03312);
        0 leaves dead codes dead.
    orthogonal_weight : float, default=0.0
        Weight of the squared cosines between the codes that a batch uses (arXiv 2112.00384); needs ``decay=None``.
    code_temperature : float, default=0.0
        In training a code is drawn with probabilities softmax(-squared distance / code_temperature) (arXiv
        2203.01941); 0 takes the nearest, as `transform` always does.
    gradient : {"straight_through", "rotation"}, default="straight_through"
        How the encoder's gradient passes the codes: copied, or rotated and scaled as the latent is onto its code
        (arXiv 2410.06424).
    downsampling_rate : int or "auto", default="auto"
        Time points per token, n_tokens = ceil(n_timepoints / downsampling_rate). "auto" is the least that
        leaves at most 36 tokens. With ``architecture="stft"`` the grid of n_timepoints // 2 + 1 columns is
        halved floor(log2(downsampling_rate)) times, at least once, and "auto" is n_timepoints / 16.
    width : int, default=64
        Channels of the hidden layers.
    n_blocks : int, default=3
        Residual blocks of the encoder, which look 2, 4, 8, 1, 2, ... tokens to either side; the decoder has half as
        many, rounded up.
    spectral_weight : float, default=0.3
        Weight of the spectral loss; windows longer than the series are left out. With ``architecture="stft"``
        weight of the mean squared error of the time-frequency grid instead.
    codebook_init : {"kmeans", "data", "normal"}, default="kmeans"
        Start of the codes: k-means of the untrained encoder's latents, a sample of them, or draws from N(0, 1).
    output : {"tokens", "embedding", "histogram"}, default="tokens"
        What `transform` gives: tokens, pooled quantised latents, or code frequencies.
    pooling : {"mean", "max", "mean_max"} or None, default="mean"
        How ``output="embedding"`` pools the latents over the positions; None strings them together.
    max_epochs : int or "auto", default="auto"
        Passes over the train set; "auto" makes about 1500 optimiser steps.
    batch_size : int, default=64
        Series per step; an epoch has n_cases // batch_size steps, at least one.
    lr : float, default=4e-3
        Highest learning rate of AdamW; it warms up and then falls to 0 as a cosine.
    device : str, default="auto"
        A torch device; "auto" is CUDA where there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of the training steps; "auto" is bfloat16 where the processor multiplies it faster. `transform`
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
    token_slices_ : tuple of slice
        The tokens of each stream; one slice where there is one stream.
    token_spans_ : ndarray of int, shape (n_tokens_, 2)
        First and one-past-last time point that each token stands for.
    codebook_size_ : int
        Number of codes, of all streams together.
    codebook_ : ndarray of shape (codebook_size_, codebook_dim)
        The codes, stream after stream.
    codebook_slices_ : tuple of slice
        The codes of each stream.
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
        Loss and seconds of every epoch, and the squared error of its last batch in standardised units, computed about
        a hundred times in a training and repeated between.

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
        "architecture": [StrOptions({"patch", "stft"})],
        "downsampling_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "width": [AT_LEAST_ONE],
        "n_blocks": [AT_LEAST_ONE],
        "spectral_weight": [NOT_NEGATIVE],
    }

    def __init__(
        self,
        codebook_size="auto",
        *,
        architecture="patch",
        quantizer="euclidean",
        codebook_dim=64,
        n_quantizers=1,
        beta=0.25,
        decay=0.95,
        dead_threshold=0.1,
        orthogonal_weight=0.0,
        code_temperature=0.0,
        gradient="straight_through",
        downsampling_rate="auto",
        width=64,
        n_blocks=3,
        spectral_weight=0.3,
        codebook_init="kmeans",
        output="tokens",
        pooling="mean",
        max_epochs="auto",
        batch_size=64,
        lr=4e-3,
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
        self.architecture = architecture
        self.quantizer = quantizer
        self.codebook_dim = codebook_dim
        self.n_quantizers = n_quantizers
        self.beta = beta
        self.decay = decay
        self.dead_threshold = dead_threshold
        self.orthogonal_weight = orthogonal_weight
        self.code_temperature = code_temperature
        self.gradient = gradient
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

    @classmethod
    def published(cls):
        """The naive VQ-VAE of the NC-VQVAE paper (arXiv 2408.16613), to rerun its results; set what else is needed.

        Short-time Fourier transform with frames of 8, width 64, 4 residual blocks, 32 codes that follow an average of
        decay 0.9 from a normal start, commitment weight 1, squared error in time and time-frequency, AdamW with rate
        and weight decay 1e-3, 1000 epochs in batches of 128. It differs from the paper in a short warm-up of the
        rate, clipped gradients, and in taking the time-frequency error from the transform of the reconstruction,
        which leaves out the part of the decoder's grid that the inverse transform drops.

        Returns
        -------
        tokenizer : object
            Not fitted.

        Examples
        --------
        >>> from sktsvq.tokenizers import VQVAETokenizer
        >>> VQVAETokenizer.published().set_params(random_state=0).get_params()["decay"]
        0.9
        """
        return cls(**PUBLISHED, net_params={"optimizer__weight_decay": 1e-3})

    def _check_combinations(self):
        check_quantizer(self)

    def _build_module(self, n_cases):
        return VQVAE(**self._module_params(n_cases, self.downsampling_rate))

    def _module_params(self, n_cases, rate):
        n_timepoints = self.n_timepoints_in_
        if self.architecture == "stft":
            rate = max(1, round(n_timepoints / 16)) if rate == "auto" else rate
            n_positions = N_FREQUENCIES * n_token_columns(n_timepoints, rate)
        else:
            rate = ceil(n_timepoints / 36) if rate == "auto" else rate
            n_positions = ceil(n_timepoints / rate)
        codebook_size = self.codebook_size
        if codebook_size == "auto":
            codebook_size = min(256, max(16, 2 ** floor(log2(n_cases * n_positions / 8))))
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": n_timepoints,
            "architecture": self.architecture,
            "rate": rate,
            "width": self.width,
            "n_blocks": self.n_blocks,
            "quantizer": build_quantizer(self, codebook_size),
            "spectral_weight": self.spectral_weight,
        }
