"""NC-VQVAE (arXiv 2408.16613): a VQ-VAE whose tokens are taught by a non-contrastive self-supervised branch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from sktsvq.nn.augment import Augmentation, augment, resolve
from sktsvq.nn.quantizer import Quantizer
from sktsvq.nn.ssl import (
    Projector,
    barlow_twins_loss,
    effective_rank,
    embedding_std,
    vibcreg_loss,
    vicreg_loss,
)
from sktsvq.nn.vqvae import VQVAE, VQVAEOutput

# With the factors that the paper gives them beside the reconstruction.
SSL_LOSSES: dict[str, tuple[float, Callable[[Tensor, Tensor], Tensor]]] = {
    "barlow_twins": (1.0, barlow_twins_loss),
    "vicreg": (0.01, vicreg_loss),
    "vibcreg": (0.01, vibcreg_loss),
}


class NCVQVAE(VQVAE):
    """VQ-VAE plus, in training only, a Siamese branch.

    The quantised latents of x and the continuous latents of an augmented view x' are pooled over time (`ssl_pooling`:
    the mean, or mean and maximum side by side), projected, and compared by `ssl_loss`. The view is decoded too, without
    quantisation; its squared error (with ``architecture="stft"`` its whole reconstruction loss) counts
    `augmented_reconstruction_weight`.
    """

    def __init__(
        self,
        *,
        ssl_loss: str,
        ssl_weight: float,
        ssl_pooling: str,
        projector_dim: int,
        augmentations: Sequence[str | Augmentation],
        augmented_reconstruction_weight: float,
        quantizer: Quantizer,
        **vqvae: int | float | str,
    ) -> None:
        super().__init__(quantizer=quantizer, **vqvae)  # type: ignore[arg-type]
        self.ssl_loss, self.ssl_weight, self.ssl_pooling = ssl_loss, ssl_weight, ssl_pooling
        self.augmentations = resolve(augmentations)
        self.augmented_reconstruction_weight = augmented_reconstruction_weight
        pooled_dim = quantizer.codebook.shape[1] * (2 if ssl_pooling == "mean_max" else 1)
        self.projector = Projector(pooled_dim, projector_dim, iterative_norm=ssl_loss == "vibcreg")

    def forward(self, x: Tensor) -> VQVAEOutput:  # (b, c, t)
        if not self.training:
            return super().forward(x)
        view = augment(x, self.augmentations)
        z, z_view = self.encoder(torch.cat([x, view])).chunk(2)
        quantized = self.quantizer(z)
        z_view = self.quantizer.project(z_view)
        latents = [quantized.latents]
        if self.augmented_reconstruction_weight:
            latents.append(z_view)
        decoded = self.decoder(torch.cat(latents), self.n_timepoints).float().split(len(x))
        loss = self.reconstruction_loss(decoded[0], x) + quantized.loss
        if self.augmented_reconstruction_weight:
            view_error = self.reconstruction_loss if self.architecture == "stft" else F.mse_loss
            loss = loss + self.augmented_reconstruction_weight * view_error(decoded[1], view)
        projections = self.projector(self.pool(quantized.latents)), self.projector(self.pool(z_view.float()))
        factor, ssl_loss = SSL_LOSSES[self.ssl_loss]
        loss = loss + self.ssl_weight * factor * ssl_loss(*projections)
        return VQVAEOutput(loss, decoded[0], projections[1])

    def pool(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, d) or (b, 2d)
        """Latents without their order in time."""
        mean = z.mean(1)
        return torch.cat([mean, z.amax(1)], 1) if self.ssl_pooling == "mean_max" else mean

    def monitor(self, output: VQVAEOutput, x: Tensor) -> dict[str, Tensor]:
        """Also how far the projections have collapsed: both values fall towards 0 and 1 if they do."""
        values = super().monitor(output, x)
        if output.projection is not None:
            values["embedding_std"] = embedding_std(output.projection)
            values["effective_rank"] = effective_rank(output.projection)
        return values
