"""Embeddings of tokens, started from the codebook where there is one."""

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

    def redraw_by(self, codebook: Tensor, temperature: float, allowed: Tensor | None = None) -> None:  # (k, c), (n, k)
        """In training, draw codes for each other by their similarity, if they may stand at the same position."""
        together = None if allowed is None else (allowed.float().T @ allowed.float()) > 0
        draws = similarity_draws(codebook, temperature=temperature, together=together)
        self.redraw = draws.to(self.codes.device)

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


def similarity_draws(codebook: Tensor, *, temperature: float, together: Tensor | None = None) -> Tensor:
    """Cumulative softmax of minus the squared distances of the codes, divided by `temperature`, (k, c) -> (k, k).

    Codes that may not stand at the same position, where `together` (k, k) is false, are never drawn for each other.
    """
    distances = torch.cdist(codebook.double(), codebook.double()).square()
    if together is not None:
        distances = distances.masked_fill(~together, torch.inf)
    return (-distances / temperature).softmax(1).cumsum(1).float()
