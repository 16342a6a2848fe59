"""What every encoder has in common: series in, one vector a series out."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from sktsvq._fitting import PartialFitMixin
from sktsvq._series_network import SeriesNetworkMixin
from sktsvq._series_transformer import SeriesTransformer
from sktsvq._validation import check_is_fitted, draw_seed

__all__ = ["BaseEncoder", "NetworkEncoder"]


class BaseEncoder(SeriesTransformer):
    """Base of the encoders; of those that train a network, `NetworkEncoder` is.

    A subclass states its parameters by `param`, writes `_fit` and `_embed` on float arrays of shape (n_cases,
    n_channels, n_timepoints), and tells the number of features by `_n_features_out`.
    """

    @abstractmethod
    def _embed(self, series):
        """Embeddings, floats (n_cases, n_features)."""

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Embeddings of the series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        embedding : ndarray of shape (n_cases, n_features)
            In X's dtype.
        """
        return self.embed(X)

    def embed(self, X: ArrayLike) -> np.ndarray:
        """The same as `transform`, under the name that tokenizers have for it.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        embedding : ndarray of shape (n_cases, n_features)
            In X's dtype.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        return self._embed(series).astype(series.dtype, copy=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class NetworkEncoder(PartialFitMixin, SeriesNetworkMixin, BaseEncoder):
    """Base of the encoders that train a network.

    A subclass names its `_module_class` and writes `_module_config` and `_auto_steps`. The module has `embed(x)`, from
    series (b, c, t) to embeddings (b, d), `embedding_dim`, and a forward pass that returns its loss in the field
    `loss`.
    """

    def _fit(self, series, X, y):
        self._train(self._training_inputs(series), seed=draw_seed(self.random_state), X=X, y=y)

    def _embed(self, series):
        return self._map_series(self.module_.embed, series)

    @property
    def _n_features_out(self):
        """Number of columns that `transform` gives."""
        return self.module_.embedding_dim
