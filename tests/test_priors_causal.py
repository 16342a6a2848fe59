"""Priors that draw one token after the other: exact likelihoods, cached sampling, completing."""

from itertools import product

import numpy as np
import pytest
import torch
from conftest import PRIORS
from numpy.testing import assert_array_equal
from scipy.stats import chisquare
from sklearn.base import clone

from sktsvq.nn.causal import CausalTransformer
from sktsvq.nn.sequential import decode_in_sequence, truncate
from sktsvq.nn.wavenet import WaveNet
from sktsvq.priors import AutoregressivePrior, MarkovPrior, WaveNetPrior

CAUSAL = [prior for prior in PRIORS if hasattr(prior, "n_particles")]
NETWORKS = [prior for prior in CAUSAL if hasattr(prior, "width")]
EVERY = np.array(list(product(range(3), repeat=4)))  # all sequences of 4 tokens of 3 codes


def name(value):
    return type(value).__name__


@pytest.fixture(scope="module", params=CAUSAL, ids=name)
def fitted(request):
    """A prior of sequences in which the first token comes back as the last."""
    rng = np.random.RandomState(0)
    X = rng.choice(3, p=[0.5, 0.3, 0.2], size=(120, 4))
    X[:, 3] = np.where(rng.uniform(size=120) < 0.8, X[:, 0], X[:, 3])
    longer = {"max_epochs": 80, "width": 16, "lr": 1e-2} if hasattr(request.param, "width") else {}
    return clone(request.param).set_params(**longer).fit(X, X[:, 1])


@pytest.mark.parametrize("label", [None, 2])
def test_frequencies_of_samples_match_the_likelihood(fitted, label):
    n = 20_000
    labels = None if label is None else np.full(n, label)
    if label is None:
        drawn = fitted.complete(np.full((n, 4), -1), random_state=0)
    else:
        drawn = fitted.sample(n, y=labels, random_state=0)
    expected = n * np.exp(fitted.score_samples(EVERY, None if label is None else np.full(81, label)))
    counts = np.bincount(drawn @ [27, 9, 3, 1], minlength=81)
    cells = np.unique(np.where(expected < 5, -1, np.arange(81)), return_inverse=True)[1]  # the rare ones in one cell
    observed, expected = (np.bincount(cells, values) for values in (counts, expected))
    assert chisquare(observed, expected * n / expected.sum()).pvalue > 0.001


def test_known_future_counts_when_completing(fitted):
    """Many particles draw from the exact distribution of the gaps; a single one does not see the known last token."""
    known = np.array([-1, -1, 1, 2])
    n = 4000
    candidates = EVERY[(EVERY[:, 2:] == known[2:]).all(1)]
    p = np.exp(fitted.score_samples(candidates))
    pvalues = []
    for n_particles in (64, 1):
        prior = fitted.set_params(n_particles=n_particles)
        drawn = prior.complete(np.tile(known, (n, 1)), random_state=0)
        observed = np.bincount(drawn[:, :2] @ [3, 1], minlength=9)
        pvalues.append(chisquare(observed, n * p / p.sum()).pvalue)
    assert pvalues[0] > 0.001
    assert pvalues[1] < 1e-6


class Uncached:
    """The same network, run over the whole sequence for each token."""

    def __init__(self, module, n_tokens):
        self.module, self.n_tokens = module, n_tokens

    def start(self, labels):
        return UncachedState(torch.zeros(len(labels), 0, dtype=torch.long), labels)

    def step(self, previous, state):
        if previous is not None:
            state.indices = torch.cat([state.indices, previous.unsqueeze(1)], 1)
        now = state.indices.shape[1]
        padded = torch.nn.functional.pad(state.indices, (0, self.n_tokens - now))
        return self.module.log_probabilities(padded, state.labels)[:, now]


class UncachedState:
    def __init__(self, indices, labels):
        self.indices, self.labels = indices, labels

    def select(self, rows):
        return UncachedState(self.indices[rows], self.labels[rows])


@pytest.mark.parametrize("prior", NETWORKS, ids=name)
def test_cached_sampling_equals_uncached(prior):
    X = np.random.RandomState(0).randint(12, size=(60, 21))
    fitted = clone(prior).set_params(n_layers=3, lr=1e-2, n_particles=4).fit(X, X[:, 0] % 2)
    gaps = torch.from_numpy(np.where(np.random.RandomState(1).uniform(size=X.shape) < 0.6, -1, X))
    labels = torch.arange(60) % 3
    module = fitted.net_.module_
    for indices in (torch.full_like(gaps, -1), gaps):
        drawn = [
            decode_in_sequence(model, indices, labels, n_particles=4, generator=torch.Generator().manual_seed(0))
            for model in (module, Uncached(module, 21))
        ]
        assert torch.equal(*drawn)


@pytest.mark.parametrize(
    "prior",
    [
        MarkovPrior(),
        AutoregressivePrior(width=32, n_layers=2, max_epochs=80, lr=5e-3, random_state=0),
        WaveNetPrior(width=32, n_layers=4, max_epochs=80, lr=5e-3, random_state=0),
    ],
    ids=name,
)
def test_learns_the_rule_of_each_class(prior):
    rng = np.random.RandomState(0)
    y = np.repeat(["up", "down"], 40)
    X = (rng.randint(6, size=(80, 1)) + np.arange(9) * np.where(y == "up", 1, -1)[:, np.newaxis]) % 6
    fitted = prior.fit(X, y)
    for label, step in (("up", 1), ("down", 5)):
        drawn = fitted.sample(200, y=label, random_state=0)
        assert ((np.diff(drawn, axis=1) % 6) == step).mean() > 0.9
    other = np.where(y == "up", "down", "up")
    assert fitted.score_samples(X, y).mean() > fitted.score_samples(X, other).mean() + 5


def test_truncation_keeps_the_likeliest():
    log_p = torch.tensor([[0.1, 0.4, 0.3, 0.2], [0.7, 0.1, 0.15, 0.05]]).log()
    kept = [truncate(log_p, **how) > -torch.inf for how in ({"top_k": 2, "top_p": 1.0}, {"top_k": None, "top_p": 0.6})]
    assert_array_equal(kept[0], [[False, True, True, False], [True, False, True, False]])
    assert_array_equal(kept[1], [[False, True, True, False], [True, False, False, False]])
    assert torch.equal(truncate(log_p, top_k=None, top_p=1.0), log_p)


@pytest.mark.parametrize("prior", NETWORKS, ids=name)
def test_temperature_and_truncation_reach_the_samples(prior):
    fitted = clone(prior).fit(np.random.RandomState(0).randint(6, size=(40, 9)))
    for params in ({"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-6}):
        drawn = clone(prior).set_params(**params).fit(np.random.RandomState(0).randint(6, size=(40, 9))).sample(10)
        assert len(np.unique(drawn, axis=0)) == 1
    assert len(np.unique(fitted.sample(10), axis=0)) > 1


def test_markov_equals_counting_by_hand():
    """One table, the bigrams, against the formula in plain Python."""
    X = np.random.RandomState(0).randint(3, size=(30, 6))
    X[:, 1::2] = (X[:, ::2] + 1) % 3
    prior = MarkovPrior(max_order=1).fit(X)
    p = {(t, before): {code: 1 / 3 for code in range(3)} for t in range(6) for before in (*range(3), None)}
    for table in prior.tables_:
        order, positional, _ = table.kind
        for (t, before), below in p.items():
            seen = [
                row[s]
                for row in X.tolist()
                for s in range(6)
                if (not positional or s == t) and (not order or (row[s - 1] if s else None) == before)
            ]
            weight = table.strength * len(set(seen))
            if seen:
                for code in range(3):
                    below[code] = (seen.count(code) + weight * below[code]) / (len(seen) + weight)
    assert len(prior.tables_) >= 2
    expected = [sum(np.log(p[t, row[t - 1] if t else None][row[t]]) for t in range(6)) for row in X.tolist()]
    np.testing.assert_allclose(prior.score_samples(X), expected)


def test_markov_leaves_out_tables_that_do_not_help():
    rng = np.random.RandomState(0)
    independent = rng.choice(4, p=[0.7, 0.1, 0.1, 0.1], size=(500, 10))
    assert all(table.strength >= 8 for table in MarkovPrior().fit(independent).tables_ if table.kind.order)
    with pytest.raises(ValueError, match="'max_order' .* numbered in 64 bits, here of 1000 codes.* Got 8"):
        MarkovPrior(1000, max_order=8).fit(independent)


@pytest.mark.parametrize("family, options", [(CausalTransformer, {"n_heads": 2}), (WaveNet, {"kernel_size": 2})])
def test_loss_of_streams_is_the_mean_over_all_tokens(family, options):
    """Logits are computed for the codes of a stream alone: the others have probability 0 there."""
    streams = [{"tokens": [0, 3], "codes": [0, 5]}, {"tokens": [3, 8], "codes": [5, 9]}]
    sizes = {"codebook_size": 9, "n_tokens": 8, "n_classes": 0, "width": 8, "n_layers": 2}
    module = family(**sizes, **options, dropout=0.0, label_dropout=0.0, token_dropout=0.0, streams=streams)
    indices = torch.cat([torch.randint(5, (20, 3)), torch.randint(5, 9, (20, 5))], 1)
    labels = torch.zeros(20, dtype=torch.long)
    by_token = module.log_probabilities(indices, labels).gather(2, indices.unsqueeze(2))
    torch.testing.assert_close(module(indices, labels).loss, -by_token.mean())
