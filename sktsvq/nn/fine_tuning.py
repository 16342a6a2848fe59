"""A linear classifier on an encoder, trained with it or alone."""

from typing import Any

import torch
from torch import Tensor, nn


class FineTuned(nn.Module):
    """Embedding, standardised by constants, and a linear map that starts at zero.

    Parameters
    ----------
    encoder : module with `embed(x)`, from (b, c, t) to (b, d), and `embedding_dim`; with `embed(x, lengths)`, lengths
        (b,), where series are of unequal length
    n_classes : number of logits
    freeze : whether the encoder stays as it is
    """

    center: Tensor
    scale: Tensor

    def __init__(self, *, encoder: Any, n_classes: int, freeze: bool) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False) if freeze else encoder
        self.freeze = freeze
        self.register_buffer("center", torch.zeros(encoder.embedding_dim))
        self.register_buffer("scale", torch.ones(encoder.embedding_dim))
        self.final = nn.Linear(encoder.embedding_dim, n_classes)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)

    @torch.no_grad()
    def standardize(self, z: Tensor) -> None:  # (m, d)
        """Learn the constants from embeddings."""
        scale, center = torch.std_mean(z.double(), 0, correction=0)
        self.center.copy_(center)
        self.scale.copy_(torch.where(scale > 1e-6 * (1 + z.abs().amax(0)), scale, 1.0))

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, d)
        """The standardised embedding."""
        z = self.encoder.embed(x) if lengths is None else self.encoder.embed(x, lengths)
        return (z - self.center) / self.scale

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, n_classes)
        return self.final(self.features(x, lengths))
