"""The noise that decoded tokens lack beside real series.

A decoder gives the mean of what its tokens may stand for. Where series are noise for the most part, means are far
smoother than series. The power that they lack, frequency by frequency, is put back as noise.

Shapes: b series, c channels, t time points, f frequencies, q quantiles.
"""

from typing import NamedTuple, Self

import numpy as np

from sktsvq._gaps import pad_cases
from sktsvq._kernel_features import KernelFeatures, padded
from sktsvq._validation import draw_seed

__all__ = ["Noise", "fit_noise"]

# The power is averaged over such a share of the frequencies: that of single ones is known badly from few series.
_BAND = 1 / 32
_QUANTILES = np.linspace(0, 1, 201)
# Series get noise if it brings their features to less than such a share of their distance from real ones.
_NEARER = 0.5
_LEAST_VARIANCE = 1e-4
# Classes with fewer real series are not looked at on their own.
_LEAST_OF_CLASS = 5
# Series whose spectrum is in memory at a time.
_CHUNK = 64


class Noise(NamedTuple):
    """Gaussian noise of some power at each frequency; the sum then takes on the values that real series have.

    Attributes
    ----------
    amplitude : float array of shape (c, n_timepoints + 1)
        Of noise of 2 * n_timepoints time points, that of white noise of variance 1 being 1.
    found, wanted : float arrays of shape (c, q)
        Quantiles of the values of drawn series with noise, and of real ones.
    """

    amplitude: np.ndarray
    found: np.ndarray
    wanted: np.ndarray

    @classmethod
    def fit(cls, real, drawn, kernels, rng) -> Self:
        """Learn what `drawn` series lack beside `real` ones."""
        power = [_mean_power(series, kernels) for series in (real, drawn)]
        lacking = np.apply_along_axis(_smoothed, 1, power[0] - power[1])
        noise = cls(np.sqrt(np.maximum(lacking, 0)) * kernels.scale, np.empty(0), np.empty(0))
        noisy = (case + own for case, own in noise._draw_for(drawn, rng))
        return noise._replace(found=_quantiles(list(noisy)), wanted=_quantiles(real))

    def add_to(self, series, rng):
        """Series with noise, in their own form and dtype."""
        noisy = [self._with_values(case + own).astype(case.dtype) for case, own in self._draw_for(series, rng)]
        return np.stack(noisy) if isinstance(series, np.ndarray) else noisy

    def _draw_for(self, series, rng):
        """Each series, and noise of its shape."""
        n_channels, n_frequencies = self.amplitude.shape
        for rows in _chunks(len(series)):
            white = rng.standard_normal((len(series[rows]), n_channels, 2 * (n_frequencies - 1)))
            noise = np.fft.irfft(np.fft.rfft(white) * self.amplitude)
            for case, own in zip(series[rows], noise, strict=True):
                yield case, own[:, : case.shape[-1]].reshape(case.shape)

    def _with_values(self, case):
        """A series whose values are those of real ones with the same rank."""
        channels = zip(np.atleast_2d(case).astype(np.float64), self.found, self.wanted, strict=True)
        return np.stack([np.interp(*channel) for channel in channels]).reshape(case.shape)


def fit_noise(real, drawn, labels=(), *, n_timepoints, rng, always=False):
    """The noise that `drawn` series lack beside `real` ones; None if it does not bring them nearer.

    Parameters
    ----------
    real, drawn : arrays of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or lists of arrays
        Train series, and those that a generator has drawn.
    labels : pair of arrays of shape (n_cases,)
        Of the real and of the drawn series; empty without classes.
    n_timepoints : int
        Of the longest series.
    rng : RandomState
    always : bool
        Whether to give it even if it does not.

    Returns
    -------
    noise : Noise or None
    """
    kernels = KernelFeatures.fit(real, n_timepoints=n_timepoints, seed=draw_seed(rng))
    noise = Noise.fit(real, drawn, kernels, rng)
    if always or _brings_nearer(*map(kernels.of, (real, drawn, noise.add_to(drawn, rng))), labels):
        return noise
    return None


def _brings_nearer(real, without, with_noise, labels):
    """Whether noise brings features much nearer to those of real series, and takes those of no class away."""
    if _distance(real, with_noise) >= _NEARER * _distance(real, without):
        return False
    for label in np.unique(labels[0]) if labels else ():
        own, drawn = (part == label for part in labels)
        seen = own.sum() >= _LEAST_OF_CLASS and drawn.any()
        if seen and _distance(real[own], with_noise[drawn]) >= _distance(real[own], without[drawn]):
            return False
    return True


def _mean_power(series, kernels):
    """Mean square of each frequency over scaled series, (c, f); 1 everywhere for white noise of variance 1."""
    values, *lengths = padded(series, kernels.n_timepoints)  # (b, c, t)
    n_known = lengths[0].numpy() if lengths else np.full(len(values), kernels.n_timepoints)
    total = 0
    for rows in _chunks(len(values)):
        scaled, own = (values[rows] - kernels.center) / kernels.scale, n_known[rows, np.newaxis, np.newaxis]
        known = np.arange(kernels.n_timepoints) < own
        spectrum = np.fft.rfft(np.where(known, scaled, 0), n=2 * kernels.n_timepoints)  # (b, c, f)
        total += (np.abs(spectrum) ** 2 / own).sum(axis=0)
    return total / len(values)


def _chunks(n_cases):
    return (slice(start, start + _CHUNK) for start in range(0, n_cases, _CHUNK))


def _smoothed(power):
    """Averages over neighbouring frequencies, fewer of them at both ends."""
    window = np.ones(1 + 2 * int(_BAND * len(power) / 2))
    return np.convolve(power, window, "same") / np.convolve(np.ones_like(power), window, "same")


def _quantiles(series):
    """Quantiles of the values of each channel, (c, q)."""
    values = pad_cases([np.atleast_2d(case) for case in series])  # (b, c, t)
    return np.nanquantile(values.astype(np.float64), _QUANTILES, axis=(0, 2)).T


def _distance(goal, features):
    """Of means and standard deviations of features, in units of the standard deviation of `goal`."""
    moments = [np.stack([part.mean(axis=0), part.std(axis=0)]) for part in (goal, features)]
    return np.mean((moments[1] - moments[0]) ** 2 / (moments[0][1] ** 2 + _LEAST_VARIANCE))
