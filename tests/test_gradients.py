"""Gradients written by hand against those of autograd."""

import math

import pytest
import torch
from torch.nn import functional as F

from sktsvq.nn.losses import MaskedCrossEntropy
from sktsvq.nn.transformer import SelfAttention


def attend(x, n_heads):
    query, key, value = x.unflatten(2, (3, n_heads, -1)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def gradients(function, x, *others):
    x = x.detach().clone().requires_grad_()
    output = function(x, *others)
    output.backward(torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output))
    return output.detach(), x.grad


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 4e-2)]
)
def test_attention(dtype, tolerance):
    x = torch.randn(3, 7, 3 * 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected, computed = gradients(attend, x, 2), gradients(SelfAttention.apply, x.to(dtype), 2)
    for one, other in zip(computed, expected, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other, rtol=tolerance, atol=tolerance)


def test_attention_of_large_scores():
    """Scores that no exponential function bears."""
    x = 1e3 * torch.randn(2, 5, 3 * 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for one, other in zip(gradients(SelfAttention.apply, x, 1), gradients(attend, x, 1), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6), (torch.bfloat16, 1e-2)]
)
def test_cross_entropy(dtype, tolerance):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(11, 6, dtype=torch.float64, generator=generator)
    target = torch.randint(6, (11,), generator=generator)
    logits[torch.arange(11), (target + 1) % 6] = -math.inf  # a code that may not stand there
    counted = torch.arange(11) % 3 > 0
    expected = gradients(F.cross_entropy, logits, target.where(counted, -100))
    computed = gradients(MaskedCrossEntropy.apply, logits.to(dtype), target, counted)
    for one, other in zip(computed, expected, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=tolerance, atol=tolerance)
