"""Siamese encoders."""

from math import ceil, log2

import numpy as np
import torch

from sktsvq._devices import isolated_rng
from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, Real, StrOptions
from sktsvq.nn.augment import check_augmentations
from sktsvq.nn.siamese import Siamese
from sktsvq.nn.two_views import METHODS
from sktsvq.representation._base import NetworkEncoder
from sktsvq.tokenizers import NCVQVAETokenizer

__all__ = ["SiameseEncoder"]

# Most positions that the series are divided into.
_N_POSITIONS = 256
_N_STEPS = 200


class SiameseEncoder(NetworkEncoder):
    r"""Embeddings that are alike for augmented views of one series, and differ between series.

    In training each series gives two random views. An encoder of dilated convolutions over time turns them into
    latents, their maximum and mean over time are projected, and the projections are compared by the objective. No
    labels are used. The embedding holds the same maximum and mean, `dim` channels each; of the network as it was
    before any training the shares of time in which each channel is positive, and in which it rises; and the shares of
    time in which each of 2 * `dim` random convolutions of 9 time points, with dilations of 1, 2, 4, ..., is above a
    random threshold, on the series and on its differences (as in arXiv 1910.13051 and 2102.00457): random convolutions
    tell apart what the augmentations have made alike.
    Each `dim` of these numbers are divided by the root of their mean variance on the train set.

    Attributes
    ----------
    history_ : skorch.history.History
        Also has `embedding_std` and `effective_rank` of the centred pooled latents of an epoch's last batch, computed
        about a hundred times in a training and repeated between: if they fall to 0 and 1, the encoder has collapsed.

    References
    ----------
    SimCLR arXiv 2002.05709, MoCo 1911.05722, BYOL 2006.07733, SimSiam 2011.10566, Barlow Twins 2103.03230, VICReg
    2105.04906, VIbCReg 2109.00783.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.representation import SiameseEncoder
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> encoder = SiameseEncoder("vicreg", dim=16, max_epochs=5, random_state=0).fit(X)
    >>> encoder.transform(X).shape
    (20, 128)
    >>> encoder.history_[-1, "effective_rank"] > 1
    True
    """

    objective: str = param(
        "simclr",
        [StrOptions(set(METHODS))],
        "The method that compares the views: contrastive (SimCLR; MoCo, with a teacher and a queue of negatives), by "
        "prediction (BYOL, with a teacher and a predictor; SimSiam, with a predictor), or by statistics of the batch "
        "(Barlow Twins, VICReg, VIbCReg).",
        positional=True,
    )
    dim: int = param(320, [AT_LEAST_ONE], "Channels of the latents; an embedding has 8 * dim numbers.")
    width: int = param(64, [AT_LEAST_ONE], "Channels of the hidden layers.")
    n_blocks: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        "Residual blocks, which look 1, 2, 4, 8, ... positions to either side. "
        '"auto" is the least number with which the last looks a quarter of the series to either side, at least 1.',
    )
    downsampling_rate: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Time points per position. "auto" is the least that leaves at most 256 positions.',
    )
    projector_dim: int = param(256, [AT_LEAST_ONE], "Width of the layers of the projector.")
    augmentations: object = revised(NCVQVAETokenizer, "augmentations")
    momentum: float = param(
        0.99,
        [Interval(Real, 0, 1, closed="left")],
        "Of the teacher of MoCo and BYOL, which follows the encoder as a moving average. The papers' 0.996 and more "
        "suit trainings of many thousand steps.",
    )
    queue_size: int = param(1024, [AT_LEAST_ONE], "Projections of earlier batches that MoCo takes as negatives.")
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 200 optimiser steps.')
    batch_size: int = revised(
        TrainingParams,
        "batch_size",
        rules=[Interval(Integral, 2, None, closed="left")],
        note="The objectives compare the series of a batch.",
    )
    lr: float = revised(TrainingParams, "lr", default=2e-3)

    _module_class = Siamese
    _takes_lengths = True

    def _auto_steps(self, n_cases):
        return _N_STEPS

    def _fit(self, series, X, y):
        with isolated_rng(0, torch.device("cpu")):
            check_augmentations(self.augmentations, self.n_channels_in_, self.n_timepoints_in_)
        super()._fit(series, X, y)
        features = self._map_series(self.module_.features, series).astype(np.float64)
        # One scale for each kind of numbers: with one each, those that hardly vary would drown the others.
        kinds = features.reshape(len(features), -1, self.dim)
        scale = np.sqrt(kinds.var(axis=0).mean(axis=1))
        scale[scale < 1e-6 * (1 + np.abs(kinds).max(axis=(0, 2)))] = 1.0
        self.module_.rescale(torch.from_numpy(scale.repeat(self.dim)).float())

    def _module_config(self, n_cases):
        rate = self.downsampling_rate
        if rate == "auto":
            rate = ceil(self.n_timepoints_in_ / _N_POSITIONS)
        n_blocks = self.n_blocks
        if n_blocks == "auto":
            n_blocks = max(1, ceil(log2(ceil(self.n_timepoints_in_ / rate))) - 1)
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": self.n_timepoints_in_,
            "rate": rate,
            "width": self.width,
            "n_blocks": n_blocks,
            "dim": self.dim,
            "objective": {
                "method": self.objective,
                "projector_dim": self.projector_dim,
                "momentum": self.momentum,
                "queue_size": self.queue_size,
            },
            "augmentations": self.augmentations,
        }
