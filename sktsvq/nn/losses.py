"""Losses as pure functions."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


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
