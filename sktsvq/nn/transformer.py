"""A pre-norm transformer for short sequences."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.ranks import dropout


def at_least_float32(x: Tensor) -> Tensor:
    """bfloat16 to float32; wider types as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class Attention(nn.Module):
    """Multi-head self-attention (arXiv 1706.03762, equation 1).

    Plain matrix products: at fewer than some hundred tokens faster on a CPU than fused attention, and several times
    faster in bfloat16.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # (b, n, d)
        b, n, d = x.shape
        query, key, value = (
            self.project_in(x).view(b, n, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        )  # (b, h, n, d / h)
        # A softmax over the columns takes a CPU a quarter of one over rows as short as a dozen, and one in bfloat16
        # twice as long.
        scores = at_least_float32(key @ (query * query.shape[-1] ** -0.5).transpose(2, 3))  # (b, h, n, n)
        weights = scores.softmax(2).to(value.dtype)
        return self.project_out((weights.transpose(2, 3) @ value).transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)), the mlp with squared rectifiers (Primer, arXiv 2109.08668)."""

    def __init__(self, width: int, n_heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:  # (b, n, d)
        return self.add_mlp(x + dropout(self.attention(self.attention_norm(x)), self.dropout, self.training))

    def add_mlp(self, x: Tensor) -> Tensor:  # (b, n, d)
        change = self.contract(F.relu(self.expand(self.mlp_norm(x))).square())
        return x + dropout(change, self.dropout, self.training)


class Transformer(nn.Sequential):
    """`n_layers` blocks and a last layer norm."""

    def __init__(self, *, width: int, n_layers: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__(*(Block(width, n_heads, dropout=dropout) for _ in range(n_layers)), nn.LayerNorm(width))
