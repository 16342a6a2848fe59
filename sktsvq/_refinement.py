"""What a generator learns from series that it draws: which of several to take, and the noise that they lack."""

import numpy as np

from sktsvq._discriminator import Discriminator
from sktsvq._gaps import lengths_of
from sktsvq._noise import fit_noise
from sktsvq._validation import draw_seed, encode_labels
from sktsvq.priors import BasePrior

__all__ = ["draw_best", "refine", "resolve_n_candidates"]

# The best of two is better on every part of a train split that was tried; among few series it is nearer to copies.
_CANDIDATES = 2
# Real and drawn series that the discriminator learns from, at most of each.
_MOST_CASES = 1000
# Those that the noise is learnt from: so many, fewer where they have more values, but not fewer than that.
_MOST_COMPARED, _MOST_VALUES, _LEAST_COMPARED = 200, 400_000, 10


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


def refine(generator, series, tokens, y, n_candidates):
    """Set `discriminator_`, `n_candidates_` and `noise_` of a generator with fitted parts.

    Parameters
    ----------
    generator : VQGenerator
    series : array of shape (n_cases, n_channels, n_timepoints)
        The train series, with NaN in gaps and behind ends.
    tokens : int array of shape (n_sequences, n_tokens)
        Of these, and of copies that are moved.
    y : array of shape (n_sequences,) or None
        Their labels, those of the series first.
    n_candidates : int
    """
    automatic = generator.add_noise == "auto"
    rng = np.random.RandomState(draw_seed(generator.random_state))
    if n_candidates > 1:
        generator.discriminator_ = _fit_discriminator(generator, tokens, y, rng)
        generator.n_candidates_ = n_candidates
    if isinstance(generator.prior_, BasePrior) if automatic else generator.add_noise:
        n_compared = int(np.clip(_MOST_VALUES // series[0].size, _LEAST_COMPARED, _MOST_COMPARED))
        rows = rng.permutation(len(series))[:n_compared]
        real, labels = series[rows], None if y is None else y[rows]
        if generator.unequal_length_in_:
            real = [case[:, :length] for case, length in zip(real, lengths_of(real), strict=True)]
        asked = None if y is None else np.resize(labels, n_compared)
        drawn = generator.tokenizer_.inverse_transform(generator.sample_tokens(n_compared, y=asked, random_state=rng))
        settings = {"n_timepoints": generator.n_timepoints_in_, "rng": rng, "always": not automatic}
        generator.noise_ = fit_noise(real, drawn, () if y is None else (labels, asked), **settings)


def _fit_discriminator(generator, tokens, y, rng):
    rows = rng.permutation(len(tokens))[:_MOST_CASES]
    n_classes, labels = 1, np.zeros(len(tokens), dtype=int)
    if y is not None:
        n_classes, labels = len(generator.classes_), encode_labels(generator, y, len(tokens))
    drawn = generator.prior_.sample(_MOST_CASES, random_state=rng)
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
