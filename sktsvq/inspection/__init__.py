"""Pictures of what estimators do, and a report of them all: ``pip install "sktsvq[plot]"`` for matplotlib."""

from ._anomaly import AnomalyDisplay
from ._codebook import CodebookDisplay
from ._decoding import DecodingDisplay
from ._embedding import EmbeddingDisplay
from ._forecast import ForecastDisplay
from ._history import HistoryDisplay
from ._reconstruction import ReconstructionDisplay
from ._report import report
from ._samples import SamplesDisplay
from ._scores import ScoreDisplay
from ._tokens import TokenDisplay
from ._trade_off import TradeOffDisplay

__all__ = [
    "AnomalyDisplay",
    "CodebookDisplay",
    "DecodingDisplay",
    "EmbeddingDisplay",
    "ForecastDisplay",
    "HistoryDisplay",
    "ReconstructionDisplay",
    "SamplesDisplay",
    "ScoreDisplay",
    "TokenDisplay",
    "TradeOffDisplay",
    "report",
]
