"""Encoders that are no tokenizers: series to one vector each."""

from sktsvq.representation._autoencoder import Autoencoder
from sktsvq.representation._fine_tuning import FineTunedClassifier
from sktsvq.representation._masked import MaskedAutoencoder
from sktsvq.representation._siamese import SiameseEncoder
from sktsvq.representation._vae import VariationalAutoencoder

__all__ = ["Autoencoder", "FineTunedClassifier", "MaskedAutoencoder", "SiameseEncoder", "VariationalAutoencoder"]
