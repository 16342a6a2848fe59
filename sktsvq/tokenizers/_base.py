"""What every tokenizer has in common: scaling, training, tokens in and out, summaries of the codes."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.utils import check_consistent_length

from sktsvq._devices import resolve_device
from sktsvq._training import fit_network, fixed_batch_size, map_batches
from sktsvq._validation import (
    AT_LEAST_ONE,
    COMMON_CONSTRAINTS,
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
from sktsvq.tokenizers._quantizers import QUANTIZER_CONSTRAINTS

# k-means on more latents than this gives no better start.
_MAX_KMEANS_LATENTS = 20_000
# Time points per forward pass outside training: few enough for the activations to stay in a processor's cache.
_PASS = 2**14


class BaseTokenizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the tokenizers.

    A subclass names its parameters and builds a module with `encoder(x)`, `quantizer`, `token_spans`, `encode(x)`,
    `decode(indices)` and a forward pass that returns its loss. A module that encodes a series in several ways lists in
    `branches` modules with `encoder(x)`, `quantizer` and `token_spans`, in the order of their tokens.
    """

    _parameter_constraints = {
        **COMMON_CONSTRAINTS,
        "codebook_size": [StrOptions({"auto"}), AT_LEAST_ONE],
        **QUANTIZER_CONSTRAINTS,
        "codebook_init": [StrOptions({"kmeans", "data", "normal"})],
        "output": [StrOptions({"tokens", "embedding", "histogram"})],
        "pooling": [StrOptions({"mean", "max", "mean_max"}), None],
    }

    # Optimiser steps of max_epochs="auto".
    _n_steps = 1500

    @abstractmethod
    def _build_module(self, n_cases):
        """The untrained network for the sizes seen in fit."""

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
        fit_network(self, lambda: self._initial_module(x), {"x": x}, seed=seed, n_steps=self._n_steps)
        self._describe_streams()
        self.codebook_usage_ = np.bincount(self._tokens(X).ravel(), minlength=self.codebook_size_)
        self.perplexity_ = float(np.exp(_entropy(self.codebook_usage_)))
        streams = zip(self.token_slices_, self.codebook_slices_, strict=True)
        bits = [(part.stop - part.start) * _entropy(self.codebook_usage_[codes]) / np.log(2) for part, codes in streams]
        self.bits_per_series_ = float(sum(bits))
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
            "embedding" the quantised latents, pooled over the positions as `pooling` says, those of branches side by
            side; for "histogram" the share of each code in the series, of shape (n_cases, codebook_size_).
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
        return self._embed(tokens).astype(X.dtype)

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
        self._check_streams(tokens)
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
        """The untrained network, its codes started from latents of the untrained encoders."""
        module = self._build_module(len(x))
        for branch in _branches(module):
            with torch.no_grad():
                latents = branch.encoder(x[torch.randperm(len(x))[:_MAX_KMEANS_LATENTS]])  # (b, n, d)
            latents = latents.flatten(0, 1)
            latents = latents[torch.randperm(len(latents))[:_MAX_KMEANS_LATENTS]]
            branch.quantizer.initialize(latents, self._initial_codes)
        return module

    def _initial_codes(self, latents, n_codes):  # (m, d) -> (n_codes, d)
        """Centres of the latents, or a sample of them where they are few, or what `codebook_init` says."""
        if self.codebook_init == "normal":
            return torch.randn(n_codes, latents.shape[1])
        if self.codebook_init == "kmeans" and len(latents) > n_codes:
            seed = int(torch.randint(2**31 - 1, ()))
            kmeans = KMeans(n_codes, init="random", n_init=1, max_iter=10, random_state=seed).fit(latents.numpy())
            return torch.from_numpy(kmeans.cluster_centers_)
        rows = torch.arange(n_codes) % len(latents)
        return latents[rows] + 1e-3 * latents.std() * torch.randn(n_codes, latents.shape[1])

    def _describe_streams(self):
        """Set what is known of the tokens and codes of each stream: a branch has one, or one for each residual."""
        branches = _branches(self.net_.module_)
        codebooks = [branch.quantizer.codebook.detach().cpu().numpy() for branch in branches]
        self.codebook_ = np.concatenate(codebooks)
        self.codebook_size_ = len(self.codebook_)
        self._n_streams = [branch.quantizer.n_streams for branch in branches]
        spans = [branch.token_spans.numpy() for branch in branches]
        n_positions = [len(s) for s, n in zip(spans, self._n_streams, strict=True) for _ in range(n)]
        n_codes = [len(c) // n for c, n in zip(codebooks, self._n_streams, strict=True) for _ in range(n)]
        self.token_spans_ = np.concatenate([np.tile(s, (n, 1)) for s, n in zip(spans, self._n_streams, strict=True)])
        self.n_tokens_ = len(self.token_spans_)
        self.token_slices_ = _side_by_side(n_positions)
        self.codebook_slices_ = _side_by_side(n_codes)

    def _check_streams(self, tokens):
        """Raise a ValueError for a code of another stream."""
        for part, codes in zip(self.token_slices_, self.codebook_slices_, strict=True):
            wrong = tokens[:, part][(tokens[:, part] < codes.start) | (tokens[:, part] >= codes.stop)]
            if wrong.size:
                raise ValueError(
                    f"tokens of {type(self).__name__} in the columns {part.start} to {part.stop - 1} must lie in the "
                    f"range [{codes.start}, {codes.stop}), the codes of that stream. Got {wrong[0]} instead."
                )

    def _embed(self, tokens):
        """Quantised latents, pooled: those of each branch side by side, each the sum over its residuals."""
        latents, slices = self.codebook_[tokens], iter(self.token_slices_)
        summed = [sum(latents[:, next(slices)] for _ in range(n_streams)) for n_streams in self._n_streams]
        return np.concatenate([_pool(part, self.pooling) for part in summed], axis=1)

    @property
    def _n_features_out(self):
        """Number of columns that `transform` gives."""
        if self.output == "tokens":
            return self.n_tokens_
        if self.output == "histogram":
            return self.codebook_size_
        return self._embed(np.zeros((1, self.n_tokens_), dtype=np.int64)).shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _branches(module):
    """The parts of a network that have an encoder and a quantiser, in the order of their tokens."""
    return getattr(module, "branches", (module,))


def _side_by_side(lengths):
    """Slices of these lengths, one after the other."""
    stops = np.cumsum(lengths).tolist()
    return tuple(slice(stop - length, stop) for stop, length in zip(stops, lengths, strict=True))


def _entropy(counts):
    """Entropy of the shares of these counts, in nats."""
    share = counts[counts > 0] / counts.sum()
    return -(share * np.log(share)).sum()


def _pool(latents, pooling):  # (n_cases, n_tokens, codebook_dim)
    """Latents with their positions averaged, maximised, both side by side, or (None) strung together."""
    if pooling is None:
        return latents.reshape(len(latents), -1)
    pooled = {"mean": [latents.mean(axis=1)], "max": [latents.max(axis=1)]}
    pooled["mean_max"] = pooled["mean"] + pooled["max"]
    return np.concatenate(pooled[pooling], axis=1)
