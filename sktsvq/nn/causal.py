"""Causal models of tokens: what they share, and the causal transformer (arXiv 1706.03762)."""

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.embedding import TokenEmbedding
from sktsvq.nn.ranks import dropout, own_rows, part_of_loss, takes_own_rows
from sktsvq.nn.streams import Stream, allowed_codes
from sktsvq.nn.transformer import Attention, Block, at_least_float32


class CausalOutput(NamedTuple):
    """The mean cross-entropy of the tokens."""

    loss: Tensor


class Cache:
    """What a causal model keeps of the tokens so far: their number and one tensor per layer, batch first."""

    def __init__(self, labels: Tensor, layers: list[Tensor], position: int = 0) -> None:
        self.labels, self.layers, self.position = labels, layers, position

    def select(self, rows: Tensor) -> "Cache":
        """The cache of these rows of the batch."""
        return Cache(self.labels[rows], [layer[rows] for layer in self.layers], self.position)


class CausalModel(nn.Module):
    """Probabilities of each token given those before it and the class.

    A subclass writes `hidden` and `empty_layers`. The input at a position is the token before it, plus embeddings of
    the position and of the label. In training, labels are left out with probability `label_dropout` and input tokens
    are hidden with probability `token_dropout`.
    """

    allowed: Tensor | None

    def __init__(
        self,
        *,
        codebook_size: int,
        n_tokens: int,
        n_classes: int,
        width: int,
        label_dropout: float,
        token_dropout: float,
        codebook_dim: int | None = None,
        frozen_codebook: bool = False,
        redraw: bool = False,
        streams: list[Stream] | None = None,
    ) -> None:
        super().__init__()
        self.n_classes, self.label_dropout, self.token_dropout = n_classes, label_dropout, token_dropout
        self.streams = streams
        self.token_embedding = TokenEmbedding(
            codebook_size, width, codebook_dim=codebook_dim, frozen=frozen_codebook, redraw=redraw
        )
        self.label_embedding = nn.Embedding(n_classes + 1, width)  # the last row is "no label"
        self.position_embedding = nn.Parameter(torch.empty(n_tokens, width))
        self.head = nn.Linear(width, codebook_size)
        self.register_buffer(
            "allowed", allowed_codes(streams, n_tokens, codebook_size)
        )  # (n, k), which codes may stand at a position; None: all of them
        for weight in (self.label_embedding.weight, self.position_embedding):
            nn.init.normal_(weight, std=0.02)

    @abstractmethod
    def hidden(self, x: Tensor, cache: Cache | None = None) -> Tensor:  # (b, n, d) -> (b, n, d)
        """Last hidden states of whole sequences, or with a cache of its position alone (n = 1), which is then kept."""

    @abstractmethod
    def empty_layers(self, b: int) -> list[Tensor]:
        """The layers of a cache before the first token."""

    def logits(self, previous: Tensor, labels: Tensor, cache: Cache | None = None) -> Tensor:  # (b, n) -> (b, n, k)
        """Logits of the tokens that follow the previous ones, minus infinity where a code may not stand."""
        start = 0 if cache is None else cache.position
        here = slice(start, start + previous.shape[1])
        logits = at_least_float32(self.head(self.hidden(self.inputs(previous, labels, here), cache)))
        return logits if self.allowed is None else logits.masked_fill(~self.allowed[here], -torch.inf)

    def inputs(self, previous: Tensor, labels: Tensor, here: slice) -> Tensor:  # (b, n) -> (b, n, d)
        """What the network reads at the positions `here`: embeddings of previous token, position and label."""
        return (
            self.token_embedding(previous) + self.position_embedding[here] + self.label_embedding(labels).unsqueeze(1)
        )

    def hidden_states(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n, d)
        """What the network knows at each position of the tokens before it."""
        return self.hidden(self.inputs(self.shift(indices), labels, slice(None)))

    def shift(self, indices: Tensor) -> Tensor:  # (b, n) -> (b, n)
        """The token before each position; before the first one, one that is not known."""
        return F.pad(indices[:, :-1], (1, 0), value=self.token_embedding.unknown_index)

    def log_probabilities(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n, k)
        """Log-probabilities of the codes at each position given the indices before it."""
        return self.logits(self.shift(indices), labels).log_softmax(-1)

    def start(self, labels: Tensor) -> Cache:  # (b,)
        """The cache before the first token."""
        return Cache(labels, self.empty_layers(len(labels)))

    def step(self, previous: Tensor | None, cache: Cache) -> Tensor:  # (b,) -> (b, k)
        """Read one more token (None at the start); log-probabilities of the next."""
        if previous is None:
            previous = torch.full_like(cache.labels, self.token_embedding.unknown_index)
        logits = self.logits(previous.unsqueeze(1), cache.labels, cache)
        cache.position += 1
        return logits.squeeze(1).log_softmax(-1)

    @takes_own_rows
    def forward(self, indices: Tensor, labels: Tensor) -> CausalOutput:  # (b, n), (b,)
        indices = self.token_embedding.draw_similar(indices)
        previous = self.shift(indices)
        if self.training:
            unlabelled = torch.rand(len(labels), device=labels.device) < self.label_dropout
            labels = labels.masked_fill(unlabelled, self.n_classes)
            hide = torch.rand(indices.shape, device=indices.device) < self.token_dropout
            previous = previous.masked_fill(hide, self.token_embedding.unknown_index)
        previous, labels, indices = own_rows(previous), own_rows(labels), own_rows(indices)
        return CausalOutput(part_of_loss(self._cross_entropy(previous, labels, indices)))

    def _cross_entropy(self, previous: Tensor, labels: Tensor, indices: Tensor) -> Tensor:  # (b, n), (b,), (b, n) -> ()
        """Mean over all tokens; in each stream only its own codes get logits, since the others cannot stand there."""
        if self.streams is None:
            return F.cross_entropy(self.logits(previous, labels).flatten(0, 1), indices.flatten())
        x = self.hidden(self.inputs(previous, labels, slice(None)))
        loss = torch.zeros((), device=x.device)
        for stream in self.streams:
            here, codes = slice(*stream["tokens"]), slice(*stream["codes"])
            logits = at_least_float32(F.linear(x[:, here], self.head.weight[codes], self.head.bias[codes]))
            own = indices[:, here] - codes.start
            loss = loss + F.cross_entropy(logits.flatten(0, 1), own.flatten(), reduction="sum")
        return loss / indices.numel()


class CausalAttention(Attention):
    """Self-attention to the positions so far."""

    def forward(self, x: Tensor, past: Tensor | None = None, position: int = 0) -> Tensor:  # (b, n, d)
        """With `past` (b, 2, h, n, d / h) x is the single position `position`, and its key and value are kept there."""
        b, n, d = x.shape
        pair = self.project_in(x).view(b, n, 3, self.n_heads, -1).transpose(1, 3)  # (b, h, 3, n, d / h)
        query, keys, values = pair.unbind(2)
        if past is not None:
            past[:, 0, :, position : position + 1], past[:, 1, :, position : position + 1] = keys, values
            keys, values = past[:, :, :, : position + 1].unbind(1)
        x = F.scaled_dot_product_attention(query, keys, values, is_causal=past is None)  # (b, h, n, d / h)
        return self.project_out(x.transpose(1, 2).reshape(b, n, d))


class CausalBlock(Block):
    """x + attention(norm(x)), then x + mlp(norm(x)), causal."""

    def __init__(self, width: int, n_heads: int, *, dropout: float = 0.0) -> None:
        super().__init__(width, n_heads, dropout=dropout)
        self.attention = CausalAttention(width, n_heads)

    def forward(self, x: Tensor, past: Tensor | None = None, position: int = 0) -> Tensor:  # (b, n, d)
        attended = self.attention(self.attention_norm(x), past, position)
        return self.add_mlp(x + dropout(attended, self.dropout, self.training))


class CausalTransformer(CausalModel):
    """Transformer in which each position sees those before it; the cache holds their keys and values."""

    def __init__(
        self,
        *,
        n_layers: int,
        n_heads: int,
        dropout: float,
        n_tokens: int,
        width: int,
        **causal: Any,
    ) -> None:
        super().__init__(n_tokens=n_tokens, width=width, **causal)
        self.blocks = nn.ModuleList(CausalBlock(width, n_heads, dropout=dropout) for _ in range(n_layers))
        self.norm = nn.LayerNorm(width)
        self.input_dropout = dropout
        self.past_shape = (2, n_heads, n_tokens, width // n_heads)

    def hidden(self, x: Tensor, cache: Cache | None = None) -> Tensor:  # (b, n, d) -> (b, n, d)
        x = dropout(x, self.input_dropout, self.training)
        for layer, block in enumerate(self.blocks):
            x = block(x) if cache is None else block(x, cache.layers[layer], cache.position)
        return self.norm(x)

    def empty_layers(self, b: int) -> list[Tensor]:  # each (b, 2, h, n, d / h)
        return [self.position_embedding.new_zeros(b, *self.past_shape) for _ in self.blocks]
