"""Losses on series."""

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sktsvq.nn.ranks import mean_over_batch

# Share of the strongest frequency's magnitude below which a frequency counts for less: it may be rounding noise.
_FLOOR = 0.01


class SpectralLoss(nn.Module):
    """Mean relative difference of STFT magnitudes at several resolutions (after arXiv 1910.11480).

    The absolute difference at a frequency is divided by the mean magnitude of that frequency in the batch of targets,
    plus 0.01 times the greatest of these means. Fine detail then counts as much as coarse shape, however small it is;
    a squared error hardly sees it, but classes often depend on it.

    Hann windows of n_fft points hop by half of themselves over the series, which is reflected at its ends; magnitudes
    are divided by sqrt(n_fft), so that white noise of unit variance has magnitudes of order 1 at every resolution.

    Windows so short are transformed faster by a matrix product than by an FFT, and one product does it for all
    resolutions: a frame as long as the longest window holds two of half its length, four of a quarter of it, ...

    Parameters
    ----------
    n_ffts : window lengths, each half of the next
    """

    basis: Tensor

    def __init__(self, n_ffts: Sequence[int]) -> None:
        super().__init__()
        self.n_ffts, self.longest = tuple(n_ffts), max(n_ffts)
        self.register_buffer("basis", self._make_basis(), persistent=False)

    def _make_basis(self) -> Tensor:  # (longest, 2 * columns)
        columns = [
            F.pad(fourier_basis(n_fft), (0, 0, start, self.longest - n_fft - start))
            for n_fft in self.n_ffts
            for start in range((self.longest - n_fft) // 2, self.longest - n_fft + 1, n_fft // 2)
        ]
        real, imaginary = zip(*(part.chunk(2, dim=1) for part in columns), strict=True)
        return torch.cat(real + imaginary, dim=1)

    def __getstate__(self) -> dict[str, object]:
        """What is pickled: all but the basis, which follows from the window lengths."""
        return {**vars(self), "_buffers": {"basis": self.basis[:0].clone()}}

    def __setstate__(self, state: dict[str, object]) -> None:
        super().__setstate__(state)
        self.basis = self._make_basis().to(self.basis.device)

    def forward(self, x: Tensor, target: Tensor) -> Tensor:  # (b, c, t), (b, c, t) -> ()
        wanted = self.magnitudes(target)
        difference = (self.magnitudes(x) - wanted).abs().mean((0, 2))  # (c, columns)
        scale = mean_over_batch(wanted.mean((0, 2)).detach())
        floor = _FLOOR * scale.amax(-1, keepdim=True)
        return (difference / (scale + floor)).mean()

    def magnitudes(self, x: Tensor) -> Tensor:  # (b, c, t) -> (b, c, frames, columns)
        """Magnitudes of all windows that begin in a frame, one resolution beside the other."""
        half = self.longest // 2
        frames = F.pad(x, (half, half), mode="reflect").unfold(-1, self.longest, half)
        real, imaginary = (frames @ self.basis).float().chunk(2, dim=-1)
        return (real.square() + imaginary.square() + 1e-7).sqrt()


@cache
def fourier_basis(n_fft: int) -> Tensor:  # (n_fft, 2 * (n_fft // 2 + 1))
    """Columns of the Hann-windowed real Fourier transform over sqrt(n_fft): first all cosines, then all sines."""
    with torch.device("cpu"):  # also where a network is built for its shapes alone
        time = torch.arange(n_fft, dtype=torch.float32).unsqueeze(1)
        angle = time * torch.arange(n_fft // 2 + 1) * (2 * math.pi / n_fft)
        window = torch.hann_window(n_fft, dtype=torch.float32).unsqueeze(1) / math.sqrt(n_fft)
    return torch.cat([angle.cos() * window, -angle.sin() * window], dim=1)
