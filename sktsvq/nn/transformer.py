"""A pre-norm transformer for short sequences."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def at_least_float32(x: Tensor) -> Tensor:
    """bfloat16 to float32; wider types as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class SelfAttention(torch.autograd.Function):
    """Attention of all positions to each other (arXiv 1706.03762, equation 1), from queries, keys and values.

    Plain products of contiguous matrices: at fewer than some hundred tokens faster on a CPU than fused attention, and
    several times faster in bfloat16. The softmax is put together from its parts, in float32 or more: torch's own takes
    a CPU four times as long where rows are as short as a dozen.
    """

    @staticmethod
    def forward(ctx, x: Tensor, n_heads: int) -> Tensor:  # (b, n, 3 * d) -> (b, n, d)
        b, n, width = x.shape
        c = width // (3 * n_heads)
        parts = x.view(b, n, 3, n_heads, c).permute(2, 0, 3, 1, 4).reshape(3, b * n_heads, n, c)
        query, key, value = parts.unbind()
        scores = at_least_float32(query @ key.transpose(1, 2))  # (b * h, n, n)
        exponents = (scores - scores.amax(-1, keepdim=True)).mul_(c**-0.5)
        weights = exponents.exp_()
        weights = weights.div_(weights.sum(-1, keepdim=True))
        ctx.save_for_backward(parts, weights)
        attended = weights.to(x.dtype) @ value
        return attended.view(b, n_heads, n, c).transpose(1, 2).reshape(b, n, n_heads * c)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # (b, n, d) -> (b, n, 3 * d)
        parts, weights = ctx.saved_tensors
        query, key, value = parts.unbind()
        b, n, width = grad.shape
        c = query.shape[-1]
        grad = grad.view(b, n, -1, c).transpose(1, 2).reshape(-1, n, c)
        of_parts = torch.empty_like(parts)
        torch.bmm(weights.to(grad.dtype).transpose(1, 2), grad, out=of_parts[2])
        of_weights = at_least_float32(grad @ value.transpose(1, 2)).mul(weights)
        of_scores = of_weights - weights * of_weights.sum(-1, keepdim=True)
        of_scores = of_scores.mul_(c**-0.5).to(grad.dtype)
        torch.bmm(of_scores, key, out=of_parts[0])
        torch.bmm(of_scores.transpose(1, 2), query, out=of_parts[1])
        return of_parts.view(3, b, -1, n, c).permute(1, 3, 0, 2, 4).reshape(b, n, 3 * width), None


class Attention(nn.Module):
    """Multi-head self-attention between two linear maps."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.project_in = nn.Linear(width, 3 * width)
        self.project_out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:  # (b, n, d)
        return self.project_out(SelfAttention.apply(self.project_in(x), self.n_heads))


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)), the mlp with squared rectifiers (Primer, arXiv 2109.08668)."""

    def __init__(self, width: int, n_heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads)
        self.expand = nn.Linear(width, 2 * width)
        self.contract = nn.Linear(2 * width, width)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:  # (b, n, d)
        return self.add_mlp(x + F.dropout(self.attention(self.attention_norm(x)), self.dropout, self.training))

    def add_mlp(self, x: Tensor) -> Tensor:  # (b, n, d)
        change = self.contract(F.relu(self.expand(self.mlp_norm(x))).square())
        return x + F.dropout(change, self.dropout, self.training)


class Transformer(nn.Sequential):
    """`n_layers` blocks and a last layer norm."""

    def __init__(self, *, width: int, n_layers: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__(*(Block(width, n_heads, dropout=dropout) for _ in range(n_layers)), nn.LayerNorm(width))
