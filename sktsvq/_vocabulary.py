"""What tokens may be and what they stand for: the one thing that a tokenizer tells a prior."""

from operator import index

import numpy as np

__all__ = ["Vocabulary", "VocabularyMixin"]


class Vocabulary:
    """The codes of token sequences, their streams, and the time points that tokens stand for.

    A tokenizer with several streams puts their tokens side by side, and numbers the codes of one stream after those of
    the other: a stream never uses a code of another.

    Parameters
    ----------
    codebook_size : int
        Number of codes of all streams together; tokens lie in [0, codebook_size).
    n_tokens : int
        Length of a sequence.
    codebook : array of shape (codebook_size, codebook_dim), optional
        The vector of each code, where codes have one.
    token_slices : sequence of slice, optional
        The tokens of each stream, side by side from 0 to n_tokens. None is one stream.
    codebook_slices : sequence of slice, optional
        The codes of each stream, in rising order. Codes between them belong to no stream, and are never drawn.
    token_spans : array of shape (n_tokens, 2), optional
        First and one-past-last time point that each token stands for.
    stream_groups : sequence of int, optional
        How many consecutive streams add up to one vector, as those of a residual quantiser. None is 1 for each stream.
    has_ends : bool
        Whether series may end before others. The last code of each stream then is an end code, which stands at all
        positions behind the end of a series.

    Raises
    ------
    ValueError, TypeError
        If a part is none of the above, or the parts contradict each other.

    Examples
    --------
    >>> from sktsvq.base import Vocabulary
    >>> low_and_high = Vocabulary(
    ...     8, 6, token_slices=[slice(0, 2), slice(2, 6)], codebook_slices=[slice(0, 4), slice(4, 8)]
    ... )
    >>> low_and_high.n_streams
    2
    >>> Vocabulary.from_tokens([[0, 1, 4, 5], [1, 0, 5, 6]]).token_slices
    (slice(0, 2, None), slice(2, 4, None))
    """

    def __init__(
        self,
        codebook_size,
        n_tokens,
        *,
        codebook=None,
        token_slices=None,
        codebook_slices=None,
        token_spans=None,
        stream_groups=None,
        has_ends=False,
    ):
        self.codebook_size = _check_size("codebook_size", codebook_size)
        self.n_tokens = _check_size("n_tokens", n_tokens)
        self.token_slices = _check_slices("token_slices", token_slices, self.n_tokens)
        self.codebook_slices = _check_slices("codebook_slices", codebook_slices, self.codebook_size, may_leave_out=True)
        self.n_streams = len(self.token_slices)
        if len(self.codebook_slices) != self.n_streams:
            raise ValueError(
                f"codebook_slices must hold one slice for each of the {self.n_streams} streams of token_slices. "
                f"Got {len(self.codebook_slices)} instead."
            )
        self.codebook = None if codebook is None else _check_rows("codebook", codebook, self.codebook_size)
        self.token_spans = None if token_spans is None else _check_rows("token_spans", token_spans, self.n_tokens)
        self.stream_groups = (1,) * self.n_streams if stream_groups is None else tuple(stream_groups)
        if sum(self.stream_groups) != self.n_streams:
            raise ValueError(f"stream_groups must add up to {self.n_streams} streams. Got {stream_groups!r} instead.")
        self.has_ends = bool(has_ends)
        if self.has_ends and self.token_spans is None:
            raise ValueError("token_spans must be given with has_ends=True, since they tell where series end.")

    @classmethod
    def from_tokens(cls, tokens, codebook_size=None):
        """What token sequences themselves tell of their vocabulary.

        A new stream begins at each position from which on all codes are greater than all codes before it. The codes of
        a stream reach from the least to the greatest that is seen: of those between two streams nobody can tell whose
        they are.

        Parameters
        ----------
        tokens : array of int, shape (n_cases, n_tokens)
            Tokens, all of them known.
        codebook_size : int, optional
            Number of codes; None is the greatest token plus 1.

        Returns
        -------
        vocabulary : Vocabulary
            Without vectors and time points.
        """
        tokens = np.asarray(tokens)
        codebook_size = int(tokens.max()) + 1 if codebook_size is None else codebook_size
        highest_so_far = np.maximum.accumulate(tokens.max(axis=0))
        lowest_from_here = np.minimum.accumulate(tokens.min(axis=0)[::-1])[::-1]
        starts = np.flatnonzero(highest_so_far[:-1] < lowest_from_here[1:]) + 1
        if len(starts) == 0:
            return cls(codebook_size, tokens.shape[1])
        first, last = np.r_[0, starts], np.r_[starts, tokens.shape[1]] - 1
        codes = zip(lowest_from_here[first].tolist(), (highest_so_far[last] + 1).tolist(), strict=True)
        return cls(
            codebook_size,
            tokens.shape[1],
            token_slices=_slices_between([0, *starts, tokens.shape[1]]),
            codebook_slices=[slice(*ends) for ends in codes],
        )

    @property
    def streams(self):
        """The streams in the form that the modules of `sktsvq.nn` take; None for a single one."""
        if self.n_streams == 1:
            return None
        pairs = zip(self.token_slices, self.codebook_slices, strict=True)
        return [{"tokens": [part.start, part.stop], "codes": [codes.start, codes.stop]} for part, codes in pairs]

    @property
    def allowed(self):
        """Which codes may stand at each position, bool (n_tokens, codebook_size); None where all may stand anywhere."""
        if self.n_streams == 1:
            return None
        allowed = np.zeros((self.n_tokens, self.codebook_size), dtype=bool)
        for part, codes in zip(self.token_slices, self.codebook_slices, strict=True):
            allowed[part, codes] = True
        return allowed

    @property
    def exchangeable(self):
        """Which codes can stand for each other, bool (codebook_size, codebook_size): of one stream, no end codes."""
        exchangeable = np.eye(self.codebook_size, dtype=bool)
        for codes in self.codebook_slices:
            stop = codes.stop - 1 if self.has_ends else codes.stop
            exchangeable[codes.start : stop, codes.start : stop] = True
        return exchangeable

    def check_streams(self, tokens, name):
        """Raise a ValueError if a token is a code of another stream; -1 passes.

        Parameters
        ----------
        tokens : ndarray of int, shape (n_cases, n_tokens)
            Tokens to check.
        name : str
            The estimator that the error names.
        """
        for part, codes in zip(self.token_slices, self.codebook_slices, strict=True):
            here = tokens[:, part]
            wrong = here[(here >= 0) & ((here < codes.start) | (here >= codes.stop))]
            if wrong.size:
                raise ValueError(
                    f"tokens of {name} in the columns {part.start} to {part.stop - 1} must lie in the range "
                    f"[{codes.start}, {codes.stop}), the codes of that stream. Got {wrong[0]} instead."
                )

    def lengths(self, tokens):
        """How many time points the series of token sequences have.

        A series ends where the first end code of the first stream begins, but not before its first token ends. What
        the other streams say of its end does not count.

        Parameters
        ----------
        tokens : ndarray of int, shape (n_cases, n_tokens)
            Tokens, all of them known.

        Returns
        -------
        lengths : ndarray of int, shape (n_cases,)
            In time points.
        """
        n_timepoints = self.token_spans.max()
        if not self.has_ends:
            return np.full(len(tokens), n_timepoints)
        first = self.token_slices[0]
        starts, stops = self.token_spans[first].T
        ends = np.where(tokens[:, first] == self.codebook_slices[0].stop - 1, starts, n_timepoints)
        return np.maximum(ends.min(axis=1), stops[0])

    def ended(self, tokens):
        """Which positions of token sequences are end codes.

        Parameters
        ----------
        tokens : ndarray of int, shape (n_cases, n_tokens)
            Tokens, all of them known.

        Returns
        -------
        ended : list of bool ndarrays, each of shape (n_cases, n_positions)
            One for each group of streams, as `vectors` gives them.
        """
        ended, firsts = [], np.cumsum((0, *self.stream_groups))[:-1]
        for part, codes in ((self.token_slices[first], self.codebook_slices[first]) for first in firsts):
            ended.append((tokens[:, part] == codes.stop - 1) & self.has_ends)
        return ended

    def vectors(self, tokens):
        """The vectors of tokens; streams of one group are added up.

        Parameters
        ----------
        tokens : ndarray of int, shape (n_cases, n_tokens)
            Tokens, all of them known.

        Returns
        -------
        vectors : list of ndarray of shape (n_cases, n_positions, codebook_dim)
            One array for each group.
        """
        vectors, slices = self.codebook[tokens], iter(self.token_slices)
        return [sum(vectors[:, next(slices)] for _ in range(n_streams)) for n_streams in self.stream_groups]


class VocabularyMixin:
    """The parts of `vocabulary_` as fitted attributes.

    Attributes
    ----------
    vocabulary_ : Vocabulary
        The codes, their streams and the time points that tokens stand for; the attributes below are its parts.
    n_tokens_ : int
        Tokens per series.
    codebook_size_ : int
        Number of codes, of all streams together.
    token_slices_ : tuple of slice
        The tokens of each stream; one slice where there is one stream.
    codebook_slices_ : tuple of slice
        The codes of each stream.
    """

    @property
    def n_tokens_(self):
        return self.vocabulary_.n_tokens

    @property
    def codebook_size_(self):
        return self.vocabulary_.codebook_size

    @property
    def token_slices_(self):
        return self.vocabulary_.token_slices

    @property
    def codebook_slices_(self):
        return self.vocabulary_.codebook_slices


def slices_of_lengths(lengths):
    """Slices of these lengths, one after the other."""
    return _slices_between([0, *np.cumsum(lengths).tolist()])


def _slices_between(edges):
    return tuple(slice(int(start), int(stop)) for start, stop in zip(edges[:-1], edges[1:], strict=True))


def _check_size(name, size):
    try:
        size = index(size)
    except TypeError:
        raise TypeError(f"{name} must be an int. Got {size!r} instead.") from None
    if size < 1:
        raise ValueError(f"{name} must be at least 1. Got {size} instead.")
    return size


def _check_slices(name, slices, size, *, may_leave_out=False):
    """The slices as a tuple; one slice over everything for None. ValueError unless they divide range(size)."""
    checked = (slice(0, size),) if slices is None else tuple(slices)
    checked = tuple(slice(part.start or 0, size if part.stop is None else part.stop) for part in checked)
    edges = [0, *(index(edge) for part in checked for edge in (part.start, part.stop)), size]
    in_order = sorted(edges) == edges and all(part.start < part.stop for part in checked)
    n_covered = sum(part.stop - part.start for part in checked)
    if not in_order or (n_covered < size and not may_leave_out):
        rule = "lie in rising order within" if may_leave_out else "lie side by side from"
        raise ValueError(f"{name} must {rule} 0 to {size}. Got {slices!r} instead.")
    return checked


def _check_rows(name, rows, n_rows):
    rows = np.asarray(rows)
    if rows.ndim != 2 or len(rows) != n_rows:
        raise ValueError(f"{name} must be a 2-D array of {n_rows} rows. Got shape {rows.shape} instead.")
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must hold finite numbers. Got NaN or infinity among them instead.")
    return rows
