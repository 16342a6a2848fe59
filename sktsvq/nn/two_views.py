"""Objectives on two views of the same series: what Siamese networks, contrastive or not, put behind their encoder."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.contrastive import info_nce_loss, negative_cosine, nt_xent_loss
from sktsvq.nn.non_contrastive import (
    Projector,
    barlow_twins_loss,
    effective_rank,
    embedding_std,
    vibcreg_loss,
    vicreg_loss,
)


class Method(NamedTuple):
    """What a method puts behind the encoder.

    `loss` takes two batches of projections (b, d), and a queue (q, d) where `has_queue`. With a predictor or a teacher
    the second batch is a target without gradient, and each view is the target once. `n_layers` of the projector and
    `momentum` of the teacher are the papers'.
    """

    loss: Callable[..., Tensor]
    n_layers: int = 3
    has_predictor: bool = False
    has_teacher: bool = False
    has_queue: bool = False
    iterative_norm: bool = False
    momentum: float = 0.0


METHODS = {
    "simclr": Method(nt_xent_loss, n_layers=2),  # arXiv 2002.05709
    # The projector is that of MoCo v2, arXiv 2003.04297.
    "moco": Method(info_nce_loss, n_layers=2, has_teacher=True, has_queue=True, momentum=0.999),  # arXiv 1911.05722
    "byol": Method(negative_cosine, n_layers=2, has_predictor=True, has_teacher=True, momentum=0.996),  # 2006.07733
    "simsiam": Method(negative_cosine, has_predictor=True),  # arXiv 2011.10566
    "barlow_twins": Method(barlow_twins_loss),  # arXiv 2103.03230
    "vicreg": Method(vicreg_loss),  # arXiv 2105.04906
    "vibcreg": Method(vibcreg_loss, iterative_norm=True),  # arXiv 2109.00783
}


class TwoViewOutput(NamedTuple):
    """The loss, and the projections (b, d) of the second view, for the monitors."""

    loss: Tensor
    projection: Tensor


class TwoViewObjective(nn.Module):
    """Projector, optional predictor, teacher and queue, and loss of a method.

    Where papers differ in the last layer of the projector, it is linear without a BatchNorm, and the predictor has the
    width of the projector throughout.

    Parameters
    ----------
    method : name in `METHODS`
    in_dim : size of what the encoder gives for a series
    projector_dim : width of the projector
    n_layers : layers of the projector; None are the method's
    momentum : of the teacher, which follows the student as a moving average after each step; None is the method's,
        which suits trainings of many thousand steps
    queue_size : projections of earlier batches that serve as negatives
    """

    queue: Tensor

    def __init__(
        self,
        *,
        method: str,
        in_dim: int,
        projector_dim: int,
        n_layers: int | None = None,
        momentum: float | None = None,
        queue_size: int = 1024,
    ) -> None:
        super().__init__()
        self.method = METHODS[method]
        n_layers = self.method.n_layers if n_layers is None else n_layers
        momentum = self.method.momentum if momentum is None else momentum
        self.projector = Projector(in_dim, projector_dim, n_layers=n_layers, iterative_norm=self.method.iterative_norm)
        if self.method.has_predictor:
            self.predictor = Projector(projector_dim, projector_dim, n_layers=2)
        if self.method.has_teacher:
            self.teacher = Teacher(self.projector, momentum=momentum)
        if self.method.has_queue:
            self.register_buffer("queue", F.normalize(torch.randn(queue_size, projector_dim), dim=1))
            self._newest: Tensor | None = None

    def forward(
        self, first: Tensor, second: Tensor, first_target: Tensor | None = None, second_target: Tensor | None = None
    ) -> TwoViewOutput:
        """Compare two views.

        Parameters
        ----------
        first, second : what the encoder gives for the views, each (b, in_dim)
        first_target, second_target : what the encoder's teacher gives for them, where the method has a teacher
        """
        projections = self.projector(first), self.projector(second)
        if not (self.method.has_predictor or self.method.has_teacher):
            return TwoViewOutput(self.method.loss(*projections), projections[1])
        targets = self._targets(projections, first_target, second_target)
        queries = tuple(self.predictor(p) for p in projections) if self.method.has_predictor else projections
        extra = (self.queue.clone(),) if self.method.has_queue else ()
        loss = (self.method.loss(queries[0], targets[1], *extra) + self.method.loss(queries[1], targets[0], *extra)) / 2
        if self.method.has_queue and self.training:
            self._newest = F.normalize(torch.cat(targets), dim=1)
        return TwoViewOutput(loss, projections[1])

    def _targets(
        self, projections: tuple[Tensor, Tensor], first: Tensor | None, second: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The projections that are compared with, without gradient: the teacher's, or the student's own."""
        if not self.method.has_teacher:
            return projections[0].detach(), projections[1].detach()
        if first is None or second is None:
            raise ValueError("A method with a teacher needs first_target and second_target.")
        with torch.no_grad():
            return self.teacher(first), self.teacher(second)

    @torch.no_grad()
    def after_step(self) -> None:
        """Move the teacher towards the student, and the newest projections into the queue."""
        if self.method.has_teacher:
            self.teacher.follow(self.projector)
        if self.method.has_queue and self._newest is not None:
            self.queue.copy_(torch.cat([self._newest, self.queue])[: len(self.queue)])
            self._newest = None


class Teacher(nn.Module):
    """A copy of a module that follows it as a moving average, its buffers as they are (arXiv 1911.05722)."""

    def __init__(self, student: nn.Module, *, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.module = copy.deepcopy(student).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)

    @torch.no_grad()
    def follow(self, student: nn.Module) -> None:
        """One step towards the student."""
        for own, other in zip(self.module.parameters(), student.parameters(), strict=True):
            own.lerp_(other, 1 - self.momentum)
        for buffer, newer in zip(self.module.buffers(), student.buffers(), strict=True):
            buffer.copy_(newer)


def collapse_monitors(projection: Tensor) -> dict[str, Tensor]:  # (b, d)
    """How far projections have collapsed: both values fall towards 0 and 1 if they do."""
    return {"embedding_std": embedding_std(projection), "effective_rank": effective_rank(projection)}
