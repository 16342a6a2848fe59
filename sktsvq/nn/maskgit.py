"""MaskGIT (arXiv 2202.04200): a transformer that guesses masked tokens, and its decoding in parallel."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.transformer import Transformer


class MaskGITOutput(NamedTuple):
    """The loss over the masked tokens."""

    loss: Tensor


class MaskGIT(nn.Module):
    """Bidirectional transformer over tokens, with a class label as an additive embedding at every position.

    In training a share cos(pi u / 2) of the tokens, u uniform in [0, 1], is masked, at least one; the loss is the
    cross-entropy of the masked tokens (equation 1). Labels are dropped with probability `label_dropout`, so that one
    network is conditional and unconditional (classifier-free guidance, arXiv 2207.12598).
    """

    def __init__(
        self,
        *,
        n_tokens: int,
        codebook_size: int,
        n_classes: int,
        width: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        label_dropout: float,
    ) -> None:
        super().__init__()
        self.codebook_size, self.n_classes, self.label_dropout = codebook_size, n_classes, label_dropout
        self.token_embedding = nn.Embedding(codebook_size + 1, width)  # the last row is the mask
        self.label_embedding = nn.Embedding(n_classes + 1, width)  # the last row is "no label"
        self.position_embedding = nn.Parameter(torch.empty(n_tokens, width))
        self.transformer = Transformer(width=width, n_layers=n_layers, n_heads=n_heads, dropout=dropout)
        self.head = nn.Linear(width, codebook_size)
        for weight in (self.token_embedding.weight, self.label_embedding.weight, self.position_embedding):
            nn.init.normal_(weight, std=0.02)

    @property
    def mask_index(self) -> int:
        """The index that stands for a token not known."""
        return self.codebook_size

    def hidden(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n, d)
        """Last hidden state at every position."""
        x = self.token_embedding(indices) + self.position_embedding + self.label_embedding(labels).unsqueeze(1)
        return self.transformer(x)

    def log_probabilities(
        self, indices: Tensor, labels: Tensor, where: Tensor, *, temperature: float = 1.0, guidance_scale: float = 1.0
    ) -> Tensor:  # (b, n), (b,), (b, n) -> (m, k)
        """Log-probabilities of the codes at the m positions `where` is true.

        A guidance scale above 1 moves the logits away from those without a label.
        """
        logits = at_least_float32(self.head(self.hidden(indices, labels))[where])
        if guidance_scale != 1.0:
            no_labels = torch.full_like(labels, self.n_classes)
            without = at_least_float32(self.head(self.hidden(indices, no_labels))[where])
            logits = without + guidance_scale * (logits - without)
        return (logits / temperature).log_softmax(-1)

    def forward(self, indices: Tensor, labels: Tensor) -> MaskGITOutput:  # (b, n), (b,)
        b, n = indices.shape
        n_masked = (torch.rand(b, 1, device=indices.device) * (math.pi / 2)).cos().mul(n).ceil().clamp(min=1)
        masked = torch.rand(b, n, device=indices.device).argsort(1).argsort(1) < n_masked  # (b, n)
        dropped = torch.rand(b, device=indices.device) < self.label_dropout
        hidden = self.hidden(indices.where(~masked, self.mask_index), labels.where(~dropped, self.n_classes))
        # The head runs over all positions: a matrix product of ever new size would be prepared anew at each step.
        logits = self.head(hidden).float().flatten(0, 1)  # (b * n, k)
        return MaskGITOutput(F.cross_entropy(logits, indices.where(masked, -100).flatten(), ignore_index=-100))


def at_least_float32(x: Tensor) -> Tensor:
    """bfloat16 to float32; wider types as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def cosine_schedule(step: int, n_steps: int) -> float:
    """Share of the tokens that is still masked after `step` of `n_steps` decoding steps."""
    return math.cos(math.pi / 2 * step / n_steps)


def decode_in_parallel(
    model: MaskGIT,
    indices: Tensor,
    labels: Tensor,
    *,
    n_steps: int,
    temperature: float,
    choice_temperature: float,
    guidance_scale: float,
    generator: torch.Generator,
) -> Tensor:  # (b, n), (b,) -> (b, n)
    """Fill the tokens that equal `model.mask_index`, the surest first; the others stay (section 3.2).

    Each step draws all missing tokens and keeps those of the greatest confidence, log p plus Gumbel noise times
    ``choice_temperature * (1 - step / n_steps)``, so that the masked share follows the cosine schedule.
    """
    n_missing = (indices == model.mask_index).sum(1, keepdim=True)  # (b, 1)
    for step in range(1, n_steps + 1):
        missing = indices == model.mask_index
        log_p = model.log_probabilities(
            indices, labels, missing, temperature=temperature, guidance_scale=guidance_scale
        )  # (m, k)
        drawn = draw(log_p, generator)  # (m,)
        noise = choice_temperature * (1 - step / n_steps) * gumbel(drawn.shape, generator)
        confidence = log_p.new_full(indices.shape, math.inf)  # (b, n)
        confidence[missing] = log_p.gather(1, drawn.unsqueeze(1)).squeeze(1) + noise
        rank = confidence.argsort(1).argsort(1)  # 0 is the least sure
        n_masked = (n_missing * cosine_schedule(step, n_steps)).floor()
        filled = indices.masked_scatter(missing, drawn)
        indices = torch.where(missing & (rank < n_masked), indices, filled)
    return indices


def draw(log_p: Tensor, generator: torch.Generator) -> Tensor:  # (m, k) -> (m,)
    """One index from each row of log-probabilities, by inversion: a single random number a row."""
    cumulative = log_p.exp().cumsum(-1)
    uniform = torch.rand(len(log_p), 1, generator=generator, device=log_p.device)
    return (cumulative <= uniform * cumulative[:, -1:]).sum(-1).clamp(max=log_p.shape[1] - 1)


def gumbel(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise on the generator's device."""
    return -torch.empty(shape, device=generator.device).exponential_(generator=generator).log()


def score_in_parallel(
    model: MaskGIT, indices: Tensor, labels: Tensor, *, order: Tensor, n_steps: int
) -> Tensor:  # (b, n), (b,), (n,) -> (b, n)
    """Log-likelihood of each index given those before it in `order`, as many a step as the cosine schedule says."""
    n = indices.shape[1]
    scores = model.position_embedding.new_zeros(indices.shape)
    known = indices.new_zeros(n, dtype=torch.bool)
    for step in range(1, n_steps + 1):
        n_known = n - int(n * cosine_schedule(step, n_steps))
        now = order[int(known.sum()) : n_known]
        where = torch.zeros_like(indices, dtype=torch.bool).index_fill_(1, now, True)
        log_p = model.log_probabilities(indices.where(known, model.mask_index), labels, where)  # (b * now, k)
        scores[where] = log_p.gather(1, indices[where].unsqueeze(1)).squeeze(1)
        known[now] = True
    return scores
