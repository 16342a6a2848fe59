"""The VQ-VAE tokenizer."""

from typing import Any, ClassVar

from sktsvq._parameters import param
from sktsvq._validation import AT_LEAST_ONE, StrOptions
from sktsvq.nn.autoencoder import Autoencoder
from sktsvq.tokenizers._autoencoder import PUBLISHED, AutoencoderTokenizer


class VQVAETokenizer(AutoencoderTokenizer):
    r"""Tokens by the nearest code of a convolutional VQ-VAE (arXiv 1711.00937) over time.

    An encoder turns a series into n_tokens latents :math:`z`, each is replaced by its nearest code :math:`e`, and a
    decoder reconstructs the series. The loss is the mean squared error in standardised units, plus
    :math:`\beta \|z - \mathrm{sg}[e]\|^2` (and :math:`\|\mathrm{sg}[z] - e\|^2` where ``decay=None``), plus
    `spectral_weight` times the mean relative difference of STFT magnitudes at windows of 16, 32 and 64 points.

    Attributes
    ----------
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

    downsampling_rate: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Time points per token, n_tokens = ceil(n_timepoints / downsampling_rate). "auto" is the least that leaves at '
        'most 36 tokens. With ``architecture="stft"`` the grid of n_timepoints // 2 + 1 columns is halved '
        'floor(log2(downsampling_rate)) times, at least once, and "auto" is n_timepoints / 16.',
    )

    _module_class: ClassVar[Any] = Autoencoder
    _takes_lengths = True

    @classmethod
    def published(cls):
        """The naive VQ-VAE of the NC-VQVAE paper (arXiv 2408.16613), to rerun its results.

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

    def _module_config(self, n_cases):
        return self._autoencoder_config(n_cases, self.downsampling_rate, patches=36, columns=16)
