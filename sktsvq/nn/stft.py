"""Short-time Fourier transform with an exact inverse, for series of every length.

Frames of n_fft points hop by `hop` points. They are centred: frame k lies around time point k * hop, in a series that
is reflected at its ends as often as it takes. Real and imaginary parts are channels, first all real ones, then all
imaginary ones.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOWS = ("hann", "rectangular")


def stft(x: Tensor, *, n_fft: int, hop: int | None = None, window: str = "hann") -> Tensor:
    """Time-frequency grid of series (b, c, t), of shape (b, 2c, n_fft // 2 + 1, t // hop + 1).

    Parameters
    ----------
    x : tensor (b, c, t), t at least 1
    n_fft : points of a frame, at least 1
    hop : points from frame to frame, at most n_fft // 2 (or 1); None is n_fft // 4, at least 1
    window : "hann" (periodic) or "rectangular"
    """
    hop = _check_hop(n_fft, hop)
    t, margin = x.shape[-1], n_fft // 2
    time = torch.arange(-margin, t + n_fft - margin, device=x.device)
    period = max(1, 2 * (t - 1))
    reflected = x[..., t - 1 - ((time % period) - (t - 1)).abs()]  # (b, c, t + n_fft)
    frames = _at_least_single(reflected).unfold(-1, n_fft, hop) * _window(window, n_fft, x)  # (b, c, n, n_fft)
    spectrum = torch.fft.rfft(frames).mT[..., : t // hop + 1]  # (b, c, f, n)
    return torch.cat([spectrum.real, spectrum.imag], 1)


def istft(u: Tensor, *, n_timepoints: int, n_fft: int, hop: int | None = None, window: str = "hann") -> Tensor:
    """Series (b, c, n_timepoints) whose transform is nearest to u (b, 2c, f, n); exactly x for u = stft(x).

    Nearest in the sense of Griffin and Lim (1984): frames are windowed again, added up, and divided by the sum of the
    squared windows. The parameters are those of `stft`.
    """
    hop = _check_hop(n_fft, hop)
    real, imaginary = _at_least_single(u).chunk(2, dim=1)
    taper = _window(window, n_fft, u)
    frames = torch.fft.irfft(torch.complex(real, imaginary).mT, n=n_fft) * taper  # (b, c, n, n_fft)
    weights = taper.square().expand(1, 1, frames.shape[2], n_fft)
    inside = slice(n_fft // 2, n_fft // 2 + n_timepoints)
    return _overlap_add(frames, hop)[..., inside] / _overlap_add(weights, hop)[..., inside]


def _overlap_add(frames: Tensor, hop: int) -> Tensor:  # (b, c, n, n_fft) -> (b, c, hop * (n - 1) + n_fft)
    b, c, n, n_fft = frames.shape
    size = (1, hop * (n - 1) + n_fft)
    columns = frames.flatten(0, 1).mT  # (b * c, n_fft, n)
    return F.fold(columns, size, kernel_size=(1, n_fft), stride=(1, hop)).view(b, c, -1)


def _window(name: str, n_fft: int, like: Tensor) -> Tensor:  # (n_fft,)
    if name not in WINDOWS:
        raise ValueError(f"The window must be one of {WINDOWS}. Got {name!r} instead.")
    make = torch.hann_window if name == "hann" else torch.ones
    return make(n_fft, device=like.device, dtype=torch.promote_types(like.dtype, torch.float32))


def _at_least_single(x: Tensor) -> Tensor:  # half precision has no such transform
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _check_hop(n_fft: int, hop: int | None) -> int:
    most = max(1, n_fft // 2)
    hop = max(1, n_fft // 4) if hop is None else hop
    if not 1 <= hop <= most:
        raise ValueError(f"The hop must lie in the range [1, {most}] for frames of {n_fft} points. Got {hop} instead.")
    return hop
