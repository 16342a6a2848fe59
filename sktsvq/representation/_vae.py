"""The variational autoencoder."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from sktsvq._draws import draw_classes
from sktsvq._parameters import param, revised
from sktsvq._series_network import observed_rows
from sktsvq._validation import (
    NOT_NEGATIVE,
    RandomStateLike,
    check_is_fitted,
    check_labels,
    check_sample_size,
    draw_seed,
    encode_labels,
    repeat_label,
)
from sktsvq.nn.vector import VectorVAE
from sktsvq.representation._autoencoder import Autoencoder, VectorParams

__all__ = ["VariationalAutoencoder"]

# Draws of the latent vector that a lower bound averages over.
_N_DRAWS = 16


class VariationalAutoencoder(Autoencoder):
    r"""A variational autoencoder (VAE, arXiv 1312.6114): embeddings, new series and their likelihoods in one.

    The encoder gives a mean :math:`\mu` and a diagonal :math:`L` for each series, the latent vector is :math:`z = \mu +
    L \epsilon` with :math:`\epsilon \sim N(0, I)`, and the decoder gives the mean of the series; the standard deviation
    of its values is one learnt number. The loss is minus the evidence lower bound (ELBO) per value, with `kl_weight`
    times the divergence from the prior :math:`N(0, I)`, plus `spectral_weight` times the spectral loss.

    `sample` draws z from the prior. To draw from any other distribution of z, such as a Gaussian with the moments
    `latent_mean_` and `latent_covariance_`, give its draws to `inverse_transform`.

    Attributes
    ----------
    classes_ : ndarray or None
        Class labels, None with ``conditional=False``.
    class_prior_ : ndarray of shape (n_classes,)
        Their frequencies in the train set, with ``conditional=True``.
    noise_scale_ : float
        The learnt standard deviation of a value given z, in standardised units.

    References
    ----------
    D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, arXiv 1312.6114. `kl_weight` is the beta of arXiv
    1804.03599, the learnt standard deviation that of arXiv 2006.13202.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.representation import VariationalAutoencoder
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> vae = VariationalAutoencoder(latent_dim=4, conditional=True, max_epochs=5, random_state=0).fit(X, y)
    >>> vae.transform(X).shape
    (20, 4)
    >>> vae.sample(3, y=[0, 0, 1], random_state=0).shape
    (3, 1, 32)
    >>> vae.score_samples(X).shape
    (20,)
    """

    kl_weight: float = param(1.0, [NOT_NEGATIVE], "Weight of the divergence from the prior, the beta of a beta-VAE.")
    conditional: bool = param(
        False, ["boolean"], "Whether the decoder is told the classes: `fit` then needs labels, and `sample` takes them."
    )
    spectral_weight: float = revised(VectorParams, "spectral_weight", default=0.0)

    _module_class = VectorVAE
    _takes_lengths = False

    def _fit(self, series, X, y):
        inputs = self._training_inputs(series)
        if self.classes_ is not None:
            inputs["labels"] = torch.from_numpy(encode_labels(self, y, len(series)))
        self._train(inputs, seed=draw_seed(self.random_state), X=X, y=y)
        self._learn_latents(series)

    def _prepare(self, series, y):
        super()._prepare(series, y)
        if not self.conditional:
            self.classes_ = None
            return
        if y is None:
            raise ValueError(
                f"{type(self).__name__} with conditional=True requires y to be passed, but the target y is None."
            )
        self.classes_, counts = np.unique(check_labels(series, y), return_counts=True)
        self.class_prior_ = counts / len(series)

    def _module_config(self, n_cases):
        return super()._module_config(n_cases) | {"n_classes": 0 if self.classes_ is None else len(self.classes_)}

    def _bottleneck_config(self):
        n_values = self.n_channels_in_ * self.n_timepoints_in_
        return {"kind": "gaussian", "dim": self.latent_dim, "kl_weight": self.kl_weight / n_values}

    @property
    def noise_scale_(self):
        return float(self.module_.scale.detach())

    def inverse_transform(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """Series that latent vectors stand for: the mean of their distribution.

        Parameters
        ----------
        X : array-like of shape (n_cases, latent_dim)
            Embeddings as `transform` gives them, or draws from a distribution of your choice.
        y : array-like of shape (n_cases,), optional
            The classes of the series; required with ``conditional=True``.

        Returns
        -------
        series : ndarray
            Of the number of dimensions, the sizes and the float dtype of the X seen in `fit` (float64 for integers).

        Raises
        ------
        ValueError
            If X holds NaN or has another number of columns, or y is missing or holds an unknown label.
        """
        check_is_fitted(self)
        latents = self._check_latents(X)
        if y is None and self.classes_ is not None:
            raise ValueError(f"y of {type(self).__name__}.inverse_transform must be labels with conditional=True.")
        labels = () if y is None else (encode_labels(self, y, len(latents)),)
        return self._as_given(self._decode_rows(latents, *labels))

    def sample(
        self, n_samples: int = 1, *, y: ArrayLike | None = None, random_state: RandomStateLike = None
    ) -> np.ndarray:
        """Draw new series: the decoder's means of latent vectors from N(0, I).

        Parameters
        ----------
        n_samples : int, default=1
            How many to draw, at least 1.
        y : label or array-like of shape (n_samples,), optional
            Classes to draw from, with ``conditional=True``. Without it each class is drawn as often as in the train
            set, up to rounding.
        random_state : int, RandomState or None, default=None
            An int makes the draws repeatable; with None two calls differ.

        Returns
        -------
        X : ndarray of shape (n_samples, n_channels, n_timepoints)
            2-D where `fit` saw 2-D series; in the float dtype of the series seen in `fit`.
        """
        check_is_fitted(self)
        check_sample_size(self, n_samples)
        rng = np.random.RandomState(draw_seed(random_state))
        y = repeat_label(y, n_samples)
        if y is None and self.classes_ is not None:
            y = self.classes_[draw_classes(self.class_prior_, n_samples, rng)]
        labels = () if y is None else (encode_labels(self, y, n_samples),)
        latents = rng.normal(size=(n_samples, self._n_features_out)).astype(np.float32)
        return self._as_given(self._decode_rows(latents, *labels))

    def score_samples(self, X: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
        """Evidence lower bound (ELBO) of the log-density of each series, in nats and in the units of X.

        The expectation over z is the mean over 16 draws of the noise, the same for every series and at every call. The
        density is that of the known values; gaps are bridged by straight lines before the encoder.
        ``conditional=True`` without labels bounds the mixture of the classes.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where the decoder is told them.

        Returns
        -------
        elbo : ndarray of shape (n_cases,)
            In nats; greater is more likely.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        draws = np.random.RandomState(0).normal(size=(_N_DRAWS, self._n_features_out)).astype(np.float32)
        noise = torch.from_numpy(draws).to(self._device)

        observed = observed_rows(series)

        def elbo(x, observed, *labels):
            return self.module_.elbo(x, observed, noise, *labels).double()

        if self.classes_ is None and y is None:
            bound = self._map_series(elbo, series, observed)
        elif y is not None:
            bound = self._map_series(elbo, series, observed, torch.from_numpy(encode_labels(self, y, len(series))))
        else:
            every = [
                self._map_series(elbo, series, observed, torch.full((len(series),), label))
                for label in range(len(self.classes_))
            ]
            bound = logsumexp(np.stack(every, axis=1), b=self.class_prior_, axis=1)
        return bound - (~np.isnan(series)).sum(axis=2) @ np.log(self.scale_)

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Mean evidence lower bound of the log-density of the series, in nats.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.
        y : array-like of shape (n_cases,), optional
            The classes of the series, where the decoder is told them.

        Returns
        -------
        score : float
            Greater is better.
        """
        return float(self.score_samples(X, y if self.classes_ is not None else None).mean())
