"""Vector quantisers: continuous latents to the nearest of `codebook_size` codes, and back."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.ranks import draw_vectors, empty_batch_like, own_rows, sum_over_ranks

# Average numbers of choices below this are none.
_LEAST_COUNT = 1e-5

# From latents (m, d) and a number k to k codes (k, d).
Cluster = Callable[[Tensor, int], Tensor]


class Quantized(NamedTuple):
    """What a quantiser returns: latents (b, n, d), indices (b, n) and a scalar loss."""

    latents: Tensor
    indices: Tensor
    loss: Tensor


def straight_through(z: Tensor, codes: Tensor) -> Tensor:  # (b, n, d), (b, n, d) -> (b, n, d)
    """The codes, with the gradient of z (arXiv 1711.00937)."""
    return z + (codes - z).detach()


def rotate(z: Tensor, codes: Tensor) -> Tensor:  # (b, n, d), (b, n, d) -> (b, n, d)
    r"""The codes, with the gradient of a rotated and scaled z (rotation trick, arXiv 2410.06424, section 4).

    :math:`\frac{\|e\|}{\|z\|} R z = \frac{\|e\|}{\|z\|} (z - 2 r r^T z + 2 \hat{e} \hat{z}^T z)` with the hats for unit
    vectors and r the one along :math:`\hat{z} + \hat{e}`; scale and rotation are constants to the gradient.
    """
    with torch.no_grad():
        unit_z, unit_e = F.normalize(z, dim=-1), F.normalize(codes, dim=-1)
        r = F.normalize(unit_z + unit_e, dim=-1)
        scale = codes.norm(dim=-1, keepdim=True) / z.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    rotated = z - 2 * (z * r).sum(-1, keepdim=True) * r + 2 * (z * unit_z).sum(-1, keepdim=True) * unit_e
    return straight_through(scale * rotated, codes)  # exactly the codes, whatever the rounding


GRADIENTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"straight_through": straight_through, "rotation": rotate}


def orthogonality_loss(codes: Tensor, active: Tensor) -> Tensor:  # (k, d), (k,) of 0 and 1 -> ()
    r"""How far the active codes are from orthogonal (arXiv 2112.00384).

    :math:`\|G - I\|_F^2 / K^2` with G the cosines between the K active codes.
    """
    unit = F.normalize(codes, dim=1) * active.unsqueeze(1)
    return (unit @ unit.T - active.diag()).square().sum() / active.sum().square()


def sum_by_code(values: Tensor, indices: Tensor, codebook_size: int) -> Tensor:  # (m, d), (m,) -> (k, d)
    """Sum of the values at each index."""
    if values.device.type == "cpu":
        return values.new_zeros(codebook_size, values.shape[1]).index_add_(0, indices, values)
    # A GPU would add in another order each time.
    return F.one_hot(indices, codebook_size).to(values.dtype).T @ values


def nearest(distances: Tensor) -> Tensor:  # (..., k) -> (...)
    """Index of the least distance; on a CPU `min` finds it in half the time of `argmin`."""
    return distances.min(-1).indices


class Quantizer(nn.Module):
    """What every quantiser has: codes, the way to their indices, and back.

    `n_streams` is the number of indices of a position, codes of which are added up.
    """

    n_streams = 1

    @property
    def dim(self) -> int:
        """Dimension of a latent."""
        return self.codebook.shape[1]

    @property
    def codebook(self) -> Tensor:  # (k, d)
        """The codes as the latents meet them."""
        raise NotImplementedError

    def project(self, z: Tensor) -> Tensor:  # (b, n, d) or (m, d)
        """Latents as they are compared with the codes."""
        return z

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:  # (m, d)
        """Start from these latents of the untrained encoder; `cluster` finds centres of them."""
        raise NotImplementedError

    def quantize(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n_streams * n)
        """Index of the nearest code of every latent."""
        raise NotImplementedError

    def dequantize(self, indices: Tensor) -> Tensor:  # (b, n_streams * n) -> (b, n, d)
        """The codes at these indices."""
        return F.embedding(indices, self.codebook)

    def after_step(self) -> None:
        """Move what follows the optimiser's steps without a gradient."""


class VectorQuantizer(Quantizer):
    r"""Nearest-code quantiser that learns its codes by gradient (arXiv 1711.00937, equations 1 to 3).

    The loss is :math:`\|\mathrm{sg}[z] - e\|^2 + \beta \|z - \mathrm{sg}[e]\|^2`: the first term moves the codes to the
    latents that chose them, the second ties the latents to their codes. `orthogonal_weight` times the
    `orthogonality_loss` of the codes chosen in the batch is added.

    Parameters
    ----------
    spherical : latents and codes are divided by their l2 norm, so that the nearest code is the one of greatest cosine
        (ViT-VQGAN, arXiv 2110.04627)
    dead_threshold : a code that fewer latents a batch choose on average moves onto a random latent of the batch;
        0 leaves it where it is (after SoundStream, arXiv 2107.03312)
    decay : of the moving average of the number of latents that choose a code
    code_temperature : in training a code is drawn from the softmax of minus its squared distance over this (arXiv
        2203.01941); 0 takes the nearest
    gradient : name in GRADIENTS, of the way from the codes back to the latents
    """

    codes: Tensor
    counts: Tensor

    def __init__(
        self,
        codebook_size: int,
        codebook_dim: int,
        *,
        beta: float = 0.25,
        spherical: bool = False,
        decay: float = 0.95,
        dead_threshold: float = 0.1,
        orthogonal_weight: float = 0.0,
        code_temperature: float = 0.0,
        gradient: str = "straight_through",
    ) -> None:
        super().__init__()
        self.beta, self.spherical, self.decay, self.dead_threshold = beta, spherical, decay, dead_threshold
        self.orthogonal_weight, self.code_temperature, self.gradient = orthogonal_weight, code_temperature, gradient
        self.codes = nn.Parameter(torch.randn(codebook_size, codebook_dim))
        self.register_buffer("counts", torch.ones(codebook_size))
        self._chosen: tuple[Tensor, ...] | None = None

    @property
    def codebook(self) -> Tensor:  # (k, d)
        return self.project(self.codes)

    def project(self, z: Tensor) -> Tensor:  # (b, n, d) or (m, d)
        return F.normalize(z, dim=-1) if self.spherical else z

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:  # (m, d)
        with torch.no_grad():
            self.codes.copy_(cluster(self.project(latents), len(self.codes)))

    def quantize(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n)
        return nearest(self._distances(self.project(z.float())))

    def forward(self, z: Tensor) -> Quantized:  # (b, n, d)
        with torch.autocast(z.device.type, enabled=False):  # in bfloat16 many latents would miss their nearest code
            z = self.project(z.float())
            latents = z.detach().flatten(0, 1)  # (b * n, d)
            if self.training:
                self._revive(latents)
            indices = self._choose(z.detach())
            codes = self.dequantize(indices)
            loss = self.beta * F.mse_loss(z, codes.detach()) + self.codebook_loss(z.detach(), codes, indices)
            if self.training:
                self._chosen = self._statistics(latents, indices.flatten())
            return Quantized(GRADIENTS[self.gradient](z, codes.detach()), indices, loss)

    def codebook_loss(self, z: Tensor, codes: Tensor, indices: Tensor) -> Tensor:
        """What moves the codes to the latents that chose them, and away from each other."""
        loss = F.mse_loss(codes, z)
        if self.orthogonal_weight:
            active = sum_over_ranks(torch.zeros_like(self.counts).index_fill_(0, indices.flatten(), 1.0)).clamp(max=1)
            loss = loss + self.orthogonal_weight * orthogonality_loss(self.codes, active)
        return loss

    def _distances(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n, k)
        """Squared distances to the codes, less the squared norm of the latent, which no choice depends on."""
        codebook = self.codebook
        distances = torch.addmm(codebook.square().sum(1), z.flatten(0, 1), codebook.T, alpha=-2)
        return distances.unflatten(0, (len(z), -1))

    def _choose(self, z: Tensor) -> Tensor:  # (b, n, d) -> (b, n)
        distances = self._distances(z)
        if self.training and self.code_temperature:
            gumbel = -own_rows(empty_batch_like(distances).exponential_()).log()
            distances = distances - self.code_temperature * gumbel
        return nearest(distances)

    @torch.no_grad()
    def _revive(self, latents: Tensor) -> Tensor:  # (m, d) -> (k,)
        """Move dead codes onto random latents; says which were dead."""
        dead = self.counts < self.dead_threshold
        drawn = draw_vectors(latents, len(dead))
        # Branch-free, so that no step waits for the device.
        self.codes.copy_(torch.where(dead.unsqueeze(1), drawn, self.codes))
        self.counts.masked_fill_(dead, 1.0)
        return dead

    @torch.no_grad()
    def _statistics(self, latents: Tensor, indices: Tensor) -> tuple[Tensor, ...]:  # (m, d), (m,)
        """What `after_step` needs of a batch, as sums over its latents: how many chose each code, (k,)."""
        return (sum_by_code(torch.ones_like(latents[:, :1]), indices, len(self.counts)).squeeze(1),)

    @torch.no_grad()
    def after_step(self) -> None:
        """Count the choices of the last batch."""
        if self._chosen is not None:
            self._follow(*(sum_over_ranks(part) for part in self._chosen))
        self._chosen = None

    def _follow(self, chosen: Tensor) -> None:  # (k,)
        self.counts.lerp_(chosen, 1 - self.decay)


class EMAVectorQuantizer(VectorQuantizer):
    """Quantiser whose codes follow the moving average of the latents that chose them (arXiv 1711.00937, appendix A.1).

    `decay` is that of the average; `orthogonal_weight` has no effect, since no gradient reaches the codes.
    """

    sums: Tensor

    def __init__(self, codebook_size: int, codebook_dim: int, **options: Any) -> None:
        super().__init__(codebook_size, codebook_dim, **options)
        codes = self.codes.detach().clone()
        del self.codes  # no parameter here: the optimiser must not touch it
        self.register_buffer("codes", codes)
        self.register_buffer("sums", codes.clone())

    def initialize(self, latents: Tensor, cluster: Cluster) -> None:
        super().initialize(latents, cluster)
        self.sums.copy_(self.codes)

    def codebook_loss(self, z: Tensor, codes: Tensor, indices: Tensor) -> Tensor:
        """No loss: the codes follow by themselves."""
        return z.new_zeros(())

    @torch.no_grad()
    def _revive(self, latents: Tensor) -> Tensor:
        dead = super()._revive(latents)
        self.sums.copy_(torch.where(dead.unsqueeze(1), self.codes, self.sums))
        return dead

    @torch.no_grad()
    def _statistics(self, latents: Tensor, indices: Tensor) -> tuple[Tensor, ...]:  # (m, d), (m,)
        """Also the sum of the latents that chose each code, (k, d)."""
        return *super()._statistics(latents, indices), sum_by_code(latents, indices, len(self.codes))

    def _follow(self, chosen: Tensor, sums: Tensor) -> None:  # type: ignore[override]  # (k,), (k, d)
        super()._follow(chosen)
        self.sums.lerp_(sums, 1 - self.decay)
        # A code that nobody has chosen for long stays where it is: the mean of nothing would draw it to the origin.
        counts = self.counts.unsqueeze(1)
        self.codes.copy_(torch.where(counts > _LEAST_COUNT, self.sums / counts.clamp(min=_LEAST_COUNT), self.codes))
