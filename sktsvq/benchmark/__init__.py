"""How fast and how good it is: ``python -m sktsvq benchmark speed`` and ``benchmark quality``."""

from sktsvq.benchmark._measure import matrix_rate, measure
from sktsvq.benchmark._models import make_generator
from sktsvq.benchmark._quality import quality
from sktsvq.benchmark._report import plot
from sktsvq.benchmark._speed import speed

__all__ = ["make_generator", "matrix_rate", "measure", "plot", "quality", "speed"]
