"""What every tokenizer has in common: series in, tokens out and back, summaries of the codes."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from sktsvq._parameters import Parameters, param
from sktsvq._series_transformer import SeriesTransformer
from sktsvq._validation import StrOptions, check_is_fitted, check_params, check_tokens
from sktsvq._vocabulary import VocabularyMixin


class OutputParams(Parameters):
    """What `transform` gives."""

    output: str = param(
        "tokens",
        [StrOptions({"tokens", "embedding", "histogram"})],
        "What `transform` gives: tokens, pooled vectors of the codes, or code frequencies.",
    )
    pooling: str | None = param(
        "mean",
        [StrOptions({"mean", "max", "mean_max"}), None],
        "How embeddings pool the vectors over the positions; None concatenates them.",
    )


class BaseTokenizer(VocabularyMixin, OutputParams, SeriesTransformer):
    """Base of the tokenizers; of those that train a network, `NetworkTokenizer` is.

    A subclass states its parameters by `param` and writes three methods on float arrays of shape (n_cases, n_channels,
    n_timepoints): `_fit`, which learns and sets `vocabulary_`, `_encode` and `_decode`.

    Attributes
    ----------
    codebook_ : ndarray of shape (codebook_size_, codebook_dim) or None
        The vectors of the codes, stream after stream.
    token_spans_ : ndarray of int, shape (n_tokens_, 2)
        First and one-past-last time point that each token stands for.
    codebook_usage_ : ndarray of shape (codebook_size_,)
        How often each code stands in the tokens of the train set; ``(codebook_usage_ == 0).sum()`` codes are dead.
    perplexity_ : float
        Exponential of the entropy of `codebook_usage_`, between 1 and codebook_size_.
    bits_per_series_ : float
        Entropy of the tokens of a series in the train set if they were independent: the sum over the streams of
        their number of tokens times the binary logarithm of their perplexity.
    """

    @abstractmethod
    def _encode(self, series):
        """Tokens, int64 (n_cases, n_tokens)."""

    @abstractmethod
    def _decode(self, tokens):
        """Series in the units of X, floats (n_cases, n_channels, n_timepoints)."""

    def _summarize(self, series):
        if not hasattr(self, "vocabulary_"):
            raise TypeError(f"The _fit of {type(self).__name__} must set vocabulary_, a Vocabulary.")
        self.codebook_usage_ = np.bincount(self._encode(series).ravel(), minlength=self.codebook_size_)
        self.perplexity_ = float(np.exp(_entropy(self.codebook_usage_)))
        streams = zip(self.token_slices_, self.codebook_slices_, strict=True)
        bits = [(part.stop - part.start) * _entropy(self.codebook_usage_[codes]) / np.log(2) for part, codes in streams]
        self.bits_per_series_ = float(sum(bits))

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Tokens of the series, or what `output` says.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        X_out : ndarray
            For ``output="tokens"`` what `tokenize` gives, for "embedding" what `embed` gives; for "histogram" the share
            of each code in the series, of shape (n_cases, codebook_size_).
        """
        check_is_fitted(self)
        check_params(self)
        if self.output == "embedding":
            return self.embed(X)
        return self.tokenize(X) if self.output == "tokens" else self._histogram(X)

    def tokenize(self, X: ArrayLike) -> np.ndarray:
        """Tokens of the series, whatever `output` says.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        tokens : ndarray of int64, shape (n_cases, n_tokens_)
            In [0, codebook_size_).
        """
        check_is_fitted(self)
        return self._encode(self._check_series(X))

    def embed(self, X: ArrayLike) -> np.ndarray:
        """Vectors of the tokens, pooled over the positions as `pooling` says, whatever `output` says.

        Residual streams are added up; the pooled vectors of other streams stand side by side.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            Series of the sizes seen in `fit`.

        Returns
        -------
        embedding : ndarray of shape (n_cases, n_features)
            In X's dtype.

        Raises
        ------
        ValueError
            If the codes of this tokenizer have no vectors.
        """
        check_is_fitted(self)
        if self.codebook_ is None:
            raise ValueError(f"{type(self).__name__} has no embeddings: its codes have no vectors.")
        series = self._check_series(X)
        return self._pooled(self._encode(series)).astype(series.dtype)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Series that the tokens stand for.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens as `tokenize` gives them.

        Returns
        -------
        series : ndarray, or list of ndarray
            Of the number of dimensions, the sizes and the float dtype of the X seen in `fit` (float64 for integers).
            A list where `fit` saw series of unequal length: a series has the time points of its tokens before the
            first end code, so lengths are rounded to whole tokens.
        """
        check_is_fitted(self)
        tokens = check_tokens(self, X, n_tokens=self.n_tokens_, codebook_size=self.codebook_size_)
        self.vocabulary_.check_streams(tokens, type(self).__name__)
        return self._as_given(
            self._decode(tokens), self.vocabulary_.lengths(tokens) if self.unequal_length_in_ else None
        )

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
        reconstruction = self._decode(self._encode(series))
        return self._minus_error(series, reconstruction)

    @property
    def codebook_(self):
        return self.vocabulary_.codebook

    @property
    def token_spans_(self):
        return self.vocabulary_.token_spans

    def _histogram(self, X):
        """The share of each code in the series, (n_cases, codebook_size_)."""
        series = self._check_series(X)
        tokens = self._encode(series)
        cells = tokens + self.codebook_size_ * np.arange(len(tokens))[:, np.newaxis]
        counts = np.bincount(cells.ravel(), minlength=len(tokens) * self.codebook_size_)
        return (counts.reshape(len(tokens), -1) / self.n_tokens_).astype(series.dtype)

    def _pooled(self, tokens):
        groups, ended = self.vocabulary_.vectors(tokens), self.vocabulary_.ended(tokens)
        return np.concatenate([_pool(*pair, self.pooling) for pair in zip(groups, ended, strict=True)], axis=1)

    @property
    def _n_features_out(self):
        """Number of columns that `transform` gives."""
        if self.output == "tokens":
            return self.n_tokens_
        if self.output == "histogram":
            return self.codebook_size_
        return self._pooled(np.zeros((1, self.n_tokens_), dtype=np.int64)).shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _entropy(counts):
    """Entropy of the shares of these counts, in nats."""
    share = counts[counts > 0] / counts.sum()
    return -(share * np.log(share)).sum()


def _pool(vectors, ended, pooling):  # (n_cases, n_positions, codebook_dim), (n_cases, n_positions)
    """Vectors averaged over their positions, maximised, both side by side, or (None) concatenated."""
    if pooling is None:
        return vectors.reshape(len(vectors), -1)
    if ended.any():
        vectors = np.ma.masked_array(vectors, np.broadcast_to(ended[..., np.newaxis], vectors.shape))
    pooled = {"mean": [np.asarray(vectors.mean(axis=1))], "max": [np.asarray(vectors.max(axis=1))]}
    pooled["mean_max"] = pooled["mean"] + pooled["max"]
    return np.concatenate(pooled[pooling], axis=1)
