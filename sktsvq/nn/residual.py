"""Residual quantisation: every latent as a sum of codes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.quantizer import GRADIENTS, Cluster, Quantized, Quantizer, VectorQuantizer


class ResidualQuantizer(Quantizer):
    """Quantisers one after the other, each of what those before it left over (arXiv 2107.03312, 2203.01941).

    Indices (b, n_streams * n) hold the stream of the first quantiser, then that of the second, ...; those of a later
    one start behind the codes of the earlier ones. The loss is the sum of their losses.
    """

    layers: Sequence[VectorQuantizer]

    def __init__(self, layers: Sequence[VectorQuantizer], *, gradient: str = "straight_through") -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)  # type: ignore[assignment]
        self.gradient = gradient
        self.n_streams = len(layers)

    @property
    def codebook(self) -> Tensor:  # (k, d)
        """The codes of all quantisers, one after the other."""
        return torch.cat([layer.codebook for layer in self.layers])

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:  # (m, d)
        for layer in self.layers:
            layer.initialize(latents, cluster)
            latents = latents - layer.dequantize(layer.quantize(latents.unsqueeze(1))).squeeze(1)

    def quantize(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n_streams * n)
        residual, streams = z.float(), []
        for layer in self.layers:
            streams.append(layer.quantize(residual))
            residual = residual - layer.dequantize(streams[-1])
        return self._side_by_side(streams)

    def dequantize(self, indices: Tensor) -> Tensor:  # (b, n_streams * n) -> (b, n, d)
        """The sums of the codes at these indices."""
        codes = F.embedding(indices, self.codebook)  # (b, n_streams * n, d)
        return codes.unflatten(1, (self.n_streams, -1)).sum(1)

    def forward(self, z: Tensor) -> Quantized:  # (b, n, d)
        z = z.float()
        residual, streams, loss = z, [], z.new_zeros(())
        for layer in self.layers:
            quantized = layer(residual)
            streams.append(quantized.indices)
            loss = loss + quantized.loss
            residual = residual - quantized.latents.detach()
        return Quantized(GRADIENTS[self.gradient](z, (z - residual).detach()), self._side_by_side(streams), loss)

    def _side_by_side(self, streams: list[Tensor]) -> Tensor:  # each (b, n)
        size = len(self.layers[0].codes)
        return torch.cat([stream + depth * size for depth, stream in enumerate(streams)], 1)

    def after_step(self) -> None:
        """Move what follows the optimiser's steps without a gradient."""
        for layer in self.layers:
            layer.after_step()
