"""The VQ-VAE of arXiv 1711.00937 in one dimension."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.convnet import Decoder, Encoder
from sktsvq.nn.losses import spectral_loss
from sktsvq.nn.quantizer import EMAVectorQuantizer, VectorQuantizer


class VQVAEOutput(NamedTuple):
    """Total loss, reconstruction (b, c, t), and projection (b, d) of a self-supervised branch where there is one."""

    loss: Tensor
    reconstruction: Tensor
    projection: Tensor | None = None


class VQVAE(nn.Module):
    """Convolutional encoder, vector quantiser, convolutional decoder.

    The loss is the mean squared error, the quantiser's loss and `spectral_weight` times the spectral loss at those of
    the window lengths 16, 32 and 64 that are no longer than the series.
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_timepoints: int,
        rate: int,
        width: int,
        n_blocks: int,
        codebook_size: int,
        codebook_dim: int,
        beta: float,
        decay: float | None,
        spectral_weight: float,
    ) -> None:
        super().__init__()
        self.n_timepoints = n_timepoints
        self.spectral_weight = spectral_weight
        self.n_ffts = [n_fft for n_fft in (16, 32, 64) if n_fft <= n_timepoints]
        self.encoder = Encoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, out_dim=codebook_dim)
        if decay is None:
            self.quantizer = VectorQuantizer(codebook_size, codebook_dim, beta=beta)
        else:
            self.quantizer = EMAVectorQuantizer(codebook_size, codebook_dim, beta=beta, decay=decay)
        self.decoder = Decoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, in_dim=codebook_dim)

    @property
    def token_spans(self) -> Tensor:  # (n, 2)
        """First and one-past-last time point that each token stands for."""
        return self.encoder.token_spans(self.n_timepoints)

    def encode(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n)
        return self.quantizer.quantize(self.encoder(x))

    def decode(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, c, t)
        return self.decoder(self.quantizer.dequantize(indices), self.n_timepoints)

    def forward(self, x: Tensor) -> VQVAEOutput:  # (b, c, t)
        quantized = self.quantizer(self.encoder(x))
        reconstruction = self.decoder(quantized.latents, self.n_timepoints).float()
        return VQVAEOutput(self.reconstruction_loss(reconstruction, x) + quantized.loss, reconstruction)

    def reconstruction_loss(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        """Mean squared error and weighted spectral loss."""
        loss = F.mse_loss(reconstruction, x)
        if self.spectral_weight and self.n_ffts:
            loss = loss + self.spectral_weight * spectral_loss(reconstruction, x, self.n_ffts)
        return loss

    def monitor(self, output: VQVAEOutput, x: Tensor) -> dict[str, Tensor]:
        """Values for the history, of the last batch of an epoch."""
        return {"squared_error": F.mse_loss(output.reconstruction.detach(), x)}
