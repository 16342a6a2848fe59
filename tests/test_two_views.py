"""The objective on two views, its contrastive losses, and what moves after a step."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from sktsvq.nn.contrastive import info_nce_loss, negative_cosine, nt_xent_loss
from sktsvq.nn.two_views import METHODS, Teacher, TwoViewObjective


def random(*shape, seed=0, dtype="f4"):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def unit(rows):
    rows = rows.double().numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_nt_xent_is_equation_1():
    z, w = random(5, 3, dtype="f8"), random(5, 3, seed=1, dtype="f8")
    rows = np.concatenate([unit(z), unit(w)])
    losses = []
    for i in range(10):
        others = [np.exp(rows[i] @ rows[k] / 0.5) for k in range(10) if k != i]
        losses.append(-np.log(np.exp(rows[i] @ rows[(i + 5) % 10] / 0.5) / sum(others)))
    assert_allclose(nt_xent_loss(z, w), np.mean(losses), rtol=1e-9)


def test_info_nce_is_equation_1():
    z, w, queue = (random(n, 3, seed=seed, dtype="f8") for seed, n in enumerate((4, 4, 6)))
    losses = []
    for i in range(4):
        positive = np.exp(unit(z)[i] @ unit(w)[i] / 0.2)
        losses.append(-np.log(positive / (positive + np.exp(unit(queue) @ unit(z)[i] / 0.2).sum())))
    assert_allclose(info_nce_loss(z, w, queue), np.mean(losses), rtol=1e-9)


def test_negative_cosine():
    z, w = random(4, 3, dtype="f8"), random(4, 3, seed=1, dtype="f8")
    assert_allclose(negative_cosine(z, w), -(unit(z) * unit(w)).sum(1).mean(), rtol=1e-9)


@pytest.mark.parametrize("loss, views", [(nt_xent_loss, 2), (info_nce_loss, 3), (negative_cosine, 2)])
def test_losses_compute_in_float32_under_autocast(loss, views):
    rows = [random(40, 24, seed=seed) for seed in range(views)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(*rows)
    assert torch.equal(value, loss(*rows))


@pytest.mark.parametrize("method, momentum", [("moco", 0.999), ("byol", 0.996)])
def test_settings_are_the_papers(method, momentum):
    objective = TwoViewObjective(method=method, in_dim=4, projector_dim=6)
    assert objective.teacher.momentum == momentum
    assert [type(layer).__name__ for layer in objective.projector] == ["Linear", "BatchNorm1d", "ReLU", "Linear"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_draws_views_together(method):
    """A linear encoder learns to see the part that two views share, and does not collapse."""
    torch.manual_seed(0)
    encoder = torch.nn.Linear(12, 8)
    teacher = Teacher(encoder, momentum=0.9)
    objective = TwoViewObjective(method=method, in_dim=8, projector_dim=16, momentum=0.9, queue_size=64)
    optimizer = torch.optim.Adam([*encoder.parameters(), *objective.parameters()], lr=3e-3)
    shared = torch.randn(256, 4)

    def views():
        return [torch.cat([shared, torch.randn(256, 8)], 1) for _ in range(2)]

    def agreement():
        first, second = (encoder(view).detach() for view in views())
        first, second = first - first.mean(0), second - second.mean(0)
        return F.cosine_similarity(first, second, dim=1).mean()

    before = agreement()
    for _ in range(150):
        first, second = views()
        targets = (teacher(first), teacher(second)) if METHODS[method].has_teacher else ()
        optimizer.zero_grad()
        objective(encoder(first), encoder(second), *targets).loss.backward()
        optimizer.step()
        objective.after_step()
        teacher.follow(encoder)
    assert agreement() > before + 0.2
    assert encoder(views()[0]).std(0).min() > 1e-3


@pytest.mark.parametrize("method", ["byol", "moco"])
def test_a_teacher_follows_after_the_step(method):
    objective = TwoViewObjective(method=method, in_dim=4, projector_dim=6, momentum=0.75)
    student, teacher = objective.projector[0].weight, objective.teacher.module[0].weight
    assert not teacher.requires_grad
    before = teacher.clone()
    with torch.no_grad():
        student.add_(1.0)
    objective.after_step()
    assert_allclose(teacher.detach(), 0.75 * before + 0.25 * student.detach(), rtol=1e-6)
    with pytest.raises(ValueError, match="needs first_target and second_target"):
        objective(random(3, 4), random(3, 4))


def test_the_queue_holds_the_newest_projections():
    objective = TwoViewObjective(method="moco", in_dim=4, projector_dim=6, queue_size=8)
    oldest = objective.queue.clone()
    objective(random(3, 4), random(3, 4, seed=1), random(3, 4), random(3, 4, seed=1))
    assert torch.equal(objective.queue, oldest)
    objective.after_step()
    assert torch.equal(objective.queue[6:], oldest[:2])
    assert_allclose(objective.queue.norm(dim=1), 1, rtol=1e-5)
    moved = objective.queue.clone()
    objective.after_step()
    assert torch.equal(objective.queue, moved)
