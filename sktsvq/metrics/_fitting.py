"""Fit the helper of a scorer, a classifier or feature extractor, once for all candidates of a search."""

import threading
from collections import OrderedDict

import joblib
from sklearn.base import clone
from sklearn.utils import get_tags

from sktsvq._validation import NotFittedError, check_is_fitted
from sktsvq.metrics._layout import layout_for

__all__ = ["fitted_on"]

_CACHE_SIZE = 16

# At module level, so that it outlives one task of a worker process. Oldest use first.
_cache = OrderedDict()

# Held while fitting: of two threads that need the same helper the second shall wait for it. A helper may itself be a
# search with one of our scorers, hence the RLock.
_lock = threading.RLock()


def fitted_on(helper, X, y):
    """`helper` itself if it is fitted, else a clone fitted on (X, y), from the cache if there was one before."""
    if _is_fitted(helper):
        return helper
    if y is None and get_tags(helper).target_tags.required:
        name = type(helper).__name__
        raise ValueError(f"The scorer needs labels to fit {name} on: pass y, or a {name} that is fitted. Got y=None.")
    key = joblib.hash((X, y, type(helper), helper.get_params(deep=False)), coerce_mmap=True)
    with _lock:
        if key not in _cache:
            _cache[key] = clone(helper).fit(layout_for(helper, X), y)
        _cache.move_to_end(key)
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
        return _cache[key]


def _is_fitted(helper):
    if not hasattr(helper, "fit"):
        return True
    try:
        check_is_fitted(helper)
    except NotFittedError:
        return False
    return True
