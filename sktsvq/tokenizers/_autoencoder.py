"""The parameters of the convolutional networks around the codes, and the published values that they share."""

from functools import partial
from math import floor, log2

import numpy as np
from numpy.typing import ArrayLike

from sktsvq._devices import isolated_rng
from sktsvq._parameters import Parameters, param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    Integral,
    Interval,
    RandomStateLike,
    StrOptions,
    check_is_fitted,
    draw_seed,
)
from sktsvq.nn.architectures import ARCHITECTURES
from sktsvq.nn.shifts import shift_inputs
from sktsvq.tokenizers._network import NetworkTokenizer

# What the published models share (arXiv 2408.16613, 2303.04743), in the terms of this package.
PUBLISHED = {
    "codebook_size": 32,
    "codebook_dim": 64,
    "n_quantizers": 1,
    "architecture": "stft",
    "beta": 1.0,
    "decay": 0.9,
    "dead_threshold": 0.0,
    "codebook_init": "normal",
    "width": 64,
    "n_blocks": 4,
    "spectral_weight": 1.0,
    "max_shift": 0,
    "max_epochs": 1000,
    "batch_size": 128,
    "lr": 1e-3,
    "precision": "float32",
}


# Of the series of a batch. With all of them, series that are alike to the time point (Mallat) are kept less well.
_MOVED_SHARE = 0.5


class AutoencoderParams(Parameters):
    """What the tokenizers with a convolutional encoder and decoder take."""

    architecture: str = param(
        "patch",
        [StrOptions(set(ARCHITECTURES))],
        "The network: ours, on patches of time points, or the published one on a time-frequency grid, which gives "
        "every column of the grid 5 tokens, one for each frequency (see `published`).",
    )
    width: int = param(64, [AT_LEAST_ONE], "Channels of the hidden layers.")
    n_blocks: int = param(
        3,
        [AT_LEAST_ONE],
        "Residual blocks of the encoder, which look 2, 4, 8, 1, 2, ... tokens to either side; the decoder has half as "
        "many, rounded up.",
    )
    spectral_weight: float = param(
        0.3,
        [NOT_NEGATIVE],
        'Weight of the spectral loss; windows longer than the series are left out. With ``architecture="stft"`` weight '
        "of the mean squared error of the time-frequency grid instead.",
    )


class AutoencoderTokenizer(NetworkTokenizer, AutoencoderParams):
    """Base of the tokenizers with a convolutional encoder and decoder, in one branch or several.

    Attributes
    ----------
    max_shift_ : int
        Time points by which series were moved in training, at most.
    """

    max_shift: int | str = param(
        "auto",
        [StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")],
        "In training about half of the series of a batch are moved in time, by at most so many time points to either "
        "side; their first or last value enters at the end that becomes free. The network then does not learn by heart "
        'where the patches of the train series begin. "auto" is one less than the time points of a token, so that a '
        "patch may begin at each of them.",
    )
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 1500 optimiser steps.')

    def _auto_steps(self, n_cases):
        return 1500

    @property
    def max_shift_(self):
        return self._most_shift(self.module_config_)

    def _augmentation(self, config):
        most = self._most_shift(config)
        return partial(shift_inputs, most=most, share=_MOVED_SHARE) if most else None

    def _most_shift(self, config):
        return config["rate"] - 1 if self.max_shift == "auto" else self.max_shift

    def tokenize_shifted(self, X: ArrayLike, *, random_state: RandomStateLike = None) -> np.ndarray:
        """Tokens of the series, each moved in time at random, by as much as in training.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        random_state : int, RandomState or None, default=None
            An int makes the moves repeatable.

        Returns
        -------
        tokens : ndarray of int64, shape (n_cases, n_tokens_)
            In [0, codebook_size_).

        Examples
        --------
        >>> from sktsvq.datasets import make_waves
        >>> from sktsvq.tokenizers import VQVAETokenizer
        >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
        >>> tokenizer = VQVAETokenizer(max_epochs=2, max_shift=3, random_state=0).fit(X)
        >>> tokenizer.tokenize_shifted(X, random_state=0).shape
        (20, 32)
        """
        check_is_fitted(self)

        def encode(x, lengths=None):
            inputs = {"x": x} if lengths is None else {"x": x, "lengths": lengths}
            moved = shift_inputs(inputs, most=self.max_shift_)
            return self.module_.encode(moved["x"], moved.get("lengths"))

        with isolated_rng(draw_seed(random_state), self._device):
            return self._map_series(encode, self._check_series(X))

    def _autoencoder_config(self, n_cases, rate, *, patches, columns):
        """The keyword arguments of `sktsvq.nn.autoencoder.Autoencoder`.

        Parameters
        ----------
        n_cases : int
        rate : int or "auto"
            Time points per token.
        patches, columns : int
            What "auto" means: at most so many tokens for patches, or time points per column of a grid.
        """
        architecture = ARCHITECTURES[self.architecture]
        if rate == "auto":
            rate = architecture.auto_rate(self.n_timepoints_in_, patches=patches, columns=columns)
        n_tokens = n_cases * architecture.n_positions(self.n_timepoints_in_, rate)
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": self.n_timepoints_in_,
            "architecture": self.architecture,
            "rate": rate,
            "width": self.width,
            "n_blocks": self.n_blocks,
            "bottleneck": self._bottleneck_config(self._resolved_codebook_size(n_tokens)),
            "spectral_weight": self.spectral_weight,
            **({"ends": True} if self.unequal_length_in_ else {}),
        }

    def _resolved_codebook_size(self, n_tokens):
        if self.codebook_size != "auto":
            return self.codebook_size
        return min(256, max(16, 2 ** floor(log2(n_tokens / 8))))
