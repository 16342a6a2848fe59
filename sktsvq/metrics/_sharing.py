"""What several scorers need, fitted helpers, draws and features, is computed once for all of them."""

import hashlib
import pickle
import threading
from collections import OrderedDict

import joblib
from sklearn.base import clone
from sklearn.utils import get_tags

from sktsvq._validation import Integral, NotFittedError, check_is_fitted
from sktsvq.generator import sample_series
from sktsvq.metrics._layout import flatten, layout_for

__all__ = ["draw", "features_of", "fitted_on"]


class Shared:
    """The last `size` results by key. Of two threads that need the same one the second waits for the first."""

    def __init__(self, size):
        self._size = size
        self._entries = OrderedDict()  # oldest use first
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._entries)

    def get(self, key, compute):
        """The result under `key`, by `compute()` if there is none."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        with entry.lock:
            if not entry.is_done:
                entry.result, entry.is_done = compute(), True
            return entry.result

    def clear(self):
        """Forget all results."""
        with self._lock:
            self._entries.clear()


class _Entry:
    def __init__(self):
        self.lock = threading.RLock()
        self.is_done = False
        self.result = None


# At module level, so that they outlive one task of a worker process.
_helpers = Shared(16)
_draws = Shared(4)
_features = Shared(8)


def fitted_on(helper, X, y):
    """`helper` itself if it is fitted, else a clone fitted on (X, y), shared between calls."""
    if _is_fitted(helper):
        return helper
    if y is None and get_tags(helper).target_tags.required:
        name = type(helper).__name__
        raise ValueError(f"The scorer needs labels to fit {name} on: pass y, or a {name} that is fitted. Got y=None.")
    key = joblib.hash((X, y, type(helper), helper.get_params(deep=False)), coerce_mmap=True)
    return _helpers.get(key, lambda: clone(helper).fit(layout_for(helper, X), y))


def draw(estimator, n_samples, *, y=None, random_state):
    """Series from :func:`sample_series`, shared between calls with the same int as `random_state`."""

    def compute():
        return sample_series(estimator, n_samples, y=y, random_state=random_state)

    # The whole state is the key: an estimator may be fitted anew, or further, and still be the same object.
    state = _digest(estimator) if isinstance(random_state, Integral) else None
    return compute() if state is None else _draws.get((state, n_samples, joblib.hash(y), random_state), compute)


def features_of(extractor, X):
    """The features of series as rows, shared between calls."""

    def compute():
        return flatten(extractor.transform(layout_for(extractor, X)))

    state = _digest(extractor)
    return compute() if state is None else _features.get((state, joblib.hash(X, coerce_mmap=True)), compute)


def _digest(estimator):
    """Hash of all that an estimator holds, None where it cannot be pickled."""
    try:
        return hashlib.blake2b(pickle.dumps(estimator)).digest()
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def _is_fitted(helper):
    if not hasattr(helper, "fit"):
        return True
    try:
        check_is_fitted(helper)
    except NotFittedError:
        return False
    return True
