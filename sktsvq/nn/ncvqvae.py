"""NC-VQVAE (arXiv 2408.16613): a VQ-VAE whose tokens are taught by a non-contrastive self-supervised branch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from sktsvq.nn.architectures import ARCHITECTURES
from sktsvq.nn.augment import Augmentation, augment, resolve
from sktsvq.nn.autoencoder import Autoencoder, AutoencoderOutput
from sktsvq.nn.ends import max_over, mean_over
from sktsvq.nn.ranks import all_rows, own_rows, part_of_loss, takes_own_rows
from sktsvq.nn.two_views import TwoViewObjective, collapse_monitors

# The factors that the paper gives the losses beside the reconstruction.
SSL_LOSSES = {"barlow_twins": 1.0, "vicreg": 0.01, "vibcreg": 0.01}


class NCVQVAE(Autoencoder):
    """VQ-VAE plus, in training only, a Siamese branch.

    The quantised latents of x and the continuous latents of an augmented view x' are pooled over time, projected, and
    compared. The view is decoded too, without quantisation; its squared error, or with an architecture that says so its
    whole reconstruction loss, counts `augmented_reconstruction_weight`. All values of the view count, observed or
    not, since augmentations move time points.

    Parameters
    ----------
    objective : {"loss": name in `SSL_LOSSES`, "weight": beside the reconstruction, "projector_dim": width}
    ssl_pooling : "mean" over time, or "mean_max", mean and maximum side by side
    augmentations : names in `AUGMENTATIONS`, or functions from (b, c, t) to (b, c, t)
    augmented_reconstruction_weight : 0 omits the decoding
    **autoencoder : keyword arguments of `Autoencoder`, with a quantiser as bottleneck
    """

    def __init__(
        self,
        *,
        objective: dict[str, Any],
        ssl_pooling: str,
        augmentations: str | Augmentation | Sequence[str | Augmentation],
        augmented_reconstruction_weight: float,
        **autoencoder: Any,
    ) -> None:
        super().__init__(**autoencoder)
        self.ssl_weight = objective["weight"] * SSL_LOSSES[objective["loss"]]
        self.ssl_pooling = ssl_pooling
        self.augmentations = resolve(augmentations)
        self.augmented_reconstruction_weight = augmented_reconstruction_weight
        self.view_error_is_whole = ARCHITECTURES[self.architecture].view_error_is_whole
        pooled_dim = self.bottleneck.dim * (2 if ssl_pooling == "mean_max" else 1)
        self.objective = TwoViewObjective(
            method=objective["loss"], in_dim=pooled_dim, projector_dim=objective["projector_dim"]
        )

    @takes_own_rows
    def forward(
        self, x: Tensor, observed: Tensor | None = None, lengths: Tensor | None = None
    ) -> AutoencoderOutput:  # (b, c, t), (b, c, t) of bool, (b,)
        if not self.training:
            return super().forward(x, observed, lengths)
        view = own_rows(augment(x, self.augmentations))
        x, observed = own_rows(x), None if observed is None else own_rows(observed)
        z, z_view = self.encoder(torch.cat([x, view])).chunk(2)
        quantized, alive = self.pass_bottleneck(z, lengths), self._alive(lengths)
        z_view = self.bottleneck.project(z_view)
        latents = [quantized.latents]
        if self.augmented_reconstruction_weight:
            latents.append(z_view)
        decoded = self.decoder(torch.cat(latents)).float().split(len(x))
        loss = self.reconstruction_loss(decoded[0], x, observed) + quantized.loss
        if self.augmented_reconstruction_weight:
            view_error = self.reconstruction_loss if self.view_error_is_whole else F.mse_loss
            loss = loss + self.augmented_reconstruction_weight * view_error(decoded[1], view)
        pooled = self.pool(quantized.latents, alive), self.pool(z_view.float(), alive)
        compared = self.objective(*map(all_rows, pooled))
        loss = part_of_loss(loss) + self.ssl_weight * compared.loss
        return AutoencoderOutput(loss, decoded[0], compared.projection)

    def pool(self, z: Tensor, alive: Tensor | None = None) -> Tensor:  # (b, n, d), (b, n) -> (b, d) or (b, 2d)
        """Latents without their order in time; those of the view count where the series has not ended."""
        mean = mean_over(z, alive)
        return torch.cat([mean, max_over(z, alive)], 1) if self.ssl_pooling == "mean_max" else mean

    def monitor(
        self, output: AutoencoderOutput, x: Tensor, observed: Tensor | None = None, lengths: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Also how far the projections have collapsed."""
        values = super().monitor(output, x, observed, lengths)
        return values if output.projection is None else values | collapse_monitors(output.projection)

    def after_step(self) -> None:
        super().after_step()
        self.objective.after_step()
