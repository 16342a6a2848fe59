"""Contrast of time points and of series at many scales, on latents of two views of the same time points."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sktsvq.nn.precision import at_least_single


def hierarchical_contrast(z: Tensor, w: Tensor, *, instance_share: float = 0.5) -> Tensor:  # (b, n, d) twice -> ()
    """Hierarchical contrastive loss of TS2Vec (arXiv 2106.10466, equations 1 to 3 and algorithm 1).

    z and w are latents of the same b series at the same n positions. At each scale the loss is the weighted mean of an
    instance-wise contrast, which tells a series from the others at the same position, and of a temporal contrast, which
    tells a position from the others of the same series. From scale to scale neighbouring positions are joined in
    pairs by their maximum, until one is left, which has no temporal contrast. The scales count alike.
    """
    with torch.autocast(z.device.type, enabled=False):
        z, w = at_least_single(z), at_least_single(w)
        losses = []
        while z.shape[1] > 1:
            instances = instance_share * _contrast(z.transpose(0, 1), w.transpose(0, 1))
            losses.append(instances + (1 - instance_share) * _contrast(z, w))
            z, w = (F.max_pool1d(view.transpose(1, 2), 2).transpose(1, 2) for view in (z, w))
        losses.append(instance_share * _contrast(z.transpose(0, 1), w.transpose(0, 1)))
        return torch.stack(losses).mean()


def _contrast(z: Tensor, w: Tensor) -> Tensor:  # (groups, m, d) twice -> ()
    """In each group, pick the other view of each of 2m rows among all others by inner products."""
    rows = torch.cat([z, w], 1)  # (groups, 2m, d)
    if z.shape[1] == 1:
        return rows.sum() * 0
    similarity = rows @ rows.mT
    diagonal = torch.eye(rows.shape[1], dtype=torch.bool, device=rows.device)
    logits = similarity.masked_fill(diagonal, -torch.inf)
    other = torch.arange(rows.shape[1], device=rows.device).roll(z.shape[1])
    return F.cross_entropy(logits.flatten(0, 1), other.repeat(len(rows)))
