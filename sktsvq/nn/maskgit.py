"""MaskGIT (arXiv 2202.04200): a transformer that predicts masked tokens, and its decoding in parallel."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.categorical import draw, tempered
from sktsvq.nn.embedding import TokenEmbedding
from sktsvq.nn.ranks import own_rows, part_of_loss, takes_own_rows
from sktsvq.nn.streams import Stream, allowed_codes, token_slices
from sktsvq.nn.transformer import Transformer, at_least_float32


class MaskGITOutput(NamedTuple):
    """The loss over the masked tokens."""

    loss: Tensor


class MaskGIT(nn.Module):
    """Bidirectional transformer over tokens, with a class label as an additive embedding at every position.

    In training `draw_masks` hides tokens; the loss is the cross-entropy of the masked tokens (equation 1), with
    ``loss_on="all"`` of the others, too. Labels are dropped with probability `label_dropout`, so that one network is
    conditional and unconditional (classifier-free guidance, arXiv 2207.12598).

    `group_size` neighbouring tokens g share one position of the transformer: their embeddings, of width / g channels,
    stand side by side, and the head predicts them all. Each is masked for itself, so nothing else changes, and the
    transformer costs a g-th.
    """

    allowed: Tensor | None

    def __init__(
        self,
        *,
        codebook_size: int,
        n_tokens: int,
        n_classes: int,
        width: int,
        n_layers: int,
        n_heads: int,
        dropout: float,
        label_dropout: float,
        codebook_dim: int | None = None,
        frozen_codebook: bool = False,
        redraw: bool = False,
        group_size: int = 1,
        mask_schedule: str = "cosine",
        masking: str = "mask",
        loss_on: str = "masked",
        streams: list[Stream] | None = None,
    ) -> None:
        super().__init__()
        self.n_classes, self.label_dropout = n_classes, label_dropout
        self.mask_schedule, self.masking, self.loss_on = mask_schedule, masking, loss_on
        self.slices = token_slices(streams, n_tokens)
        self.token_embedding = TokenEmbedding(
            codebook_size, width // group_size, codebook_dim=codebook_dim, frozen=frozen_codebook, redraw=redraw
        )
        self.label_embedding = nn.Embedding(n_classes + 1, width)  # the last row is "no label"
        self.group_size = group_size
        self.n_padding = -n_tokens % group_size
        self.register_buffer("allowed", allowed_codes(streams, n_tokens, codebook_size))
        self.position_embedding = nn.Parameter(torch.empty(math.ceil(n_tokens / group_size), width))
        self.transformer = Transformer(width=width, n_layers=n_layers, n_heads=n_heads, dropout=dropout)
        self.head = nn.Linear(width, group_size * codebook_size)
        for weight in (self.label_embedding.weight, self.position_embedding):
            nn.init.normal_(weight, std=0.02)

    @property
    def mask_index(self) -> int:
        """The index that stands for a token not known."""
        return self.token_embedding.unknown_index

    def logits(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n, k)
        """Unnormalised log-probabilities of the codes at every position."""
        return self.logits_of_groups(indices, labels)[:, : indices.shape[1]]

    def hidden_states(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, groups, d)
        """What the transformer knows of each group of tokens in the light of all others."""
        padded = F.pad(indices, (0, self.n_padding), value=self.mask_index)
        x = self.token_embedding(padded.unflatten(1, (-1, self.group_size))).flatten(2)  # (b, groups, d)
        return self.transformer(x + self.position_embedding + self.label_embedding(labels).unsqueeze(1))

    def logits_of_groups(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n + padding, k)
        """The logits, also of the positions that fill up the last group."""
        logits = self.head(self.hidden_states(indices, labels)).unflatten(2, (self.group_size, -1)).flatten(1, 2)
        if self.allowed is None:
            return logits
        return logits.masked_fill(~F.pad(self.allowed, (0, 0, 0, self.n_padding), value=True), -torch.inf)

    def distinct_logits(self, indices: Tensor, labels: Tensor) -> Tensor:  # (b, n), (b,) -> (b, n, k)
        """The logits, computed once for identical rows."""
        rows, which = torch.cat([indices, labels.unsqueeze(1)], 1).unique(dim=0, return_inverse=True)
        return self.logits(rows[:, :-1], rows[:, -1])[which]

    def logits_where(
        self,
        indices: Tensor,
        labels: Tensor,
        where: Tensor,
        *,
        temperature: float = 1.0,
        guidance_scale: float = 1.0,
        repeated: bool = False,
    ) -> Tensor:  # (b, n), (b,), (b, n) -> (m, k)
        """The logits at the m positions `where` is true, in float32 or more.

        A guidance scale above 1 moves the logits away from those without a label. `repeated` says that many rows are
        identical, as before the first step of sampling.
        """
        compute = self.distinct_logits if repeated else self.logits
        places = where.flatten().nonzero().squeeze(1)  # (m,)

        def conditional(labels: Tensor) -> Tensor:  # (b,) -> (m, k)
            return at_least_float32(compute(indices, labels).flatten(0, 1).index_select(0, places))

        logits = conditional(labels)
        if guidance_scale != 1.0:
            without = conditional(torch.full_like(labels, self.n_classes))
            # Where a code may not stand both are minus infinity, and their difference is no number.
            logits = without + min(guidance_scale, 1e30) * (logits - without).nan_to_num(0.0)
        return tempered(logits, temperature)

    @takes_own_rows
    def forward(self, indices: Tensor, labels: Tensor) -> MaskGITOutput:  # (b, n), (b,)
        indices = self.token_embedding.draw_similar(indices)
        masked, counted = draw_masks(
            len(indices), self.slices, schedule=self.mask_schedule, masking=self.masking, device=indices.device
        )
        if self.loss_on == "masked":
            counted = counted & masked
        dropped = torch.rand(len(indices), device=indices.device) < self.label_dropout
        # The head runs over all positions: a matrix product of ever new size would be prepared anew at each step.
        shown, labels = indices.where(~masked, self.mask_index), labels.where(~dropped, self.n_classes)
        logits = at_least_float32(self.logits_of_groups(own_rows(shown), own_rows(labels))).flatten(0, 1)
        target = own_rows(F.pad(indices.where(counted, -100), (0, self.n_padding), value=-100)).flatten()
        loss = F.cross_entropy(logits, target, ignore_index=-100)
        return MaskGITOutput(part_of_loss(loss, own_rows(counted).sum(), counted.sum()))


def masked_share(progress: Tensor, schedule: str) -> Tensor:
    """Share of the tokens that is masked after a share `progress` of the way from all masked to none (section 3.3)."""
    if schedule == "cosine":
        return (progress * (math.pi / 2)).cos()
    return 1 - progress ** {"linear": 1, "square": 2, "cubic": 3}[schedule]


def n_masked_after(step: int, n_steps: int, n_missing: Tensor, schedule: str) -> Tensor:
    """How many of the missing tokens are still masked after `step` of `n_steps` decoding steps."""
    share = masked_share(torch.tensor(step / n_steps, dtype=torch.float64), schedule)
    return (n_missing * share.to(n_missing.device)).floor().long()


def draw_masks(
    b: int, slices: tuple[slice, ...], *, schedule: str, masking: str, device: torch.device
) -> tuple[Tensor, Tensor]:  # (b, n), (b, n)
    """Which tokens are masked in training, and which the loss may count.

    A share of the tokens, the schedule's at a random progress, is masked (``masking="mask"``, arXiv 2202.04200) or kept
    (``"keep"``, the code of arXiv 2303.04743); at least one is masked. Of several streams each row learns a random one:
    those before it are known; those after it are all masked in half of the rows, as in sampling, and masked in part in
    the others, as in completing.
    """
    learnt = torch.zeros(b, 1, dtype=torch.long, device=device)
    hide_rest = torch.zeros(b, 1, dtype=torch.bool, device=device)
    if len(slices) > 1:
        learnt = torch.randint(len(slices), (b, 1), device=device)
        hide_rest = torch.rand(b, 1, device=device) < 0.5
    masks = []
    for stream, part in enumerate(slices):
        n = part.stop - part.start
        share = masked_share(torch.rand(b, 1, device=device), schedule)
        n_masked = (share if masking == "mask" else 1 - share).mul(n).ceil().clamp(min=1)  # (b, 1)
        n_masked = torch.where(hide_rest & (learnt < stream), n, n_masked).where(learnt <= stream, 0)
        masks.append(torch.rand(b, n, device=device).argsort(1) < n_masked)
    streams = torch.cat([torch.full((part.stop - part.start,), i, device=device) for i, part in enumerate(slices)])
    return torch.cat(masks, 1), streams == learnt


def decoding_steps(
    model: MaskGIT,
    indices: Tensor,
    labels: Tensor,
    *,
    n_steps: list[int],
    temperature: float,
    choice_temperature: float,
    guidance_scale: float,
    generator: torch.Generator,
) -> Iterator[tuple[Tensor, Tensor]]:  # (b, n), (b,) -> (b, n), (b, n)
    """Fill the tokens that equal `model.mask_index`, the most confident first; the others stay (section 3.2).

    Yields after each step the draft, with all tokens drawn in it, and which of them are masked again.

    Each stream is filled after the one before, in at most its number of `n_steps`, and in no more than a row has
    missing tokens. Step s of n draws all missing tokens and keeps those of the greatest confidence, log p plus Gumbel
    noise times ``choice_temperature * (1 - s / n)``, so that the masked share follows the schedule of the model.
    """
    for part, n in zip(model.slices, n_steps, strict=True):
        here = torch.zeros_like(indices, dtype=torch.bool)
        here[:, part] = True
        n_missing = ((indices == model.mask_index) & here).sum(1, keepdim=True)  # (b, 1)
        n = min(n, max(1, int(n_missing.max())))
        for step in range(1, n + 1):
            missing = (indices == model.mask_index) & here
            p = model.logits_where(
                indices, labels, missing, temperature=temperature, guidance_scale=guidance_scale, repeated=step == 1
            ).softmax(-1)  # (m, k)
            drawn = draw(p, generator)  # (m,)
            # Bounded, so that it stays below the infinite confidence of the known tokens.
            noise = min(choice_temperature, 1e30) * (1 - step / n) * gumbel(drawn.shape, generator)
            confidence = p.gather(1, drawn.unsqueeze(1)).squeeze(1).log() + noise
            confidence = p.new_full(indices.shape, math.inf).masked_scatter(missing, confidence)  # (b, n)
            n_masked = n_masked_after(step, n, n_missing, model.mask_schedule)
            least_confident = torch.arange(indices.shape[1], device=indices.device) < n_masked
            masked = torch.zeros_like(missing).scatter(1, confidence.argsort(1), least_confident)
            draft = indices.masked_scatter(missing, drawn)
            indices = draft.masked_fill(masked, model.mask_index)
            yield draft, indices == model.mask_index


def gumbel(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise on the generator's device."""
    return -torch.empty(shape, device=generator.device).exponential_(generator=generator).log()


def score_in_parallel(
    model: MaskGIT, indices: Tensor, labels: Tensor, *, order: Tensor, n_steps: list[int]
) -> Tensor:  # (b, n), (b,), (n,) -> (b, n)
    """Log-likelihood of each index given those before it, as many a step as the schedule says.

    Streams come one after the other, the positions of each in this `order`.
    """
    scores = model.position_embedding.new_zeros(indices.shape)
    known = indices.new_zeros(indices.shape[1], dtype=torch.bool)
    for part, n in zip(model.slices, n_steps, strict=True):
        here = order[(order >= part.start) & (order < part.stop)]
        n_here = torch.tensor(len(here))
        counts = [len(here) - int(n_masked_after(step, n, n_here, model.mask_schedule)) for step in range(n + 1)]
        for first, last in zip(counts[:-1], counts[1:], strict=True):
            now = here[first:last]
            where = torch.zeros_like(indices, dtype=torch.bool).index_fill_(1, now, True)
            logits = model.logits_where(indices.where(known, model.mask_index), labels, where)  # (b * now, k)
            scores[where] = logits.log_softmax(-1).gather(1, indices[where].unsqueeze(1)).squeeze(1)
            known[now] = True
    return scores
