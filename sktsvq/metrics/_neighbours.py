"""Scores from distances to nearest neighbours: precision, recall, density, coverage and memorisation."""

import numpy as np
from sklearn.metrics import pairwise_distances_chunked

from sktsvq._validation import AT_LEAST_ONE, validate_params
from sktsvq.metrics._checks import check_pair
from sktsvq.metrics._registry import register_score

# Rounding can exchange rows that are nearly as near as the nearest.
_N_NEAREST = 4
# Of the distances that are held at a time, in mebibytes.
_CHUNK_MB = 64

__all__ = ["distances_to", "memorization_ratio", "precision_recall_density_coverage"]


@validate_params({"n_neighbors": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
def precision_recall_density_coverage(features_real, features_generated, *, n_neighbors=5):
    r"""Precision, recall, density and coverage: whether samples are real, and whether all that is real is sampled.

    Around each row of a set lies the ball that reaches to its k-th nearest neighbour within the set.

    - precision: the share of generated rows in at least one ball of a real row;
    - recall: the share of real rows in at least one ball of a generated row;
    - density: the mean number of real balls that hold a generated row, divided by k;
    - coverage: the share of real rows whose ball holds at least one generated row.

    Precision and density fall with bad samples, recall and coverage with missing ones. One outlier with a large ball
    raises precision (among the real rows) or recall (among the generated); density and coverage were made to withstand
    that. Balls shrink with more rows, so compare values of equal numbers of rows only, best as many real as generated;
    equal distributions reach a coverage of about 1 - 2**-k, here 0.97, while precision and recall depend on the data:
    put the value of one real set against another beside them.

    Parameters
    ----------
    features_real : array-like of shape (n_real, n_features)
        Features of real series, more than `n_neighbors` rows.
    features_generated : array-like of shape (n_generated, n_features)
        Features of generated series, more than `n_neighbors` rows.
    n_neighbors : int, default=5
        The number k of neighbours, at least 1.

    Returns
    -------
    scores : dict
        "precision", "recall" and "coverage" in [0, 1], "density" in [0, n_real / k] where 1 is expected of equal
        distributions. Greater is better.

    Raises
    ------
    ValueError
        If a set is no 2-D array, holds NaN or no more rows than neighbours, or their numbers of features differ.

    References
    ----------
    Kynkaanniemi et al., "Improved precision and recall metric for assessing generative models", arXiv 1904.06991.
    Naeem et al., "Reliable fidelity and diversity metrics for generative models", arXiv 2002.09797.

    Examples
    --------
    >>> from sktsvq.metrics import precision_recall_density_coverage
    >>> real, generated = [[0.0], [1.0], [10.0], [11.0]], [[0.5], [0.6], [0.7], [0.9]]
    >>> scores = precision_recall_density_coverage(real, generated, n_neighbors=1)
    >>> scores["precision"], scores["coverage"]
    (1.0, 0.5)
    """
    real, generated = check_pair(
        "precision_recall_density_coverage",
        min_rows=n_neighbors + 1,
        features_real=features_real,
        features_generated=features_generated,
    )
    # Far from the origin the expansion of a squared difference loses its digits.
    real, generated = real - real.mean(axis=0), generated - real.mean(axis=0)
    real_radii, generated_radii = _radii(real, n_neighbors), _radii(generated, n_neighbors)
    n_balls = np.zeros(len(generated), dtype=int)  # of real rows, that hold a generated one
    recalled, covered = [], []
    for across in _chunks(real, generated):  # (rows, n_generated)
        rows = slice(len(covered), len(covered) + len(across))
        in_real_ball = across <= real_radii[rows, np.newaxis]
        n_balls += in_real_ball.sum(axis=0)
        covered.extend(in_real_ball.any(axis=1))
        recalled.extend((across <= generated_radii).any(axis=1))
    return {
        "precision": float((n_balls > 0).mean()),
        "recall": float(np.mean(recalled)),
        "density": float(n_balls.mean() / n_neighbors),
        "coverage": float(np.mean(covered)),
    }


def _radii(rows, n_neighbors):
    """The distance of each row to its k-th nearest neighbour among the other rows."""

    def kth(distances, start):  # the row itself is the nearest, at 0
        return np.partition(distances, n_neighbors, axis=1)[:, n_neighbors].copy()  # a view would keep them all

    return np.concatenate(list(_chunks(rows, rows, kth)))


def _chunks(rows, others, reduce_func=None):
    """Distances of some rows after others to all `others`, (some, n_others), or what `reduce_func` makes of them."""
    return pairwise_distances_chunked(
        rows, None if rows is others else others, reduce_func=reduce_func, working_memory=_CHUNK_MB
    )


for _name, _direction, _question, _range, _bias in (
    ("precision", "higher", "Are samples real?", "[0, 1]", "none"),
    ("recall", "higher", "Is all that is real sampled?", "[0, 1]", "little"),
    ("density", "target", "Are samples real? (robust)", "[0, n/k]", "none"),
    ("coverage", "higher", "Is all that is real sampled? (robust)", "[0, 1]", "little"),
):
    register_score(
        _name,
        function=precision_recall_density_coverage,
        part=_name,
        needs="features",
        direction=_direction,
        ideal=1,
        scorer_name=f"prdc_{_name}",
        question=_question,
        value_range=_range,
        best="1",
        bias=_bias,
    )


@register_score(
    "memorization_ratio",
    needs="distances",
    direction="target",
    ideal=1,
    question="Are they copies of the train set?",
    value_range="[0, inf)",
    best="1",
    bias="none",
)
def memorization_ratio(generated, train, held_out):
    r"""Nearest-neighbour distance of generated series to the train set, against that of unseen real series.

    .. math:: \frac{\frac1n \sum_{g} \min_t \|g - t\|}{\frac1m \sum_{h} \min_t \|h - t\|}

    with g over the generated, t over the train and h over the held-out rows. Below 1 the generated series are closer to
    the train set than real series that the generator has not seen: they copy it. A copy of the whole train set gets 0
    here, and about the best score there is from :func:`frechet_distance`. Above 1 they lie farther from the data than
    real series do, which is a matter of quality, not of copies.

    Series that lie close to the mean, smoothed ones for example, lower it too. It is about 1 for real series whatever
    the number of rows, as long as held-out and train rows are from one distribution.

    Parameters
    ----------
    generated : array-like of shape (n_generated, n_features)
        Generated series, flattened; or features, where a copy shall be found whatever its scale or shift.
    train : array-like of shape (n_train, n_features)
        The series that the generator was fitted on.
    held_out : array-like of shape (n_held_out, n_features)
        Real series that it was not fitted on.

    Returns
    -------
    ratio : float
        In [0, inf); 1 is best. It is inf where all held-out rows, but not all generated ones, are in the train set,
        and 1 where both are.

    Raises
    ------
    ValueError
        If a set is no 2-D array or holds NaN, or their numbers of features differ.

    References
    ----------
    The comparison of distances to the train set is that of Meehan et al., "A non-parametric test to detect data-copying
    in generative models", arXiv 2004.05675.

    Examples
    --------
    >>> from sktsvq.metrics import memorization_ratio
    >>> memorization_ratio([[0.0], [2.0]], train=[[0.0], [2.0]], held_out=[[1.0], [3.0]])
    0.0
    """
    train, generated, held_out = check_pair("memorization_ratio", train=train, generated=generated, held_out=held_out)
    from_generated, from_held_out = distances_to(train, generated), distances_to(train, held_out)
    if from_held_out.mean() == 0:
        return 1.0 if from_generated.mean() == 0 else float("inf")
    return float(from_generated.mean() / from_held_out.mean())


def distances_to(train, rows):
    """The distance of each row to the nearest one of `train`, exact for copies."""
    centre = train.mean(axis=0)
    train, rows = train - centre, rows - centre
    # The expansion |a|^2 + |b|^2 - 2ab finds the nearest few; differences tell how far they are.
    n_nearest = min(_N_NEAREST, len(train))

    def nearest(distances, start):
        return np.argpartition(distances, n_nearest - 1, axis=1)[:, :n_nearest].copy()

    candidates = np.concatenate(list(_chunks(rows, train, nearest)))  # (m, n_nearest)
    differences = np.stack([rows - train[column] for column in candidates.T])  # (n_nearest, m, d)
    return np.sqrt((differences**2).sum(axis=2)).min(axis=0)
