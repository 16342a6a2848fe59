"""Collections of time series: the UCR/UEA archive, synthetic waves, windows of a long series."""

from ._archive import load_ucr
from ._waves import make_waves
from ._windows import make_windows

__all__ = ["load_ucr", "make_waves", "make_windows"]
