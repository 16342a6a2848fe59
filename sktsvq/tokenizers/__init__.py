"""Series to tokens and back: estimators with `fit`, `transform` and `inverse_transform`."""

from sktsvq.tokenizers._ncvqvae import NCVQVAETokenizer
from sktsvq.tokenizers._timevqvae import TimeVQVAETokenizer
from sktsvq.tokenizers._vqvae import VQVAETokenizer

__all__ = ["NCVQVAETokenizer", "TimeVQVAETokenizer", "VQVAETokenizer"]
