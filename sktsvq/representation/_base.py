"""What every encoder has in common: series in, one vector a series out."""

from abc import ABC, abstractmethod

import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_consistent_length

from sktsvq._batches import PreparedRows, fixed_batch_size
from sktsvq._network import NetworkMixin, keeps_consistent
from sktsvq._parameters import Parameters
from sktsvq._persistence import SaveMixin
from sktsvq._series import SeriesMixin
from sktsvq._validation import check_is_fitted, check_params, draw_seed

__all__ = ["BaseEncoder", "NetworkEncoder", "SeriesNetworkMixin"]

# Time points per forward pass outside training: few enough for the activations to stay in a processor's cache.
_CACHED_VALUES = 2**12


class BaseEncoder(
    SaveMixin, SeriesMixin, Parameters, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC
):
    """Base of the encoders; of those that train a network, `NetworkEncoder` is.

    A subclass states its parameters by `param`, writes `_fit` and `_embed` on float arrays of shape (n_cases,
    n_channels, n_timepoints), and tells the number of features by `_n_features_out`.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_channels_in_,)
        Mean and standard deviation of each channel over the train set.
    """

    @abstractmethod
    def _fit(self, series, X, y):
        """Learn from checked `series`; X and y are what `fit` was given."""

    @abstractmethod
    def _embed(self, series):
        """Embeddings, floats (n_cases, n_features)."""

    def _check_params(self):
        """All that can be known of the parameters before any work."""
        check_params(self)

    def _goes_on(self):
        """Whether `fit` keeps the sizes and the scaling of the last one."""
        return False

    @keeps_consistent
    def fit(self, X, y=None):
        """Learn the scaling and the embedding.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series of equal length, without missing values.
        y : array-like of shape (n_cases,), optional
            Not used unless the encoder says so; its length is checked.

        Returns
        -------
        self : object
            Fitted encoder.

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, or X or y is none of the above.
        KeyboardInterrupt
            After Ctrl-C; the epochs that were finished by then count.
        """
        self._check_params()
        goes_on = self._goes_on()
        series = self._check_series(X, reset=not goes_on, min_cases=2)
        if y is not None:
            check_consistent_length(series, y)
        if not goes_on:
            self._learn_scaling(series)
        self._fit(series, X, y)
        return self

    def transform(self, X):
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

    def embed(self, X):
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


class SeriesNetworkMixin(NetworkMixin):
    """A network over series."""

    def _rows(self, series):
        """Scaled tensors of the rows that are asked for."""
        return PreparedRows(series, lambda chunk: torch.from_numpy(self._scaled(chunk)))

    def _map_series(self, function, series, *rows):
        """`function` of chunks of scaled series, and of those of further rows, as one array."""
        return self._apply(function, self._rows(series), *rows, batch_size=self._chunk_size(), pad=True).numpy()

    def _chunk_size(self):
        """How many series pass through the network at once."""
        return fixed_batch_size(self.n_timepoints_in_, n_values=_CACHED_VALUES, device=self._device)


class NetworkEncoder(SeriesNetworkMixin, BaseEncoder):
    """Base of the encoders that train a network.

    A subclass names its `_module_class` and writes `_module_config` and `_auto_steps`. The module has `embed(x)`, from
    series (b, c, t) to embeddings (b, d), `embedding_dim`, and a forward pass that returns its loss in the field
    `loss`.
    """

    def _fit(self, series, X, y):
        self._train({"x": torch.from_numpy(self._scaled(series))}, seed=draw_seed(self.random_state), X=X, y=y)

    def _embed(self, series):
        return self._map_series(self.module_.embed, series)

    @property
    def _n_features_out(self):
        """Number of columns that `transform` gives."""
        return self.module_.embedding_dim
