"""How fast and how good things are: ``python -m sktsvq benchmark`` speed, quality, representation or generation."""

from sktsvq.benchmark._generation import generation
from sktsvq.benchmark._measure import matrix_rate, measure
from sktsvq.benchmark._models import make_generator
from sktsvq.benchmark._quality import quality
from sktsvq.benchmark._report import plot
from sktsvq.benchmark._representation import representation
from sktsvq.benchmark._speed import speed

__all__ = ["generation", "make_generator", "matrix_rate", "measure", "plot", "quality", "representation", "speed"]
