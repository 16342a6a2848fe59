"""Masked modelling of patches: an encoder sees some patches of a series, a decoder fills in the others."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sktsvq.nn.convnet import RowLinear
from sktsvq.nn.precision import at_least_single
from sktsvq.nn.ranks import own_rows, part_of_loss, takes_own_rows
from sktsvq.nn.transformer import Transformer

MASKINGS = ("random", "block", "channel")

# Patches of a block: long enough that a straight line between its neighbours does not fill it.
_BLOCK = 3
# Layers of the decoder: a light one leaves the work to the encoder.
_N_DECODER_LAYERS = 1


class MaskedOutput(NamedTuple):
    """Total loss, reconstruction (b, n, l) of all patches, and which of them (b, n) were hidden."""

    loss: Tensor
    reconstruction: Tensor
    hidden: Tensor


class MaskedAutoencoder(nn.Module):
    """A masked autoencoder (arXiv 2111.06377) of series.

    Each channel is cut into patches of `rate` time points, (b, c, t) -> (b, n, l) with n = n_channels * ceil(t / rate)
    and l = rate. A transformer encodes the visible patches alone; a second one of one layer sees their outputs and a
    learnt vector in place of each hidden patch, and predicts all values. The loss is the mean squared error of the
    values in hidden patches. A class token lets the encoder work with no visible patch too.

    Parameters
    ----------
    n_channels, n_timepoints : size of a series
    rate : time points per patch
    width : size of the vectors
    n_layers, n_heads : of the encoder; the decoder has as many heads
    mask_ratio : share of the patches that are hidden
    masking : name in `MASKINGS`
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_timepoints: int,
        rate: int,
        width: int,
        n_layers: int,
        n_heads: int,
        mask_ratio: float,
        masking: str = "random",
    ) -> None:
        super().__init__()
        self.n_channels, self.n_timepoints, self.rate = n_channels, n_timepoints, rate
        self.n_positions = -(-n_timepoints // rate)
        self.mask_ratio, self.masking = mask_ratio, masking
        self.embedding_dim = 2 * width
        self.project_in = RowLinear(rate, width)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.places = _Places(n_channels, self.n_positions, width)
        self.encoder = Transformer(width=width, n_layers=n_layers, n_heads=n_heads)
        self.decoder_places = _Places(n_channels, self.n_positions, width)
        self.decoder = Transformer(width=width, n_layers=_N_DECODER_LAYERS, n_heads=n_heads)
        self.project_out = nn.Linear(width, rate)

    def patches(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, n, l)
        """The patches of the first channel, then those of the second, ...; the last value fills up the last patch."""
        missing = self.n_positions * self.rate - self.n_timepoints
        x = torch.cat([x, x[..., -1:].expand(-1, -1, missing)], 2)
        return x.unflatten(2, (-1, self.rate)).flatten(1, 2)

    def project(self, patches: Tensor) -> Tensor:  # (b, v, l) -> (b, v, d)
        return self.project_in(patches.flatten(0, 1)).unflatten(0, patches.shape[:2])

    def encode(self, tokens: Tensor) -> Tensor:  # (b, v, d) -> (b, 1 + v, d)
        """Outputs of the encoder for the class token and the embedded patches."""
        return self.encoder(torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], 1))

    def embed(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, 2 * d)
        """Mean and maximum over all patches of what the encoder gives when it sees the whole series."""
        z = at_least_single(self.encode(self.project(self.patches(x)) + self.places()))[:, 1:]
        return torch.cat([z.mean(1), z.amax(1)], 1)

    @takes_own_rows
    def forward(self, x: Tensor, observed: Tensor | None = None) -> MaskedOutput:  # (b, c, t), (b, c, t) of bool
        """The loss counts the values that are `observed`; None are all of them."""
        hidden = draw_hidden(
            len(x), self.n_channels, self.n_positions, ratio=self.mask_ratio, masking=self.masking, device=x.device
        )
        counted = hidden.unsqueeze(2) & self._within(observed, len(x))  # (b, n, l)
        n_counted = counted.sum().clamp(min=1)
        hidden, counted, patches = own_rows(hidden), own_rows(counted), self.patches(own_rows(x))
        reconstruction = self.fill(patches, hidden)
        loss = self.error(reconstruction, patches, counted)
        return MaskedOutput(part_of_loss(loss, counted.sum(), n_counted), reconstruction, hidden)

    def fill(self, patches: Tensor, hidden: Tensor) -> Tensor:  # (b, n, l), (b, n) of bool -> (b, n, l)
        """All patches as the visible ones tell; as many are hidden in every row."""
        b, n, _ = patches.shape
        order = hidden.byte().argsort(dim=1, stable=True)  # the visible ones first
        seen = order[:, : n - int(hidden[0].sum())].unsqueeze(2)
        tokens = self.project(patches.gather(1, seen.expand(-1, -1, self.rate)))
        tokens = tokens + self.places().expand(b, -1, -1).gather(1, seen.expand_as(tokens))
        z = self.encode(tokens)
        first, z = z.split([1, seen.shape[1]], 1)
        # Every hidden patch is the mask token; a scatter puts the visible ones where they belong.
        full = self.mask_token.to(z.dtype).expand(b, n, -1).scatter(1, seen.expand_as(z), z)
        return at_least_single(
            self.project_out(self.decoder(torch.cat([first, full + self.decoder_places()], 1))[:, 1:])
        )

    def error(self, reconstruction: Tensor, patches: Tensor, counted: Tensor) -> Tensor:
        """Mean squared error of the values that are counted, a mask like the patches (b, n, l)."""
        squared = (reconstruction - patches).square().masked_fill(~counted, 0.0)
        return squared.sum() / counted.sum().clamp(min=1)

    def _within(self, observed: Tensor | None, b: int) -> Tensor:  # (b, n, l) of bool
        """Which values of the patches are observed; those that fill up the last patch are not."""
        if observed is None:
            shape = b, self.n_channels, self.n_timepoints
            observed = torch.ones(shape, dtype=torch.bool, device=self.class_token.device)
        missing = self.n_positions * self.rate - self.n_timepoints
        return nn.functional.pad(observed, (0, missing)).unflatten(2, (-1, self.rate)).flatten(1, 2)


class _Places(nn.Module):
    """A learnt vector for each channel plus one for each position in time."""

    def __init__(self, n_channels: int, n_positions: int, width: int) -> None:
        super().__init__()
        self.channel = nn.Parameter(0.02 * torch.randn(n_channels, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, n_positions, width))

    def forward(self) -> Tensor:  # (1, n, d)
        return (self.channel + self.position).flatten(0, 1).unsqueeze(0)


def n_hidden(n_parts: int, ratio: float) -> int:
    """How many of `n_parts` are hidden: the nearest share to `ratio`, at least one, and not all of several."""
    return min(max(1, round(ratio * n_parts)), max(1, n_parts - 1))


def draw_hidden(
    n_cases: int,
    n_channels: int,
    n_positions: int,
    *,
    ratio: float,
    masking: str,
    device: torch.device | None = None,
) -> Tensor:
    """Which patches are hidden, (n_cases, n_channels * n_positions) of bool, as many in every row.

    "random" hides patches of all channels and positions, "block" the same runs of 3 positions in all channels, some
    shorter, "channel" whole channels. Parts with the least random numbers are hidden.
    """
    if masking == "random":
        return _least(torch.rand(n_cases, n_channels * n_positions, device=device), ratio)
    if masking == "channel":
        hidden = _least(torch.rand(n_cases, n_channels, 1, device=device), ratio)
        return hidden.expand(-1, -1, n_positions).flatten(1)
    if masking != "block":
        raise ValueError(f"The 'masking' parameter must be among {MASKINGS}. Got {masking!r} instead.")
    # Runs are drawn on a circle that begins anywhere, so that all positions are hidden equally often.
    place = torch.arange(n_positions, device=device)
    hidden = _least(torch.rand(n_cases, n_positions, device=device)[:, place // _BLOCK], ratio)
    start = torch.randint(n_positions, (n_cases, 1), device=device)
    return hidden.gather(1, (place + start) % n_positions).repeat(1, n_channels)


def _least(numbers: Tensor, ratio: float) -> Tensor:  # (b, n) or (b, n, 1) -> the same of bool
    """The share with the least numbers; of equal ones the first."""
    order = numbers.argsort(dim=1, stable=True)
    return torch.zeros_like(numbers, dtype=torch.bool).scatter(1, order[:, : n_hidden(numbers.shape[1], ratio)], True)
