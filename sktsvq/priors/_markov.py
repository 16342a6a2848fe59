"""The n-gram prior: the baseline of the learned ones."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array

from sktsvq._batches import map_batches
from sktsvq._parameters import param
from sktsvq._validation import Integral, Interval
from sktsvq.nn.sequential import decode_in_sequence
from sktsvq.priors._base import BasePrior
from sktsvq.priors._particles import ParticleParams

# Sequences that are scored or drawn side by side: few enough for their probabilities to stay in a processor's cache.
_BATCH = 512

# How strongly a table may hold to the tables below it.
_STRENGTHS = 2.0 ** np.arange(-1, 8)


class MarkovPrior(BasePrior, ParticleParams):
    """Variable-order n-gram: each token given the few before it, its position and its class, by counting.

    A table of counts for each kind of context, from the empty one to the last `max_order` tokens, each with and without
    the position, and then all of them again within the class, is mixed with those before it (Witten-Bell smoothing)::

        p(x | context) = (count(context, x) + s d p_below(x)) / (count(context) + s d)

    where d is the number of different tokens seen in the context. The strength s of each table is the one that makes
    the train set likeliest with each token left out of the counts; a table that does not help at any strength is
    left out. So a large `max_order` does little harm. Without labels only the tables without the class count.

    Attributes
    ----------
    tables_ : list
        The tables that help, in the order in which they are mixed. Each has a `kind`: (order, positional, by_class).

    Notes
    -----
    `score_samples` is the exact log-likelihood, and `sample` draws from it. `complete` draws missing tokens given the
    past and weighs `n_particles` candidates per sequence by the known tokens behind a gap, as AutoregressivePrior does.

    References
    ----------
    I. H. Witten, T. C. Bell, "The zero-frequency problem: estimating the probabilities of novel events in adaptive text
    compression", IEEE Transactions on Information Theory 37(4), 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.priors import MarkovPrior
    >>> tokens = (np.arange(12) + np.arange(40)[:, np.newaxis]) % 5  # they count up
    >>> prior = MarkovPrior().fit(tokens)
    >>> sample = prior.sample(100, random_state=0)
    >>> bool(((np.diff(sample) % 5) == 1).mean() > 0.9)
    True
    """

    max_order: int = param(
        3,
        [Interval(Integral, 0, None, closed="left")],
        "Tokens of the longest context; 0 looks at position and class alone.",
    )
    random_state: object = param(
        None,
        ["random_state"],
        "Not used, since counting is not random; it is there because the other priors have it. Draws are made "
        "repeatable by that of `sample`.",
    )

    def _check_sizes(self, n_cases):
        order = min(self.max_order, self.n_tokens_ - 1)
        n_labels = 1 if self.classes_ is None else len(self.classes_)
        if n_labels * (self.codebook_size_ + 1) ** order * self.n_tokens_ > np.iinfo(np.int64).max:
            raise ValueError(
                f"The 'max_order' parameter of MarkovPrior must be so small that contexts can be numbered in 64 bits, "
                f"here of {self.codebook_size_} codes, {self.n_tokens_} positions and {n_labels} classes. "
                f"Got {self.max_order} instead."
            )

    def _fit(self, tokens, labels, X, y):
        order = min(self.max_order, self.n_tokens_ - 1)
        padded = np.pad(tokens, ((0, 0), (order, 0)), constant_values=self.codebook_size_)
        windows = np.lib.stride_tricks.sliding_window_view(padded, order + 1, axis=1).reshape(-1, order + 1)
        contexts = Contexts(
            past=windows[:, :order],
            position=np.tile(np.arange(self.n_tokens_), len(tokens)),
            labels=labels.repeat(self.n_tokens_),
            codebook_size=self.codebook_size_,
            n_tokens=self.n_tokens_,
        )
        kinds = [
            ContextKind(length, positional, by_class)
            for by_class in ([False] if self.classes_ is None else [False, True])
            for length in range(order + 1)
            for positional in (False, True)
        ]
        self.tables_ = count_tables(kinds, contexts, windows[:, order])

    def _mixture(self):
        n_classes = 0 if self.classes_ is None else len(self.classes_)
        return TableMixture(self.tables_, self.n_tokens_, self.codebook_size_, n_classes, self.vocabulary_.allowed)

    def _complete(self, tokens, labels, seed):
        mixture, generator = self._mixture(), torch.Generator().manual_seed(seed)

        def decode(tokens, labels):
            return decode_in_sequence(mixture, tokens, labels, n_particles=self.n_particles, generator=generator)

        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        return map_batches(decode, *inputs, batch_size=_BATCH, device=torch.device("cpu")).numpy()

    def _score(self, tokens, labels):
        mixture = self._mixture()

        def score(tokens, labels):
            state, previous, scores = mixture.start(labels), None, []
            for now in tokens.T:
                scores.append(mixture.step(previous, state).gather(1, now.unsqueeze(1)))
                previous = now
            return torch.cat(scores, 1)

        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        return map_batches(score, *inputs, batch_size=_BATCH, device=torch.device("cpu")).numpy()


class ContextKind(NamedTuple):
    """What a context consists of: the last `order` tokens, and the position and the class where these are true."""

    order: int
    positional: bool
    by_class: bool


class Contexts(NamedTuple):
    """What stands before m tokens: past tokens (m, order), the last one last; position and labels, each (m,)."""

    past: np.ndarray
    position: np.ndarray | int
    labels: np.ndarray
    codebook_size: int
    n_tokens: int

    def keys(self, kind):
        """One int per context of this kind (m,). In the past, codebook_size stands for "before the start"."""
        keys = self.labels if kind.by_class else np.zeros_like(self.labels)
        for lag in range(1, kind.order + 1):
            keys = keys * (self.codebook_size + 1) + self.past[:, -lag]
        return keys * self.n_tokens + self.position if kind.positional else keys


class Table(NamedTuple):
    """Counts (n_contexts, codebook_size) of the tokens that followed the contexts with these sorted keys."""

    kind: ContextKind
    keys: np.ndarray
    counts: csr_array
    strength: float

    def mix(self, p, keys):
        """Mix the counts behind the contexts with these keys (b,) into the probabilities p (b, k), in place."""
        rows = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        known = np.flatnonzero(self.keys[rows] == keys)
        counts = self.counts[rows[known]]
        n_distinct = np.diff(counts.indptr)
        weight = self.strength * n_distinct
        total = counts.sum(axis=1) + weight
        p[known] *= (weight / total)[:, np.newaxis]
        p[known.repeat(n_distinct), counts.indices] += counts.data / total.repeat(n_distinct)


def count_tables(kinds, contexts, tokens):
    """The tables of these kinds that help, for tokens (m,) that follow the contexts.

    Each strength is that of the greatest likelihood of the tokens when each is left out of the counts of its context.
    """
    below = np.full(len(tokens), 1 / contexts.codebook_size)  # (m,), each token's probability by the tables so far
    tables = []
    for kind in kinds:
        keys, row = np.unique(contexts.keys(kind), return_inverse=True)
        ones = np.ones(len(tokens))
        counts = csr_array((ones, (row, tokens)), shape=(len(keys), contexts.codebook_size))
        counts.sum_duplicates()
        others = counts[row, tokens] - 1  # of the same token in the same context
        total = counts.sum(axis=1)[row] - 1
        n_distinct = np.diff(counts.indptr)[row] - (others == 0)
        best, strength = below, None
        for candidate in _STRENGTHS:
            weight = candidate * n_distinct
            with np.errstate(invalid="ignore"):
                p = np.where(total > 0, (others + weight * below) / (total + weight), below)
            if np.log(p).sum() > np.log(best).sum():
                best, strength = p, candidate
        if strength is not None:
            tables.append(Table(kind, keys, counts, strength))
        below = best
    return tables


class TableMixture:
    """The mixed tables as a model that is read token by token."""

    def __init__(self, tables, n_tokens, codebook_size, n_classes, allowed):
        self.tables, self.n_tokens, self.codebook_size = tables, n_tokens, codebook_size
        self.n_classes, self.allowed = n_classes, allowed

    def start(self, labels):
        """The state before the first token of sequences with these labels (b,)."""
        order = max((table.kind.order for table in self.tables), default=0)
        return MixtureState(np.full((len(labels), order), self.codebook_size), labels.numpy())

    def step(self, previous, state):
        """Read the previous tokens (b,), None at the start; log-probabilities (b, k) of the next ones."""
        if previous is not None:
            state.past = np.concatenate([state.past, previous.numpy()[:, np.newaxis]], axis=1)[:, 1:]
            state.position += 1
        p = np.full((len(state.labels), self.codebook_size), 1 / self.codebook_size)
        contexts = Contexts(state.past, state.position, state.labels, self.codebook_size, self.n_tokens)
        for table in self.tables:
            keys = contexts.keys(table.kind)
            if table.kind.by_class:
                keys = np.where(state.labels < self.n_classes, keys, -1)
            table.mix(p, keys)
        if self.allowed is not None:
            p *= self.allowed[state.position]
        return torch.from_numpy(p / p.sum(axis=1, keepdims=True)).log()


class MixtureState:
    """Past tokens (b, order), labels (b,) and the position of the next token."""

    def __init__(self, past, labels, position=0):
        self.past, self.labels, self.position = past, labels, position

    def select(self, rows):
        """The state of these rows of the batch."""
        rows = rows.numpy()
        return MixtureState(self.past[rows], self.labels[rows], self.position)
