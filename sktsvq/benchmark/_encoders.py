"""What the benchmark of representations compares: encoders, tokenizers and references, by name."""

from functools import partial

import numpy as np
from sklearn.preprocessing import FunctionTransformer

from sktsvq.nn.two_views import METHODS
from sktsvq.representation import Autoencoder, MaskedAutoencoder, SiameseEncoder, VariationalAutoencoder
from sktsvq.tokenizers import NCVQVAETokenizer, TimeVQVAETokenizer, VQVAETokenizer

__all__ = ["MODELS", "REFERENCES"]


def _flattened(X):
    return np.reshape(X, (len(X), -1))


def _catch22():
    from aeon.transformations.collection.feature_based import Catch22

    return Catch22(replace_nans=True)


def _minirocket(seed):
    from aeon.transformations.collection.convolution_based import MiniRocket

    return MiniRocket(random_state=seed)


def _siamese(objective, seed):
    return SiameseEncoder(objective, random_state=seed)


# Without random numbers: one seed is enough.
REFERENCES = {"raw": lambda seed: FunctionTransformer(_flattened), "catch22": lambda seed: _catch22()}

MODELS = {
    **REFERENCES,
    "minirocket": _minirocket,
    "VQVAETokenizer": lambda seed: VQVAETokenizer(output="embedding", random_state=seed),
    "NCVQVAETokenizer": lambda seed: NCVQVAETokenizer(output="embedding", random_state=seed),
    "TimeVQVAETokenizer": lambda seed: TimeVQVAETokenizer(output="embedding", random_state=seed),
    "Autoencoder": lambda seed: Autoencoder(random_state=seed),
    "VariationalAutoencoder": lambda seed: VariationalAutoencoder(random_state=seed),
    "MaskedAutoencoder": lambda seed: MaskedAutoencoder(random_state=seed),
    "SiameseEncoder": lambda seed: SiameseEncoder(random_state=seed),
    **{
        f"SiameseEncoder-{objective}": partial(_siamese, objective)
        for objective in METHODS
        if objective != SiameseEncoder().objective
    },
    # Weights that hardly move: what the network is worth before it has learnt anything.
    "SiameseEncoder-untrained": lambda seed: SiameseEncoder(max_epochs=1, lr=1e-12, random_state=seed),
}
