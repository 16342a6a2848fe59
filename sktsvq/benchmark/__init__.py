"""How fast tokenizers and priors are: ``python -m sktsvq benchmark speed``."""

from sktsvq.benchmark._measure import matrix_rate, measure
from sktsvq.benchmark._report import plot
from sktsvq.benchmark._speed import speed

__all__ = ["matrix_rate", "measure", "plot", "speed"]
