"""Collections of time series: the UCR/UEA archive, synthetic waves, windows of a long series, data frames."""

from ._archive import load_ucr
from ._frames import from_frame, to_frame
from ._waves import make_waves
from ._windows import make_windows

__all__ = ["from_frame", "load_ucr", "make_waves", "make_windows", "to_frame"]
