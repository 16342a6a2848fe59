"""All scores in one place: what each asks, what it needs, and which value is best."""

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["DIRECTIONS", "NEEDS", "SCORES", "Score", "register_score"]


class Score(NamedTuple):
    """A score of two sets, the real and the generated, as the tables and the scorers know it.

    Parameters
    ----------
    name : str
        Its name in the table of `evaluate`.
    function : callable
        What computes it. Called with two 2-D arrays of features, or two 3-D arrays of series, as `needs` says.
    part : str or None
        The key of the score where `function` returns a dict.
    needs : {"features", "series", "model", "distances", "classifier", "labels", "tokens"}
        What it is computed from; the first two are computed by `evaluate` and the scorers from `function` alone.
    direction : {"lower", "higher", "target"}
        Whether lower or higher is better, or the nearer to `ideal`.
    ideal : float
        The best value; NaN where only real series tell.
    scorer_name : str
        Its name for `get_scorer`; the score is negated there where lower is better.
    question, value_range, best, bias : str
        For the table in `docs/metrics.md`.
    """

    name: str
    function: Callable[..., Any] | None
    part: str | None
    needs: str
    direction: str
    ideal: float
    scorer_name: str
    question: str
    value_range: str
    best: str
    bias: str

    def compute(self, *samples):
        """The score of two sets, a float."""
        result = self.function(*samples)
        return float(result if self.part is None else result[self.part])


# By name.
SCORES: dict[str, Score] = {}
# In the order of the tables.
NEEDS = ("features", "distances", "series", "model", "classifier", "labels", "tokens")
DIRECTIONS = ("lower", "higher", "target")


def register_score(
    name, *, needs, direction, ideal, question, value_range, best, bias, part=None, scorer_name=None, function=None
):
    """Add a score, as a decorator of its function.

    Parameters
    ----------
    name : str
        Its name in the table of `evaluate`.
    needs : {"features", "series", "model", "distances", "classifier", "labels", "tokens"}
        What it is computed from; the first two are computed by `evaluate` and the scorers from the function alone.
    direction : {"lower", "higher", "target"}
        Whether lower or higher is better, or the nearer to `ideal`.
    ideal : float
        The best value; NaN where only real series tell.
    question, value_range, best, bias : str
        For the table in `docs/metrics.md`.
    part : str, default=None
        The key of the score where the function returns a dict.
    scorer_name : str, default=None
        Its name for `get_scorer`. None is `name`, behind "neg_" where lower is better.
    function : callable, default=None
        What computes it, where this is not used as a decorator. It is called with two 2-D arrays of features, or two
        3-D arrays of series, as `needs` says.

    Returns
    -------
    decorator : callable
        Returns the function that it is given; `function` itself where that is given.

    Raises
    ------
    ValueError
        If there is a score of this name, or `needs` or `direction` is none of those that there are.
    """
    for what, value, known in (("needs", needs, NEEDS), ("direction", direction, DIRECTIONS)):
        if value not in known:
            raise ValueError(f"The {what!r} parameter of register_score must be among {known}. Got {value!r} instead.")
    if name in SCORES:
        raise ValueError(f"The 'name' parameter of register_score must be a new one. Got {name!r}, which is taken.")

    def add(function):
        prefix = "neg_" if direction == "lower" else ""
        SCORES[name] = Score(
            name,
            function,
            part,
            needs,
            direction,
            ideal,
            f"{prefix}{name}" if scorer_name is None else scorer_name,
            question,
            value_range,
            best,
            bias,
        )
        return function

    return add if function is None else add(function)
