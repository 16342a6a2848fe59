"""Augmentations: pure functions from a batch of series (b, c, t) to another of the same shape and dtype.

Every series has its own random draw, the same for all its channels except for noise. Randomness comes from torch's
global generator on the device of x: the caller seeds and isolates it. The survey of Iwana and Uchida (arXiv 2007.15951)
describes most of them; amplitudes are in units of standardised series.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Augmentation = Callable[[Tensor], Tensor]


def window_warp(x: Tensor, *, window: float = 0.4, low: float = 0.9, high: float = 2.0) -> Tensor:
    """Stretch a random window in time, then resample the whole series to its length (Le Guennec et al. 2016).

    Parameters
    ----------
    x : tensor (b, c, t)
    window : length of the window as a share of the series, in [0, 1]
    low, high : the window becomes longer by a factor from U(low, high), with 0 < low
    """
    end = x.shape[2] - 1
    factor = _uniform(x, low, high)  # (b, 1)
    start = _uniform(x, 0, (1 - window) * end)
    time = _arange(x) * (1 + (factor - 1) * window)  # of the stretched series, (b, t)
    within = (time - start).clamp(min=0).minimum(factor * window * end)
    return _resample(x, time - (1 - 1 / factor) * within)


def amplitude(x: Tensor, *, scale: float = 0.2) -> Tensor:
    """Multiply each series by a draw from N(1, scale) ("scaling" in arXiv 2007.15951).

    Parameters
    ----------
    x : tensor (b, c, t)
    scale : standard deviation of the factor
    """
    return x * (1 + scale * torch.randn(len(x), 1, 1, device=x.device)).to(x.dtype)


def slice_and_shuffle(x: Tensor, *, n_pieces: int = 4) -> Tensor:
    """Cut each series at random places and permute the pieces ("permutation" in arXiv 2007.15951).

    Parameters
    ----------
    x : tensor (b, c, t)
    n_pieces : how many pieces, at least 1; a series of fewer points is cut into its points
    """
    b, _, t = x.shape
    cuts = torch.rand(b, t - 1, device=x.device).argsort(1)[:, : n_pieces - 1] + 1  # distinct, none at 0
    piece = torch.zeros(b, t, dtype=torch.long, device=x.device).scatter_(1, cuts, 1).cumsum(1)  # of each point
    place = torch.rand(b, n_pieces, device=x.device)  # its order is that of the pieces
    return _gather(x, place.gather(1, piece).argsort(dim=1, stable=True))


def gaussian_noise(x: Tensor, *, scale: float = 0.05) -> Tensor:
    """Add independent draws from N(0, scale) to all values ("jittering" in arXiv 2007.15951).

    Parameters
    ----------
    x : tensor (b, c, t)
    scale : standard deviation of the noise
    """
    return x + scale * torch.randn_like(x)


def crop(x: Tensor, *, low: float = 0.9) -> Tensor:
    """Cut out a random stretch and resample it to the length of the series ("slicing" in arXiv 2007.15951).

    Parameters
    ----------
    x : tensor (b, c, t)
    low : the stretch is a share from U(low, 1) of the series
    """
    share = _uniform(x, low, 1)
    start = _uniform(x, 0, 1) * (1 - share) * (x.shape[2] - 1)
    return _resample(x, start + _arange(x) * share)


def flip(x: Tensor) -> Tensor:
    """Change the sign of each series with probability 1/2 ("rotation" of a univariate series in arXiv 2007.15951).

    Parameters
    ----------
    x : tensor (b, c, t)
    """
    return x * (1 - 2 * torch.randint(2, (len(x), 1, 1), device=x.device)).to(x.dtype)


def shift(x: Tensor, *, high: float = 0.1) -> Tensor:
    """Move each series in time, what leaves at one end entering at the other (the random translation of images).

    Parameters
    ----------
    x : tensor (b, c, t)
    high : greatest move to either side as a share of the series
    """
    t = x.shape[2]
    most = int(high * t)
    moves = torch.randint(-most, most + 1, (len(x), 1), device=x.device)
    return _gather(x, (torch.arange(t, device=x.device) - moves) % t)


def magnitude_warp(x: Tensor, *, scale: float = 0.2, n_knots: int = 4) -> Tensor:
    """Multiply each series by a smooth random curve around 1 (Um et al., arXiv 1706.00527).

    The curve passes through draws from N(1, scale) at equal distances from the first point to the last; between them
    it is half a cosine wave where the paper has a cubic spline, which overshoots.

    Parameters
    ----------
    x : tensor (b, c, t)
    scale : standard deviation of the knots
    n_knots : number of knots, at least 1
    """
    knots = 1 + scale * torch.randn(len(x), n_knots, device=x.device)
    place = torch.linspace(0, n_knots - 1, x.shape[2], device=x.device)
    left = place.long()
    right = (left + 1).clamp(max=n_knots - 1)
    curve = knots[:, left].lerp(knots[:, right], (1 - torch.cos(math.pi * (place - left))) / 2)  # (b, t)
    return x * curve.unsqueeze(1).to(x.dtype)


def frequency_mask(x: Tensor, *, share: float = 0.1) -> Tensor:
    """Remove a random band of frequencies (FrAug, arXiv 2302.09292; in bands as SpecAugment, arXiv 1904.08779).

    Parameters
    ----------
    x : tensor (b, c, t)
    share : width of the band as a share of the t // 2 + 1 frequencies, constant part included, rounded
    """
    t = x.shape[2]
    n_bins = t // 2 + 1
    width = round(share * n_bins)
    start = torch.randint(n_bins - width + 1, (len(x), 1), device=x.device)
    bins = torch.arange(n_bins, device=x.device)
    kept = (bins < start) | (bins >= start + width)  # (b, bins)
    spectrum = torch.fft.rfft(x if x.dtype == torch.float64 else x.float())  # half precision has no such transform
    return torch.fft.irfft(spectrum * kept.unsqueeze(1), n=t).to(x.dtype)


AUGMENTATIONS: dict[str, Augmentation] = {
    "window_warp": window_warp,
    "amplitude": amplitude,
    "slice_and_shuffle": slice_and_shuffle,
    "gaussian_noise": gaussian_noise,
    "crop": crop,
    "flip": flip,
    "shift": shift,
    "magnitude_warp": magnitude_warp,
    "frequency_mask": frequency_mask,
}


def augment(x: Tensor, augmentations: str | Augmentation | Sequence[str | Augmentation]) -> Tensor:
    """Apply augmentations, names or functions, one after the other, (b, c, t) -> (b, c, t)."""
    for augmentation in resolve(augmentations):
        x = augmentation(x)
    return x


def resolve(augmentations: str | Augmentation | Sequence[str | Augmentation]) -> list[Augmentation]:
    """The functions that names and functions, or one of them, stand for; ValueError for what is neither."""
    rule = f"The 'augmentations' parameter must hold names among {sorted(AUGMENTATIONS)} or functions."
    is_one = isinstance(augmentations, str) or (callable(augmentations) and not isinstance(augmentations, type))
    try:
        items: list[Any] = [augmentations] if is_one else list(augmentations)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{rule} Got {augmentations!r} instead.") from None
    functions = []
    for item in items:
        function = AUGMENTATIONS.get(item) if isinstance(item, str) else item
        if not callable(function) or isinstance(function, type):
            raise ValueError(f"{rule} Got {item!r} instead.")
        functions.append(function)
    return functions


def check_augmentations(
    augmentations: str | Augmentation | Sequence[str | Augmentation], n_channels: int, n_timepoints: int
) -> None:
    """Raise a ValueError unless augmentations keep shape and dtype, give finite values, and do not change their input.

    They are tried on two series of these sizes.
    """
    x = torch.linspace(-1, 1, 2 * n_channels * n_timepoints, dtype=torch.float32).view(2, n_channels, n_timepoints)
    rule = f"The 'augmentations' parameter must hold functions from a tensor {tuple(x.shape)} to one like it."
    with torch.no_grad():
        for function in resolve(augmentations):
            name = getattr(function, "__name__", repr(function))
            given = x.clone()
            try:
                view = function(given)
            except Exception as error:
                raise ValueError(f"{rule} {name} raised {type(error).__name__}: {error}") from error
            if fault := _fault_of_view(view, given, x):
                raise ValueError(f"{rule} {name} {fault}.")


def _fault_of_view(view: object, given: Tensor, x: Tensor) -> str:
    """What is wrong with the view that a function made of `given`, a copy of x; empty if nothing is."""
    if not isinstance(view, Tensor):
        return f"gave {type(view).__name__} instead"
    if view.shape != x.shape:
        return f"gave {tuple(view.shape)} instead"
    if view.dtype != x.dtype:
        return f"gave {view.dtype} for {x.dtype}"
    if not view.isfinite().all():
        return "gave values that are not finite"
    return "" if torch.equal(given, x) else "changed its input"


def _uniform(x: Tensor, low: float, high: float) -> Tensor:  # (b, 1)
    return low + (high - low) * torch.rand(len(x), 1, device=x.device)


def _arange(x: Tensor) -> Tensor:  # (t,), in float32 for any dtype of x: float16 cannot count to 4096
    return torch.arange(x.shape[2], device=x.device, dtype=torch.float32)


def _gather(x: Tensor, index: Tensor) -> Tensor:  # (b, c, t), (b, t) -> (b, c, t)
    return x.gather(2, index.unsqueeze(1).expand_as(x))


def _resample(x: Tensor, time: Tensor) -> Tensor:  # (b, c, t), (b, t) -> (b, c, t)
    """Linear interpolation of each series at its own times, in points from 0 to t - 1."""
    last = x.shape[2] - 1
    time = time.clamp(0, last)  # rounding may pass the ends
    left = time.long()
    weight = (time - left).unsqueeze(1).to(x.dtype)
    return _gather(x, left).lerp(_gather(x, (left + 1).clamp(max=last)), weight)
