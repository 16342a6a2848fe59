"""How fast and how good things are: ``python -m sktsvq benchmark speed`` and ``benchmark representation``."""

from sktsvq.benchmark._measure import matrix_rate, measure
from sktsvq.benchmark._report import plot
from sktsvq.benchmark._representation import representation
from sktsvq.benchmark._speed import speed

__all__ = ["matrix_rate", "measure", "plot", "representation", "speed"]
