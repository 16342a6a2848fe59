"""Embeddings of tokens, started from the codebook where there is one."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TokenEmbedding(nn.Module):
    """One vector per code, and one more at the end for a token that is not known.

    Parameters
    ----------
    codebook_size, width : number of codes and size of their vectors
    codebook_dim : size of the codes that `start_from` gives, brought to the width by a linear map where it differs;
        None starts from random vectors
    frozen : whether the codes stay as they are
    redraw : whether codes stand for each other in training, as `redraw_by` says
    """

    redraw: Tensor | None

    def __init__(
        self,
        codebook_size: int,
        width: int,
        *,
        codebook_dim: int | None = None,
        frozen: bool = False,
        redraw: bool = False,
    ) -> None:
        super().__init__()
        self.codebook_size = codebook_size
        if codebook_dim is None:
            codes = 0.02 * torch.randn(codebook_size, width)
        else:
            codes = torch.zeros(codebook_size, codebook_dim)
        self.codes = nn.Parameter(codes, requires_grad=not frozen)
        self.unknown = nn.Parameter(0.02 * torch.randn(1, width))
        self.project = nn.Identity() if codes.shape[1] == width else nn.Linear(codes.shape[1], width, bias=False)
        # Cumulative probabilities over the columns with which a code stands for another in training.
        self.register_buffer("redraw", torch.eye(codebook_size).cumsum(1) if redraw else None)

    @torch.no_grad()
    def start_from(self, codebook: Tensor) -> None:  # (k, codebook_dim)
        """Start from these codes."""
        self.codes.copy_(0.02 * standardize(codebook))

    def redraw_by(self, probabilities: Tensor) -> None:  # (k, k)
        """In training, draw each code anew by its row of the probabilities."""
        self.redraw = probabilities.cumsum(1).float().to(self.codes.device)

    @property
    def unknown_index(self) -> int:
        """The index that stands for a token that is not known."""
        return self.codebook_size

    def forward(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, n, d)
        return F.embedding(indices, torch.cat([self.project(self.codes), self.unknown]))

    def draw_similar(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, n)
        """In training, codes drawn by the probabilities of `redraw`; else the same indices."""
        if self.redraw is None or not self.training:
            return indices
        uniform = torch.rand(*indices.shape, 1, device=indices.device)
        return torch.searchsorted(self.redraw[indices], uniform).squeeze(-1).clamp(max=self.codebook_size - 1)


def standardize(codebook: Tensor) -> Tensor:  # (k, c) -> (k, c)
    """Codes with zero mean and, over all entries, unit standard deviation."""
    codes = codebook.float() - codebook.float().mean(0)
    return codes / codes.std(correction=0).clamp(min=1e-12)


def code_distances(codebook: Tensor, exchangeable: Tensor) -> Tensor:  # (k, c), (k, k) -> (k, k)
    """Squared distances of the codes, infinite where `exchangeable` is false."""
    return torch.cdist(codebook.double(), codebook.double()).square().masked_fill(~exchangeable, torch.inf)


def similarity(distances: Tensor, temperature: float) -> Tensor:  # (k, k) -> (k, k)
    """Softmax over the columns of minus the squared distances, divided by `temperature`."""
    return (-distances / temperature).softmax(1)


def temperature_that_keeps(share: float, distances: Tensor, counts: Tensor) -> float:  # (k, k), (k,)
    """The temperature of `similarity` with which codes of these counts stay themselves with a mean probability.

    A very high one where they do so at any temperature.
    """
    weights = counts.double() / counts.sum()
    low, high = -40.0, 40.0  # its logarithm lies between
    for _ in range(60):
        middle = (low + high) / 2
        kept = float(similarity(distances, math.exp(middle)).diagonal() @ weights)
        low, high = (middle, high) if kept > share else (low, middle)
    return math.exp(low)
