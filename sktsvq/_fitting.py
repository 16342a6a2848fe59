"""How a `fit` behaves from outside: nothing is lost by an error or Ctrl-C, and data may come in parts."""

from contextlib import contextmanager
from functools import wraps
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.callback import with_callbacks

__all__ = ["PartialFitMixin", "keeps_consistent"]


class PartialFitMixin:
    """Mixin of the networks that learn without labels, or from any: data may come in parts."""

    warm_start: Any
    max_epochs: Any
    fit: Any
    set_params: Any

    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Train one epoch on a part of the data, from where the last call, or `fit`, has ended.

        What the first call has learnt of its part stays: sizes, scaling, classes, codes that may occur. Let it be
        large. The learning rate runs through its schedule in each call.

        Parameters
        ----------
        X : array-like
            As `fit` takes it; at least 2 cases.
        y : array-like of shape (n_cases,), optional
            As `fit` takes it.

        Returns
        -------
        self : object
            Fitted estimator.
        """
        params = {"warm_start": self.warm_start, "max_epochs": self.max_epochs}
        self.set_params(warm_start=True, max_epochs=1)
        try:
            return self.fit(X, y)
        finally:
            self.set_params(**params)


def keeps_consistent(fit):
    """Decorate a `fit`: an error leaves the estimator as it was; Ctrl-C reaches the caller when all is set.

    After Ctrl-C the estimator is fitted by the finished epochs, and a warm start goes on from there. If there is none,
    the estimator is as it was before. scikit-learn's callbacks are set up and torn down.

    Parameters
    ----------
    fit : function
        The method `fit` of a class.

    Returns
    -------
    fit : function
        The same with these promises.
    """
    managed = with_callbacks(fit)

    @wraps(fit)
    def wrapper(self, *args, **kwargs):
        before = dict(vars(self))
        with _restored_on_error(self, before):
            managed(self, *args, **kwargs)
        interrupt = vars(self).pop("_interrupt", None)
        if interrupt is not None:
            raise interrupt
        return self

    return wrapper


@contextmanager
def _restored_on_error(estimator, before):
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
