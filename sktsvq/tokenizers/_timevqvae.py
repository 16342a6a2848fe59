"""The TimeVQVAE tokenizer."""

from math import ceil

from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, StrOptions
from sktsvq.nn.timevqvae import AbsoluteErrorVQVAE, TimeVQVAE
from sktsvq.nn.vqvae import VQVAE
from sktsvq.tokenizers._vqvae import PUBLISHED, VQVAETokenizer


class TimeVQVAETokenizer(VQVAETokenizer):
    r"""Tokens of the low and of the high frequencies of a series, each with codes of their own (arXiv 2303.04743).

    A short-time Fourier transform divides a series into two that add up to it: what lies in the lowest frequency row,
    and the rest. Each has a VQ-VAE. The tokens of the low band come first, then those of the high one, whose codes are
    counted on behind those of the low band; `inverse_transform` adds up both bands. A prior that is given
    `token_slices_`, as by VQGenerator, fills in the low tokens first and the high ones in their light.

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        Number of codes of each band, and of each residual of it; for "auto" and all parameters that are not named
        here see `VQVAETokenizer`.
    n_fft : int, default=16
        Points of a frame of the transform, at least 2; frames hop by a quarter of it. What changes slowly over
        n_fft points is in the low band.
    low_rate, high_rate : int or "auto", default="auto"
        Time points per token of the bands, as `downsampling_rate` of `VQVAETokenizer`. "auto" leaves at most 16 tokens
        to the low band and 48 to the high one. With ``architecture="stft"`` it is n_timepoints / 16 for the low band
        and n_timepoints / 64 for the high one.
    high_loss : {"squared", "absolute"}, default="squared"
        Error in time of the high band.

    Attributes
    ----------
    token_slices_ : tuple of slice
        The tokens of the low band, and those of the high one.
    codebook_slices_ : tuple of slice
        The codes of the low band, and those of the high one.

    References
    ----------
    D. Lee, S. Malacarne, E. Aune, "Vector Quantized Time Series Generation with a Bidirectional Prior Model", 2023,
    arXiv 2303.04743.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import TimeVQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = TimeVQVAETokenizer(codebook_size=16, low_rate=4, high_rate=2, max_epochs=5, random_state=0).fit(X)
    >>> tokenizer.transform(X).shape
    (20, 24)
    >>> tokenizer.token_slices_
    (slice(0, 8, None), slice(8, 24, None))
    """

    _parameter_constraints = {
        **{name: rule for name, rule in VQVAETokenizer._parameter_constraints.items() if name != "downsampling_rate"},
        "n_fft": [Interval(Integral, 2, None, closed="left")],
        "low_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "high_rate": [StrOptions({"auto"}), AT_LEAST_ONE],
        "high_loss": [StrOptions({"squared", "absolute"})],
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
        n_fft=16,
        low_rate="auto",
        high_rate="auto",
        high_loss="squared",
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
        self.n_fft = n_fft
        self.low_rate = low_rate
        self.high_rate = high_rate
        self.high_loss = high_loss
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
        """The paper's configuration, to rerun its results; set what else is needed.

        As `VQVAETokenizer.published`, but frames of 8 points divide the bands, codes follow an average of decay 0.8,
        the low band has 5 * 8 tokens or a few more and the high one about 5 * 32, the error of the high band in time is
        the absolute one, and there are 2000 epochs. It differs from the paper in a short warm-up of the rate, clipped
        gradients, Hann windows behind the division, and in dividing the series before its transform and not after it.

        Returns
        -------
        tokenizer : object
            Not fitted.

        Examples
        --------
        >>> from sktsvq.tokenizers import TimeVQVAETokenizer
        >>> TimeVQVAETokenizer.published().set_params(random_state=0).get_params()["decay"]
        0.8
        """
        changed = {"decay": 0.8, "n_fft": 8, "high_loss": "absolute", "max_epochs": 2000}
        return cls(**{**PUBLISHED, **changed}, net_params={"optimizer__weight_decay": 1e-3})

    def _build_module(self, n_cases):
        n_timepoints = self.n_timepoints_in_
        if self.architecture == "patch":
            auto = ceil(n_timepoints / 16), ceil(n_timepoints / 48)
        else:
            auto = max(1, round(n_timepoints / 16)), max(1, round(n_timepoints / 64))
        low, high = (
            default if rate == "auto" else rate
            for rate, default in zip((self.low_rate, self.high_rate), auto, strict=True)
        )
        make_high = AbsoluteErrorVQVAE if self.high_loss == "absolute" else VQVAE
        return TimeVQVAE(
            VQVAE(**self._module_params(n_cases, low)),
            make_high(**self._module_params(n_cases, high)),
            n_fft=self.n_fft,
        )
