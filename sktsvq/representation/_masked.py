"""The masked autoencoder."""

from math import ceil
from numbers import Real

from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, Interval, StrOptions
from sktsvq.nn.masked import MASKINGS
from sktsvq.nn.masked import MaskedAutoencoder as MaskedModule
from sktsvq.representation._base import NetworkEncoder

__all__ = ["MaskedAutoencoder"]

# Most patches of a channel, most of all channels together, and least of a channel whatever their number.
_N_PATCHES, _N_ALL, _N_LEAST = 36, 144, 4
_N_STEPS = 500


class MaskedAutoencoder(NetworkEncoder):
    """Embeddings by masked modelling of patches (MAE, arXiv 2111.06377).

    In training a share of the patches of each series is hidden. A transformer encodes the visible ones, and a decoder
    of one layer fills in the hidden ones; the loss is their mean squared error in standardised units. The embedding is
    the mean and the maximum over all patches of what the encoder gives for the whole series. No labels are used.

    References
    ----------
    K. He et al., "Masked Autoencoders Are Scalable Vision Learners", 2022, arXiv 2111.06377.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.representation import MaskedAutoencoder
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> encoder = MaskedAutoencoder(width=8, max_epochs=5, random_state=0).fit(X)
    >>> encoder.transform(X).shape
    (20, 16)
    """

    mask_ratio: float = param(
        0.6,
        [Interval(Real, 0, 1, closed="neither")],
        "Share of the patches that are hidden in training: the nearest number, at least one and not all.",
        positional=True,
    )
    masking: str = param(
        "random",
        [StrOptions(set(MASKINGS))],
        'Which are hidden together: "random" hides single patches, "block" runs of 3 patches in all channels, '
        '"channel" whole channels, of which the series then need two or more.',
    )
    patch_length: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Time points of a patch. "auto" is the least that leaves at most 36 patches a channel and 144 in all, or 4 a '
        "channel where that is more.",
    )
    width: int = param(
        64, [AT_LEAST_ONE], "Size of the vectors of the transformer; an embedding has 2 * width numbers."
    )
    n_layers: int = param(3, [AT_LEAST_ONE], "Layers of the encoder.")
    n_heads: int = param(4, [AT_LEAST_ONE], "Attention heads; `width` is a multiple of it.")
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 500 optimiser steps.')

    _module_class = MaskedModule

    def _check_params(self):
        super()._check_params()
        self._check_width_is_multiple_of("n_heads")

    def _auto_steps(self, n_cases):
        return _N_STEPS

    def _module_config(self, n_cases):
        if self.masking == "channel" and self.n_channels_in_ == 1:
            raise ValueError(
                f"X of {type(self).__name__} must have 2 or more channels with masking='channel'. Got 1 instead."
            )
        rate = self.patch_length
        if rate == "auto":
            rate = ceil(self.n_timepoints_in_ / max(_N_LEAST, min(_N_PATCHES, _N_ALL // self.n_channels_in_)))
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": self.n_timepoints_in_,
            "rate": min(rate, self.n_timepoints_in_),
            "width": self.width,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "mask_ratio": self.mask_ratio,
            "masking": self.masking,
        }
