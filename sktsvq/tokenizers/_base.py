"""What every tokenizer has in common: scaling, training, tokens in and out, summaries of the codes."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.utils import check_consistent_length

from sktsvq._training import fit_network, fixed_batch_size, map_batches, resolve_device
from sktsvq._validation import (
    AT_LEAST_ONE,
    COMMON_CONSTRAINTS,
    NOT_NEGATIVE,
    Interval,
    Real,
    StrOptions,
    check_is_fitted,
    check_params,
    check_series,
    check_tokens,
    draw_seed,
    learn_scaling,
    match_layout,
    scale_series,
)

# k-means on more latents than this gives no better start.
_MAX_KMEANS_LATENTS = 20_000
# Time points per forward pass outside training: few enough for the activations to stay in a processor's cache.
_PASS = 2**13


class BaseTokenizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the tokenizers.

    A subclass names its parameters and builds a module with `encoder(x)`, `quantizer`, `encode(x)`, `decode(indices)`
    and a forward pass that returns its loss.
    """

    _parameter_constraints = {
        **COMMON_CONSTRAINTS,
        "codebook_size": [StrOptions({"auto"}), AT_LEAST_ONE],
        "codebook_dim": [AT_LEAST_ONE],
        "beta": [NOT_NEGATIVE],
        "decay": [Interval(Real, 0, 1, closed="left"), None],
        "codebook_init": [StrOptions({"kmeans", "data"})],
        "output": [StrOptions({"tokens", "embedding", "histogram"})],
        "pooling": [StrOptions({"mean", "max", "mean_max"}), None],
    }

    @abstractmethod
    def _build_module(self, n_cases):
        """The untrained network for the sizes seen in fit; sets `codebook_size_`."""

    def fit(self, X, y=None):
        """Learn the scaling, the network and the codebook.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series of equal length, without missing values.
        y : array-like of shape (n_cases,), optional
            Not used; its length is checked.

        Returns
        -------
        self : object
            Fitted tokenizer.
        """
        check_params(self)
        warm = self.warm_start and hasattr(self, "net_")
        X = check_series(self, X, reset=not warm, min_cases=2)
        if y is not None:
            check_consistent_length(X, y)
        if not warm:
            learn_scaling(self, X)
        x = self._scale(X)
        seed = draw_seed(self.random_state)
        fit_network(self, lambda: self._initial_module(x), {"x": x}, seed=seed, n_steps=3000, n_steps_small=1000)
        self.codebook_ = self.net_.module_.quantizer.codebook.detach().cpu().numpy().copy()
        tokens = self._tokens(X)
        self.n_tokens_ = tokens.shape[1]
        self.codebook_usage_ = np.bincount(tokens.ravel(), minlength=self.codebook_size_)
        share = self.codebook_usage_[self.codebook_usage_ > 0] / tokens.size
        self.perplexity_ = float(np.exp(-(share * np.log(share)).sum()))
        return self

    def transform(self, X):
        """Tokens of the series, or what `output` says.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in fit.

        Returns
        -------
        X_out : ndarray
            For ``output="tokens"`` int64 of shape (n_cases, n_tokens) with values in [0, codebook_size_); for
            "embedding" the quantised latents, pooled over the positions as `pooling` says; for "histogram" the share
            of each code in the series, of shape (n_cases, codebook_size_).
        """
        check_is_fitted(self)
        check_params(self)
        X = check_series(self, X)
        tokens = self._tokens(X)
        if self.output == "tokens":
            return tokens
        if self.output == "histogram":
            cells = tokens + self.codebook_size_ * np.arange(len(tokens))[:, np.newaxis]
            counts = np.bincount(cells.ravel(), minlength=len(tokens) * self.codebook_size_)
            return (counts.reshape(len(tokens), -1) / self.n_tokens_).astype(X.dtype)
        return _pool(self.codebook_[tokens], self.pooling).astype(X.dtype)

    def inverse_transform(self, X):
        """Series that the tokens stand for.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens)
            Tokens as `transform` gives them with ``output="tokens"``.

        Returns
        -------
        series : ndarray
            Of the shape and float dtype of the X seen in fit (float64 for integers).
        """
        check_is_fitted(self)
        tokens = check_tokens(self, X, n_tokens=self.n_tokens_, codebook_size=self.codebook_size_)
        module, dtype = self.net_.module_, getattr(torch, self._dtype_in.name)
        mean, scale = (torch.from_numpy(value[:, np.newaxis]) for value in (self.mean_, self.scale_))

        def decode(indices):
            return (module.decode(indices).cpu() * scale + mean).to(dtype)

        return match_layout(self, self._map(decode, tokens).numpy())

    def score(self, X, y=None):
        """Minus the mean squared error of the reconstructions, in the squared units of X; y is not used."""
        check_is_fitted(self)
        X = check_series(self, X)
        reconstruction = self.inverse_transform(self._tokens(X)).reshape(X.shape)
        return -float(np.square(X - reconstruction, dtype=np.float64).mean())

    def _scale(self, X):
        """A float32 tensor with zero mean and unit variance per channel."""
        return torch.from_numpy(scale_series(self, X))

    def _tokens(self, X):
        """Tokens of a checked X, one chunk after the other, so that memory does not grow with n_cases."""
        return self._map(self.net_.module_.encode, X, prepare=self._scale).numpy()

    def _map(self, function, array, **settings):
        """`function` of the rows of an array, chunks of one shape after the other."""
        device = resolve_device(self.net_.device)
        batch_size = fixed_batch_size(self.n_timepoints_in_, n_values=_PASS, device=device)
        return map_batches(function, array, batch_size=batch_size, device=device, pad=True, **settings)

    def _initial_module(self, x):
        """The untrained network, its codes started from latents of the untrained encoder."""
        module = self._build_module(len(x))
        with torch.no_grad():
            latents = module.encoder(x[torch.randperm(len(x))[:_MAX_KMEANS_LATENTS]])  # (b, d, n)
        latents = latents.transpose(1, 2).flatten(0, 1)
        latents = latents[torch.randperm(len(latents))[:_MAX_KMEANS_LATENTS]]
        n_codes = self.codebook_size_
        if self.codebook_init == "kmeans" and len(latents) > n_codes:
            seed = int(torch.randint(2**31 - 1, ()))
            kmeans = KMeans(n_codes, init="random", n_init=1, max_iter=10, random_state=seed).fit(latents.numpy())
            codes = torch.from_numpy(kmeans.cluster_centers_)
        else:
            rows = torch.arange(n_codes) % len(latents)
            codes = latents[rows] + 1e-3 * latents.std() * torch.randn(n_codes, latents.shape[1])
        module.quantizer.initialize(codes)
        return module

    @property
    def _n_features_out(self):
        """Number of columns that `transform` gives."""
        if self.output == "tokens":
            return self.n_tokens_
        if self.output == "histogram":
            return self.codebook_size_
        return self.codebook_.shape[1] * {None: self.n_tokens_, "mean_max": 2}.get(self.pooling, 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _pool(latents, pooling):  # (n_cases, n_tokens, codebook_dim)
    """Latents with their positions averaged, maximised, both side by side, or (None) strung together."""
    if pooling is None:
        return latents.reshape(len(latents), -1)
    pooled = {"mean": [latents.mean(axis=1)], "max": [latents.max(axis=1)]}
    pooled["mean_max"] = pooled["mean"] + pooled["max"]
    return np.concatenate(pooled[pooling], axis=1)
