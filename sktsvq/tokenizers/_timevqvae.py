"""The TimeVQVAE tokenizer."""

from sktsvq._parameters import param, revised
from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, StrOptions
from sktsvq.nn.timevqvae import TimeVQVAE
from sktsvq.tokenizers._autoencoder import PUBLISHED, AutoencoderTokenizer
from sktsvq.tokenizers._codebook import CodebookParams

_RATE = [StrOptions({"auto"}), AT_LEAST_ONE]


class TimeVQVAETokenizer(AutoencoderTokenizer):
    r"""Tokens of the low and of the high frequencies of a series, each with codes of their own (arXiv 2303.04743).

    A short-time Fourier transform divides a series into two that add up to it: what lies in the lowest frequency row,
    and the rest. Each has a VQ-VAE. The tokens of the low band come first, then those of the high band, whose codes are
    numbered after those of the low band; `inverse_transform` adds both bands. Priors draw the low tokens first and then
    the high ones, conditioned on the low ones.

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

    codebook_size: int | str = revised(CodebookParams, "codebook_size", note="Each band has its own.")
    n_fft: int = param(
        16,
        [Interval(Integral, 2, None, closed="left")],
        "Points of a frame of the transform; frames hop by a quarter of it. What changes slowly over n_fft points is "
        "in the low band.",
    )
    low_rate: int | str = param(
        "auto",
        _RATE,
        'Time points per token of the low band. "auto" leaves at most 16 tokens; with ``architecture="stft"`` it is '
        "n_timepoints / 16.",
    )
    high_rate: int | str = param(
        "auto",
        _RATE,
        'Time points per token of the high band. "auto" leaves at most 48 tokens; with ``architecture="stft"`` it is '
        "n_timepoints / 64.",
    )
    high_loss: str = param("squared", [StrOptions({"squared", "absolute"})], "Error in time of the high band.")

    _module_class = TimeVQVAE
    _takes_lengths = True

    @classmethod
    def published(cls):
        """The paper's configuration, to rerun its results.

        As `VQVAETokenizer.published`, but frames of 8 points divide the bands, codes follow an average of decay 0.8,
        the low band has 5 * 8 tokens or a few more and the high one about 5 * 32, the error of the high band in time is
        the absolute one, and there are 2000 epochs. It differs from the paper in a short warm-up of the rate, clipped
        gradients, Hann windows after the division, and in dividing the series before its transform and not after it.

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

    def _most_shift(self, config):
        return super()._most_shift(config["low"])

    def _module_config(self, n_cases):
        low = self._autoencoder_config(n_cases, self.low_rate, patches=16, columns=16)
        high = self._autoencoder_config(n_cases, self.high_rate, patches=48, columns=64)
        return {"low": low, "high": {**high, "error": self.high_loss}, "n_fft": self.n_fft}
