"""Losses as pure functions."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from sktsvq.nn.transformer import at_least_float32


def spectral_loss(x: Tensor, y: Tensor, n_ffts: Sequence[int]) -> Tensor:  # (b, c, t), (b, c, t)
    """Mean absolute difference of STFT magnitudes, averaged over several resolutions (after arXiv 1910.11480).

    A Hann window of n_fft points hops by half of itself over the series, which is reflected at its ends;
    magnitudes are divided by sqrt(n_fft), so that white noise of unit variance has magnitudes of order 1 at every
    resolution. The windows are so short that a matrix product is faster than an FFT.
    """
    both = torch.cat([x, y])  # (2b, c, t)
    total = x.new_zeros(())
    for n_fft in n_ffts:
        frames = F.pad(both, (n_fft // 2, n_fft // 2), mode="reflect").unfold(-1, n_fft, n_fft // 2)
        real, imaginary = (frames @ fourier_basis(n_fft, device=x.device)).float().chunk(2, dim=-1)
        magnitude = (real.square() + imaginary.square() + 1e-7).sqrt()  # (2b, c, frames, n_fft // 2 + 1)
        of_x, of_y = magnitude.chunk(2)
        total = total + F.l1_loss(of_x, of_y)
    return total / max(1, len(n_ffts))


def fourier_basis(n_fft: int, *, device: torch.device | None = None) -> Tensor:  # (n_fft, 2 * (n_fft // 2 + 1))
    """Columns of the Hann-windowed real Fourier transform over sqrt(n_fft): first all cosines, then all sines."""
    time = torch.arange(n_fft, device=device, dtype=torch.float32).unsqueeze(1)
    angle = time * torch.arange(n_fft // 2 + 1, device=device) * (2 * math.pi / n_fft)
    window = torch.hann_window(n_fft, device=device).unsqueeze(1) / math.sqrt(n_fft)
    return torch.cat([angle.cos() * window, -angle.sin() * window], dim=1)


class MaskedCrossEntropy(torch.autograd.Function):
    """Mean of -log softmax(logits)[target] over the rows that are `counted`, in float32 or more.

    The forward pass makes the gradient from the same probabilities, so that neither logarithms nor wider copies of the
    logits are kept. A probability too small for a float counts as the smallest one.
    """

    @staticmethod
    def forward(ctx, logits: Tensor, target: Tensor, counted: Tensor) -> Tensor:  # (m, k), (m,), (m,) -> ()
        p = at_least_float32(logits).softmax(-1)
        weight = (counted.to(p.dtype) / counted.sum()).unsqueeze(1)
        target = target.unsqueeze(1)  # (m, 1)
        loss = -(p.gather(1, target).clamp(min=torch.finfo(p.dtype).tiny).log() * weight).sum()
        of_logits = p.scatter_add_(1, target, weight.new_full(target.shape, -1.0)).mul_(weight)
        ctx.save_for_backward(of_logits.to(logits.dtype))
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        (of_logits,) = ctx.saved_tensors
        return of_logits * grad.to(of_logits.dtype), None, None
