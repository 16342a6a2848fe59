"""Autoencoders whose embedding is the vector between encoder and decoder."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import (
    AT_LEAST_ONE,
    RandomStateLike,
    check_is_fitted,
    check_sample_size,
    draw_seed,
)
from sktsvq.nn.architectures import ARCHITECTURES
from sktsvq.nn.vector import VectorAutoencoder
from sktsvq.representation._base import NetworkEncoder
from sktsvq.tokenizers._autoencoder import AutoencoderParams

__all__ = ["Autoencoder", "VectorParams"]

# Positions of the encoder before they are squeezed into one vector: as many as a tokenizer has tokens.
_N_PATCHES, _N_COLUMNS = 36, 16


class VectorParams(AutoencoderParams):
    """What the autoencoders with one latent vector a series take."""

    latent_dim: int = param(16, [AT_LEAST_ONE], "Size of the latent vector, the embedding.", positional=True)
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 1500 optimiser steps.')


class Autoencoder(NetworkEncoder, VectorParams):
    """Embeddings by an autoencoder: a convolutional encoder, one vector, a convolutional decoder.

    The network is that of `VQVAETokenizer` without codes: the latents of all positions are squeezed into one vector of
    `latent_dim` numbers, from which the decoder reconstructs the series. The loss is the mean squared error in
    standardised units plus `spectral_weight` times the spectral loss.

    `sample` decodes draws from a Gaussian with the mean and the covariance of the train set's latent vectors (arXiv
    1903.12436), a baseline of generators.

    Attributes
    ----------
    latent_mean_ : ndarray of shape (latent_dim,)
        Mean of the latent vectors of the train set.
    latent_covariance_ : ndarray of shape (latent_dim, latent_dim)
        Their covariance.
    history_ : skorch.history.History
        Loss and seconds of every epoch, and the squared error of its last batch in standardised units, computed about
        a hundred times in a training and repeated between.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.representation import Autoencoder
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> encoder = Autoencoder(latent_dim=4, max_epochs=5, random_state=0).fit(X)
    >>> Z = encoder.transform(X)
    >>> Z.shape
    (20, 4)
    >>> encoder.inverse_transform(Z).shape
    (20, 1, 32)
    """

    _module_class = VectorAutoencoder
    _takes_lengths = True

    def _auto_steps(self, n_cases):
        return 1500

    def _fit(self, series, X, y):
        super()._fit(series, X, y)
        self._learn_latents(series)

    def _learn_latents(self, series):
        latents = self._embed(series).astype(np.float64)
        self.latent_mean_ = latents.mean(axis=0)
        self.latent_covariance_ = np.cov(latents, rowvar=False, ddof=0).reshape(self.latent_dim, self.latent_dim)

    def _module_config(self, n_cases):
        architecture = ARCHITECTURES[self.architecture]
        rate = architecture.auto_rate(self.n_timepoints_in_, patches=_N_PATCHES, columns=_N_COLUMNS)
        return {
            "n_channels": self.n_channels_in_,
            "n_timepoints": self.n_timepoints_in_,
            "n_positions": architecture.n_positions(self.n_timepoints_in_, rate),
            "architecture": self.architecture,
            "rate": rate,
            "width": self.width,
            "n_blocks": self.n_blocks,
            "bottleneck": self._bottleneck_config(),
            "spectral_weight": self.spectral_weight,
        }

    def _bottleneck_config(self):
        return {"kind": "identity", "dim": self.latent_dim}

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Series that latent vectors stand for.

        Parameters
        ----------
        X : array-like of shape (n_cases, latent_dim)
            Embeddings as `transform` gives them.

        Returns
        -------
        series : ndarray
            Of the number of dimensions, the sizes and the float dtype of the X seen in `fit` (float64 for integers).

        Raises
        ------
        ValueError
            If X holds NaN or has another number of columns.
        """
        check_is_fitted(self)
        return self._as_given(self._decode_rows(self._check_latents(X)))

    def sample(
        self, n_samples: int = 1, *, y: ArrayLike | None = None, random_state: RandomStateLike = None
    ) -> np.ndarray:
        """Draw new series: what the decoder makes of Gaussian latent vectors.

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : None
            An autoencoder knows no classes.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            2-D where `fit` saw 2-D series; in the float dtype of the series seen in `fit`.

        Raises
        ------
        ValueError
            If labels are given.
        """
        check_is_fitted(self)
        check_sample_size(self, n_samples)
        if y is not None:
            raise ValueError(
                f"y of {type(self).__name__}.sample must be None: it knows no classes. Got labels instead."
            )
        rng = np.random.RandomState(draw_seed(random_state))
        latents = rng.multivariate_normal(self.latent_mean_, self.latent_covariance_, size=n_samples)
        return self._as_given(self._decode_rows(latents.astype(np.float32)))

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Minus the mean squared error of the reconstructions, in the squared units of X.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : None
            Not used.

        Returns
        -------
        score : float
            At most 0, which is best.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        reconstruction = self._decode_rows(self._embed(series))
        return self._minus_error(series, reconstruction)

    def _check_latents(self, X):
        latents = check_array(X, dtype=np.float32, input_name="X", estimator=self)
        if latents.shape[1] != self._n_features_out:
            raise ValueError(
                f"X of {type(self).__name__}.inverse_transform must have {self._n_features_out} columns, the size of a "
                f"latent vector. Got {latents.shape[1]} instead."
            )
        return latents
