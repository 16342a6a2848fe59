"""Losses of contrastive and of predictive Siamese networks on projections (b, d) of two views, row by row.

Everything is computed in float32, also under autocast, or in float64 where it is given.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from sktsvq.nn.precision import at_least_single


def nt_xent_loss(z: Tensor, w: Tensor, *, temperature: float = 0.5) -> Tensor:  # (b, d), (b, d) -> ()
    r"""NT-Xent of SimCLR (arXiv 2002.05709, equation 1).

    The mean over all 2b projections of :math:`-\log \frac{\exp(s_{ij} / \tau)}{\sum_{k \ne i} \exp(s_{ik} / \tau)}`,
    where s are cosines, j is the other view of i, and :math:`\tau` is the temperature.
    """
    with torch.autocast(z.device.type, enabled=False):
        unit = F.normalize(at_least_single(torch.cat([z, w])), dim=1)  # (2b, d)
        similarity = (unit @ unit.T / temperature).fill_diagonal_(-torch.inf)
        other = torch.arange(2 * len(z), device=z.device).roll(len(z))
        return F.cross_entropy(similarity, other)


def info_nce_loss(z: Tensor, w: Tensor, queue: Tensor, *, temperature: float = 0.2) -> Tensor:
    r"""InfoNCE of MoCo (arXiv 1911.05722, equation 1), (b, d), (b, d), (q, d) -> ().

    The mean of :math:`-\log \frac{\exp(z_i w_i / \tau)}{\exp(z_i w_i / \tau) + \sum_k \exp(z_i q_k / \tau)}` with all
    vectors divided by their l2 norm and the rows q of the queue as negatives. The temperature is that of MoCo v2.
    """
    with torch.autocast(z.device.type, enabled=False):
        z, w, queue = (F.normalize(at_least_single(rows), dim=1) for rows in (z, w, queue))
        logits = torch.cat([(z * w).sum(1, keepdim=True), z @ queue.T], 1) / temperature
        return F.cross_entropy(logits, torch.zeros(len(z), dtype=torch.long, device=z.device))


def negative_cosine(z: Tensor, w: Tensor) -> Tensor:  # (b, d), (b, d) -> ()
    """Minus the mean cosine of SimSiam (arXiv 2011.10566, equation 1); BYOL's loss is twice that plus 2."""
    return -F.cosine_similarity(at_least_single(z), at_least_single(w), dim=1).mean()
