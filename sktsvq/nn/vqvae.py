"""The VQ-VAE of arXiv 1711.00937 in one dimension."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.convnet import Decoder, Encoder
from sktsvq.nn.losses import SpectralLoss
from sktsvq.nn.quantizer import Quantizer
from sktsvq.nn.stft_vqvae import StftDecoder, StftEncoder, grid_error


class VQVAEOutput(NamedTuple):
    """Total loss, reconstruction (b, c, t), and projection (b, d) of a self-supervised branch where there is one."""

    loss: Tensor
    reconstruction: Tensor
    projection: Tensor | None = None


class VQVAE(nn.Module):
    """Convolutional encoder, vector quantiser, convolutional decoder.

    The loss is the mean squared error, the quantiser's loss and `spectral_weight` times the spectral loss at those of
    the window lengths 16, 32 and 64 that are no longer than the series; with ``architecture="stft"`` times the squared
    error on its time-frequency grid.
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_timepoints: int,
        rate: int,
        width: int,
        n_blocks: int,
        quantizer: Quantizer,
        spectral_weight: float,
        architecture: str = "patch",
    ) -> None:
        super().__init__()
        self.n_timepoints = n_timepoints
        self.spectral_weight = spectral_weight
        n_ffts = [n_fft for n_fft in (16, 32, 64) if n_fft <= n_timepoints]
        self.spectral_loss = SpectralLoss(n_ffts) if n_ffts and spectral_weight and architecture == "patch" else None
        self.quantizer = quantizer
        self.architecture = architecture
        dim = quantizer.codebook.shape[1]
        self.encoder: Encoder | StftEncoder
        self.decoder: Decoder | StftDecoder
        if architecture == "stft":
            grid = {"n_timepoints": n_timepoints, "rate": rate, "width": width, "n_blocks": n_blocks}
            self.encoder = StftEncoder(n_channels, out_dim=dim, **grid)
            self.decoder = StftDecoder(n_channels, in_dim=dim, **grid)
        else:
            self.encoder = Encoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, out_dim=dim)
            self.decoder = Decoder(n_channels, rate=rate, width=width, n_blocks=n_blocks, in_dim=dim)

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
        """Error in time and weighted spectral loss."""
        loss = self.time_loss(reconstruction, x)
        if self.architecture == "stft":
            return loss + self.spectral_weight * grid_error(reconstruction, x)
        if self.spectral_loss is not None:
            loss = loss + self.spectral_weight * self.spectral_loss(reconstruction, x)
        return loss

    def time_loss(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        """Mean squared error."""
        return F.mse_loss(reconstruction, x)

    def monitor(self, output: VQVAEOutput, x: Tensor) -> dict[str, Tensor]:
        """Values for the history, of the last batch of an epoch."""
        return {"squared_error": F.mse_loss(output.reconstruction.detach(), x)}
