"""Which of several series that a generator draws becomes a sample."""

import numpy as np

from sktsvq._discriminator import MOST_CASES, Discriminator
from sktsvq._validation import draw_seed, encode_labels
from sktsvq.priors import BasePrior

__all__ = ["draw_best", "fit_discriminator", "resolve_n_candidates"]

# The best of two is better on every part of a train split that was tried; among few series it is nearer to copies.
_CANDIDATES = 2


def resolve_n_candidates(generator, prior, *, few):
    """Series to draw for each sample; ValueError if nothing can choose among them."""
    own = isinstance(prior, BasePrior)
    if generator.n_candidates == "auto":
        return _CANDIDATES if own and not few else 1
    if generator.n_candidates > 1 and not own:
        raise ValueError(
            f"The 'n_candidates' parameter of {type(generator).__name__} must be 1 or 'auto' unless the prior is one "
            f"of sktsvq. Got {generator.n_candidates} and {prior!r} instead."
        )
    return generator.n_candidates


def fit_discriminator(generator, tokens, y):
    """What chooses among the samples of a generator with fitted parts: learnt from these tokens of train series."""
    rng = np.random.RandomState(draw_seed(generator.random_state))
    rows = rng.permutation(len(tokens))[:MOST_CASES]
    n_classes, labels = 1, np.zeros(len(tokens), dtype=int)
    if y is not None:
        n_classes, labels = len(generator.classes_), encode_labels(generator, y, len(tokens))
    drawn = generator.prior_.sample(MOST_CASES, random_state=rng)
    real, drawn = map(generator.tokenizer_.inverse_transform, (tokens[rows], drawn))
    sizes = {"n_classes": n_classes, "n_timepoints": generator.n_timepoints_in_}
    return Discriminator.fit(real, labels[rows], drawn, **sizes, seed=draw_seed(rng))


def draw_best(generator, n_samples, y, random_state):
    """Tokens of samples: of the candidates for each, those that the discriminator scores highest."""
    tokenizer, prior, classes = generator.tokenizer_, generator.prior_, generator.classes_
    labels, seed = prior._draw_labels(n_samples, y, random_state)
    rng, known = np.random.RandomState(seed), None if classes is None else classes[labels]
    chosen, best = np.zeros((), dtype=int), np.full(n_samples, -np.inf)
    for _ in range(generator.n_candidates_):
        tokens = prior.sample(n_samples, y=known, random_state=rng)
        scores = generator.discriminator_.score(tokenizer.inverse_transform(tokens), labels)
        chosen = np.where((scores > best)[:, np.newaxis], tokens, chosen)
        best = np.maximum(scores, best)
    return chosen
