"""Pictures of what estimators do. They need matplotlib: ``pip install "sktsvq[plot]"``."""

from ._reconstruction import ReconstructionDisplay
from ._samples import SamplesDisplay

__all__ = ["ReconstructionDisplay", "SamplesDisplay"]
