"""Information in tokens, in nats: entropy, divergences, mutual information, perplexity."""

import numpy as np
from scipy.special import entr, rel_entr, xlogy
from sklearn.metrics import mutual_info_score

from sktsvq._validation import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    Integral,
    Interval,
    check_labels,
    random_generator,
    validate_params,
)
from sktsvq.metrics._registry import register_score

__all__ = [
    "codebook_perplexity",
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "mutual_information",
    "token_class_information",
]


def entropy(tokens):
    r"""Shannon entropy of the distribution of tokens, in nats.

    .. math:: H(p) = -\sum_k p_k \log p_k

    with p the share of each token among all that are given. It is biased downwards by few tokens, by about
    (codes in use - 1) / (2 n).

    Parameters
    ----------
    tokens : array-like of int, of any shape
        At least one token.

    Returns
    -------
    entropy : float
        In [0, log(codebook_size)]; neither end is best.

    Raises
    ------
    ValueError
        If there are no tokens, or they are not integers of at least 0.

    References
    ----------
    Shannon, "A mathematical theory of communication", 1948.

    Examples
    --------
    >>> from sktsvq.metrics import entropy
    >>> round(entropy([[0, 1], [2, 3]]), 4)
    1.3863
    """
    return float(entr(_shares(_flat("tokens", tokens))).sum())


@validate_params({"smoothing": [NOT_NEGATIVE]}, prefer_skip_nested_validation=True)
def kl_divergence(tokens_real, tokens_generated, *, smoothing=0.0):
    r"""Kullback-Leibler divergence of two distributions of tokens, in nats.

    .. math:: \mathrm{KL}(p \,\|\, q) = \sum_k p_k \log \frac{p_k}{q_k}

    with p the shares of the real, q those of the generated tokens. It is infinite if a real token is never generated,
    unless counts are smoothed; and biased upwards by few tokens.

    Parameters
    ----------
    tokens_real, tokens_generated : array-like of int, of any shapes
        At least one token each.
    smoothing : float, default=0.0
        Added to the count of each token up to the largest that occurs, in both sets.

    Returns
    -------
    divergence : float
        In [0, inf]; 0 is best. It is not symmetric.

    Raises
    ------
    ValueError
        If there are no tokens, they are not integers of at least 0, or `smoothing` is negative.

    References
    ----------
    Kullback and Leibler, "On information and sufficiency", 1951.

    Examples
    --------
    >>> from sktsvq.metrics import kl_divergence
    >>> round(kl_divergence([0, 1], [0, 0, 0, 1]), 4)
    0.1438
    """
    p, q = _two_shares(tokens_real, tokens_generated, smoothing)
    return max(0.0, float(rel_entr(p, q).sum()))


@validate_params({"smoothing": [NOT_NEGATIVE]}, prefer_skip_nested_validation=True)
def cross_entropy(tokens_real, tokens_generated, *, smoothing=0.0):
    r"""Cross entropy of two distributions of tokens, in nats.

    .. math:: H(p, q) = -\sum_k p_k \log q_k = H(p) + \mathrm{KL}(p \,\|\, q)

    with p the shares of the real, q those of the generated tokens: the mean length of a real token in a code that is
    best for the generated ones. It is infinite if a real token is never generated, unless counts are smoothed.

    Parameters
    ----------
    tokens_real, tokens_generated : array-like of int, of any shapes
        At least one token each.
    smoothing : float, default=0.0
        Added to the count of each token up to the largest that occurs, in both sets.

    Returns
    -------
    cross_entropy : float
        In [0, inf]; at least the entropy of the real tokens, which is best.

    Raises
    ------
    ValueError
        If there are no tokens, they are not integers of at least 0, or `smoothing` is negative.

    References
    ----------
    Shannon, "A mathematical theory of communication", 1948.

    Examples
    --------
    >>> from sktsvq.metrics import cross_entropy
    >>> round(cross_entropy([0, 1], [0, 0, 0, 1]), 4)
    0.837
    """
    p, q = _two_shares(tokens_real, tokens_generated, smoothing)
    with np.errstate(divide="ignore"):
        return float(-xlogy(p, q).sum())


def mutual_information(tokens_a, tokens_b):
    r"""Mutual information of two token arrays, place by place, in nats.

    .. math:: I = \sum_{a,b} p_{ab} \log \frac{p_{ab}}{p_a p_b}

    with p_ab the share of places where one array holds a and the other b. It is biased upwards by few places, by about
    (A - 1)(B - 1) / (2 n) for A and B tokens in use.

    Parameters
    ----------
    tokens_a, tokens_b : array-like of int, of one shape
        At least one token each.

    Returns
    -------
    information : float
        In [0, min(entropy(a), entropy(b))]. It is symmetric.

    Raises
    ------
    ValueError
        If there are no tokens, they are not integers of at least 0, or their shapes differ.

    References
    ----------
    Shannon, "A mathematical theory of communication", 1948.

    Examples
    --------
    >>> from sktsvq.metrics import mutual_information
    >>> round(mutual_information([0, 0, 1, 1], [5, 5, 7, 7]), 4)
    0.6931
    """
    if np.shape(tokens_a) != np.shape(tokens_b):
        raise ValueError(
            f"tokens_b must have the shape of tokens_a, {np.shape(tokens_a)}. Got {np.shape(tokens_b)} instead."
        )
    return max(0.0, float(mutual_info_score(_flat("tokens_a", tokens_a), _flat("tokens_b", tokens_b))))


@register_score(
    "codebook_perplexity",
    needs="tokens",
    direction="higher",
    ideal=np.nan,
    question="Is the codebook in use?",
    value_range="[1, codebook_size]",
    best="none",
    bias="downwards",
)
@validate_params({"codebook_size": [AT_LEAST_ONE, None]}, prefer_skip_nested_validation=True)
def codebook_perplexity(tokens, codebook_size=None):
    r"""Perplexity of the distribution of tokens: how many codes are in use, weighed by how often.

    .. math:: \exp H(p)

    with H the :func:`entropy`. Over a whole set it is larger than the mean over its batches, which other packages
    report. It is biased downwards by few tokens.

    Parameters
    ----------
    tokens : array-like of int, of any shape
        At least one token.
    codebook_size : int, default=None
        Where given, tokens must be smaller, and the share of the codebook in use is returned: the perplexity divided by
        `codebook_size`.

    Returns
    -------
    perplexity : float
        In [1, codebook_size], or in (0, 1] as a share; greater means a fuller use of the codebook.

    Raises
    ------
    ValueError
        If there are no tokens, or they are not integers in [0, codebook_size).

    References
    ----------
    van den Oord et al., "Neural discrete representation learning", arXiv 1711.00937.

    Examples
    --------
    >>> from sktsvq.metrics import codebook_perplexity
    >>> codebook_perplexity([[0, 1], [1, 0]]), codebook_perplexity([[0, 1], [1, 0]], codebook_size=8)
    (2.0, 0.25)
    """
    tokens = _flat("tokens", tokens)
    if codebook_size is None:
        return float(np.exp(entropy(tokens)))
    if codebook_size <= tokens.max():
        raise ValueError(
            "The 'codebook_size' parameter of codebook_perplexity must be an int above every token, the largest of "
            f"which is {tokens.max()}. Got {codebook_size!r} instead."
        )
    return float(np.exp(entropy(tokens)) / codebook_size)


@register_score(
    "token_class_information",
    needs="tokens",
    direction="higher",
    ideal=np.nan,
    question="What do tokens know of classes?",
    value_range="about [0, H(y)] nats",
    best="H(y)",
    bias="removed",
)
@validate_params(
    {"n_permutations": [Interval(Integral, 0, None, closed="left")], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def token_class_information(tokens, y, *, n_permutations=20, random_state=0):
    r"""Mutual information between tokens and class labels, corrected for its bias, in nats.

    .. math:: H(y) \, \frac{I - \bar I}{H(y) - \bar I}, \qquad
              I = I(\text{token}; y), \quad \bar I = \frac1R \sum_{r=1}^R I(\text{token}; y_{\pi_r})

    with I the :func:`mutual_information` of each token and the label of its series, whatever the token's position,
    I-bar its mean over random permutations of the labels of the series, and H(y) the entropy of the labels. The
    permutation mean I-bar removes the small-sample bias; the fraction keeps H(y) the value of tokens that tell the
    class. Tokens of one series depend on each other, so no formula that counts tokens would do.

    Parameters
    ----------
    tokens : array-like of int of shape (n_cases, n_tokens)
        The tokens of each series.
    y : array-like of shape (n_cases,)
        Labels of any type.
    n_permutations : int, default=20
        Number R of permutations. 0 leaves the bias in.
    random_state : int, RandomState instance or None, default=0
        Of the permutations.

    Returns
    -------
    information : float
        About 0 where tokens know nothing of the classes, and a little below by chance; at most H(y). Greater is better.

    Raises
    ------
    ValueError
        If tokens are no 2-D array of integers of at least 0, or labels are not one per series.

    References
    ----------
    The correction is that of Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", JMLR
    2010, with permutations of whole series, not of tokens, and not divided by an entropy in the end.

    Examples
    --------
    >>> from sktsvq.metrics import token_class_information
    >>> tokens = [[0, 0], [0, 0], [1, 1], [1, 1]] * 25
    >>> 0.6 < token_class_information(tokens, ["a", "a", "b", "b"] * 25) < 0.7
    True
    """
    flat = _flat("tokens", tokens)
    if np.ndim(tokens) != 2:
        raise ValueError(f"tokens must be a 2-D array (n_cases, n_tokens). Got {np.ndim(tokens)} dimensions instead.")
    labels = np.unique(check_labels(tokens, y), return_inverse=True)[1]
    rng = random_generator(random_state)
    n_tokens = np.shape(tokens)[1]
    information = mutual_info_score(flat, np.repeat(labels, n_tokens))
    of_labels = entropy(labels)
    by_chance = [mutual_info_score(flat, np.repeat(rng.permutation(labels), n_tokens)) for _ in range(n_permutations)]
    expected = float(np.mean(by_chance)) if by_chance else 0.0
    # With one class, or where each series has tokens of its own, all of the information is expected by chance.
    return of_labels * (information - expected) / (of_labels - expected) if of_labels - expected > 1e-12 else 0.0


def _flat(name, tokens):
    tokens = np.asarray(tokens)
    if tokens.size == 0 or tokens.dtype.kind not in "iuf" or np.any(tokens != np.rint(tokens)) or tokens.min() < 0:
        raise ValueError(f"{name} must be integers of at least 0, and at least one. Got {tokens!r} instead.")
    return tokens.ravel().astype(np.int64)


def _shares(tokens):
    return np.bincount(tokens) / tokens.size


def _two_shares(tokens_real, tokens_generated, smoothing):
    """The shares of the tokens 0 to the largest of both sets, in each."""
    real, generated = _flat("tokens_real", tokens_real), _flat("tokens_generated", tokens_generated)
    size = max(real.max(), generated.max()) + 1
    counts = [np.bincount(tokens, minlength=size) + smoothing for tokens in (real, generated)]
    return [count / count.sum() for count in counts]
