"""Autoencoders: an encoder, a bottleneck and a decoder."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.architectures import ARCHITECTURES
from sktsvq.nn.bottlenecks import build_bottleneck
from sktsvq.nn.ends import begins_before_end, mean_over, with_ends, without_ends
from sktsvq.nn.precision import at_least_single
from sktsvq.nn.ranks import current_share, mean_over_batch, own_rows, part_of_loss, takes_own_rows

_TIME_ERRORS = {"squared": F.mse_loss, "absolute": F.l1_loss}


class AutoencoderOutput(NamedTuple):
    """Total loss, reconstruction (b, c, t), and projection (b, d) of a self-supervised branch where there is one."""

    loss: Tensor
    reconstruction: Tensor
    projection: Tensor | None = None


class Autoencoder(nn.Module):
    """Encoder, bottleneck, decoder: an autoencoder, a VAE (arXiv 1312.6114) or a VQ-VAE (arXiv 1711.00937).

    The loss is the error in time, the bottleneck's loss, and `spectral_weight` times the error of the architecture in
    time and frequency.

    Parameters
    ----------
    n_channels, n_timepoints : size of a series
    rate : time points per latent
    width : channels of the hidden layers
    n_blocks : residual blocks of the encoder
    bottleneck : {"kind": name in `BOTTLENECKS`, and its keyword arguments}
    spectral_weight : weight of the error in time and frequency
    architecture : name in `ARCHITECTURES`
    error : "squared" or "absolute", the error in time
    ends : whether series may end before others: `lengths` (b,) then tell their numbers of time points. Latents beyond
        the end of a series are one vector that is learnt; the bottleneck does not see them. Indices beyond it are an
        end code, the last of each stream.
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_timepoints: int,
        rate: int,
        width: int,
        n_blocks: int,
        bottleneck: dict[str, Any],
        spectral_weight: float,
        architecture: str = "patch",
        error: str = "squared",
        ends: bool = False,
    ) -> None:
        super().__init__()
        parts = ARCHITECTURES[architecture]
        self.architecture = architecture
        self.spectral_weight = spectral_weight
        self.time_error: Callable[[Tensor, Tensor], Tensor] = _TIME_ERRORS[error]
        self.spectral_error = parts.spectral_error(n_timepoints) if spectral_weight else None
        self.bottleneck = build_bottleneck(**bottleneck)
        sizes = {"n_timepoints": n_timepoints, "rate": rate, "width": width, "n_blocks": n_blocks}
        self.encoder: Any = parts.encoder(n_channels, dim=self.bottleneck.dim, **sizes)
        self.decoder = parts.decoder(n_channels, dim=self.bottleneck.dim, **sizes)
        self.end = nn.Parameter(0.02 * torch.randn(self.bottleneck.dim)) if ends else None

    @property
    def token_spans(self) -> Tensor:  # (n, 2)
        """First and one-past-last time point that each latent stands for."""
        return self.encoder.token_spans

    @property
    def embedding_dim(self) -> int:
        """Size of what `embed` gives for a series."""
        return self.bottleneck.dim

    @property
    def codes(self) -> Tensor:  # (k, d)
        """The codes in the order of their indices, the end codes among them."""
        codes = self.bottleneck.codebook
        if self.end is None:
            return codes
        streams = codes.unflatten(0, (self.bottleneck.n_streams, -1))
        ends = self.end.expand(len(streams), 1, -1) / len(streams)  # so that those of all streams add up to it
        return torch.cat([streams, ends], 1).flatten(0, 1)

    def embed(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, d)
        """Latents before the bottleneck, averaged over the positions."""
        return mean_over(at_least_single(self.encoder(x)), self._alive(lengths))

    def encode(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, c, t), (b,) -> (b, n)
        """Indices of the codes, where the bottleneck is a quantiser."""
        indices, alive = self.bottleneck.quantize(self.encoder(x)), self._alive(lengths)
        return indices if alive is None else with_ends(indices, alive, self._codes_a_stream)

    def decode(self, indices: Tensor, lengths: Tensor | None = None) -> Tensor:  # (b, n), (b,) -> (b, c, t)
        alive = self._alive(lengths)
        if alive is None:
            return self.decoder(self.bottleneck.dequantize(indices))
        latents = self.bottleneck.dequantize(without_ends(indices, alive, self._codes_a_stream))
        return self.decoder(latents.where(alive.unsqueeze(2), self.end))

    @takes_own_rows
    def forward(
        self, x: Tensor, observed: Tensor | None = None, lengths: Tensor | None = None
    ) -> AutoencoderOutput:  # (b, c, t), (b, c, t) of bool, (b,)
        """The loss counts the values that are `observed`; None are all of them."""
        x, observed = own_rows(x), None if observed is None else own_rows(observed)
        compressed = self.pass_bottleneck(self.encoder(x), lengths)
        reconstruction = self.decoder(compressed.latents).float()
        loss = self.reconstruction_loss(reconstruction, x, observed) + compressed.loss
        return AutoencoderOutput(part_of_loss(loss), reconstruction)

    def pass_bottleneck(self, z: Tensor, lengths: Tensor | None = None) -> Any:  # (b, n, d), (b,)
        """What the bottleneck makes of the latents that stand for series; the others become the end."""
        alive = self._alive(lengths)
        if alive is None:
            return self.bottleneck(z)
        if current_share() is not None:
            raise ValueError("Series of unequal length are trained by one process. Got several.")
        compressed = self.bottleneck(z[alive].unsqueeze(0))
        ends: Any = self.end
        latents = ends.to(compressed.latents.dtype).expand_as(z).masked_scatter(alive.unsqueeze(2), compressed.latents)
        return compressed._replace(latents=latents)

    def _alive(self, lengths: Tensor | None) -> Tensor | None:  # (b,) -> (b, n)
        """Which latents stand for series; None for all."""
        return None if self.end is None or lengths is None else begins_before_end(lengths, self.token_spans)

    @property
    def _codes_a_stream(self) -> int:
        return len(self.bottleneck.codebook) // self.bottleneck.n_streams

    def reconstruction_loss(self, reconstruction: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Error in time and weighted error in time and frequency, per observed value."""
        if observed is not None:
            # A value that equals its target has neither error nor gradient, whatever the loss is.
            x = torch.where(observed, x, reconstruction.detach())
        loss = self.time_error(reconstruction, x)
        if self.spectral_error is not None:
            loss = loss + self.spectral_weight * self.spectral_error(reconstruction, x)
        return loss if observed is None else loss / mean_over_batch(observed.float().mean()).clamp(min=1e-6)

    def monitor(
        self, output: AutoencoderOutput, x: Tensor, observed: Tensor | None = None, lengths: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Values for the history, of the last batch of an epoch."""
        squares = (output.reconstruction.detach() - own_rows(x)).square()
        if observed is None:
            return {"squared_error": mean_over_batch(squares.mean())}
        known = own_rows(observed).to(squares.dtype)
        return {"squared_error": mean_over_batch((squares * known).mean()) / mean_over_batch(known.mean())}

    def after_step(self) -> None:
        """Move what follows the optimiser's steps without a gradient."""
        self.bottleneck.after_step()
