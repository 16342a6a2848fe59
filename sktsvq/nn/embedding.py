"""Embeddings of tokens, started from the codebook where there is one."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TokenEmbedding(nn.Module):
    """One vector per code, and one more at the end for a token that is not known.

    Parameters
    ----------
    codebook_size, width : int
        Number of codes and size of their vectors.
    codebook : Tensor (k, c), optional
        Codes to start from, brought to the width by a linear map where they have another.
    frozen : bool
        Whether these codes stay as they are.
    redraw : Tensor (k, k), optional
        Cumulative probabilities over the columns with which a code stands for another in training.
    """

    codes: Tensor
    redraw: Tensor | None

    def __init__(
        self,
        codebook_size: int,
        width: int,
        *,
        codebook: Tensor | None = None,
        frozen: bool = False,
        redraw: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.codebook_size = codebook_size
        codes = 0.02 * (torch.randn(codebook_size, width) if codebook is None else standardize(codebook))
        self.codes = nn.Parameter(codes, requires_grad=not frozen)
        self.unknown = nn.Parameter(0.02 * torch.randn(1, width))
        self.project = nn.Identity() if codes.shape[1] == width else nn.Linear(codes.shape[1], width, bias=False)
        self.register_buffer("redraw", redraw)

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
