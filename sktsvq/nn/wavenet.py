"""WaveNet (arXiv 1609.03499): gated dilated causal convolutions."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.causal import Cache, CausalModel
from sktsvq.nn.ranks import dropout


class GatedConv(nn.Module):
    """Residual block: tanh(W * x) sigmoid(V * x), with a causal dilated convolution * (equation 2).

    The convolution is a matrix product of the positions that it sees, so that whole sequences and single positions are
    computed alike.
    """

    def __init__(self, width: int, *, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.lags = [dilation * lag for lag in range(kernel_size)]
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Linear(kernel_size * width, 2 * width)
        self.project = nn.Linear(width, 2 * width)
        self.dropout = dropout

    def forward(
        self, x: Tensor, past: Tensor | None = None, position: int = 0
    ) -> tuple[Tensor, Tensor]:  # (b, n, d) -> (b, n, d), (b, n, d)
        """The input with the block's residual, and what the block adds to the output.

        With `past` (b, n, d), a ring buffer of the last inputs, x is the single position `position`, which is kept.
        """
        y = self.norm(x)
        if past is None:
            seen = [F.pad(y, (0, 0, lag, 0))[:, : y.shape[1]] for lag in self.lags]
        else:
            past[:, position % past.shape[1]] = y[:, 0]
            seen = [past[:, (position - lag) % past.shape[1], None] for lag in self.lags]
        signal, gate = self.gate(torch.cat(seen, -1)).chunk(2, -1)  # (b, n, d)
        y = dropout(signal.tanh() * gate.sigmoid(), self.dropout, self.training)
        residual, skip = self.project(y).chunk(2, -1)
        return x + residual, skip


class WaveNet(CausalModel):
    """Gated convolutions whose dilations double from layer to layer, and begin anew before they outgrow the sequence.

    The cache holds, by layer, a ring buffer of the inputs that its convolution will still see.
    """

    def __init__(
        self,
        *,
        n_layers: int,
        kernel_size: int,
        dropout: float,
        n_tokens: int,
        width: int,
        **causal: Any,
    ) -> None:
        super().__init__(n_tokens=n_tokens, width=width, **causal)
        n_dilations = max(1, (n_tokens - 1).bit_length())
        dilations = [2 ** (layer % n_dilations) for layer in range(n_layers)]
        self.blocks = nn.ModuleList(
            GatedConv(width, kernel_size=kernel_size, dilation=dilation, dropout=dropout) for dilation in dilations
        )
        self.past_shapes = [((kernel_size - 1) * dilation + 1, width) for dilation in dilations]
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, width)
        self.input_dropout = dropout

    def hidden(self, x: Tensor, cache: Cache | None = None) -> Tensor:  # (b, n, d) -> (b, n, d)
        x = dropout(x, self.input_dropout, self.training)
        total = torch.zeros_like(x)
        for layer, block in enumerate(self.blocks):
            x, skip = block(x) if cache is None else block(x, cache.layers[layer], cache.position)
            total = total + skip
        return F.relu(self.output(F.relu(self.norm(total))))

    def empty_layers(self, b: int) -> list[Tensor]:  # each (b, reach + 1, d)
        return [self.position_embedding.new_zeros(b, *shape) for shape in self.past_shapes]
