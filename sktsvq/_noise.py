"""The noise that decoded tokens lack beside real series.

A decoder gives the mean of what its tokens may stand for. Where series are noise for the most part, means are far
smoother than series; the power that they lack, frequency by frequency, is put back as Gaussian noise.

Shapes: b series, c channels, t time points, f frequencies.
"""

import numpy as np

from sktsvq._kernel_features import KernelFeatures, padded

__all__ = ["add_noise", "fit_noise"]

# The power is averaged over such a share of the frequencies: that of single ones is known badly from few series.
_BAND = 1 / 32
# Noise is for series of which it brings the features at least so much nearer, as a share of the distance without it.
# On series that are signal for the most part it takes them away.
_NEARER = 0.5
_LEAST_VARIANCE = 1e-4


def fit_noise(real, drawn, *, n_timepoints, rng, always=False):
    """The amplitude of the noise that `drawn` series lack beside `real` ones, at each frequency.

    Parameters
    ----------
    real, drawn : arrays of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or lists of arrays
        Train series, and those that a generator has drawn.
    n_timepoints : int
        Of the longest series.
    rng : RandomState
    always : bool
        Whether to give it even if series with noise are not much nearer to real ones.

    Returns
    -------
    amplitude : float array of shape (n_channels, n_timepoints + 1) or None
        Of noise of 2 * n_timepoints time points, that of white noise of variance 1 being 1.
    """
    kernels = KernelFeatures.fit(real, n_timepoints=n_timepoints, seed=rng.randint(np.iinfo(np.int32).max))
    power = [_mean_power(series, kernels) for series in (real, drawn)]
    lacking = np.apply_along_axis(_smoothed, 1, power[0] - power[1])
    amplitude = np.sqrt(np.maximum(lacking, 0)) * kernels.scale
    if always:
        return amplitude
    goal, *features = (kernels.of(series) for series in (real, drawn, add_noise(drawn, amplitude, rng)))
    distance = [_distance(goal, one) for one in features]
    return amplitude if distance[1] < _NEARER * distance[0] else None


def add_noise(series, amplitude, rng):
    """Series with noise of this amplitude, in their own form and dtype."""
    n_timepoints = amplitude.shape[1] - 1
    white = rng.standard_normal((len(series), len(amplitude), 2 * n_timepoints))
    noise = np.fft.irfft(np.fft.rfft(white) * amplitude)[:, :, :n_timepoints]
    if isinstance(series, np.ndarray):
        return (series + noise.reshape(series.shape)).astype(series.dtype)
    cut = (own[:, : np.shape(case)[-1]].reshape(np.shape(case)) for case, own in zip(series, noise, strict=True))
    return [(case + own).astype(case.dtype) for case, own in zip(series, cut, strict=True)]


def _mean_power(series, kernels):
    """Mean square of each frequency over scaled series, (c, f); 1 everywhere for white noise of variance 1."""
    values, *lengths = padded(series, kernels.n_timepoints)
    values = (values - kernels.center) / kernels.scale  # (b, c, t)
    n_known = np.full(len(values), kernels.n_timepoints) if not lengths else lengths[0].numpy()
    known = np.arange(kernels.n_timepoints) < n_known[:, np.newaxis, np.newaxis]
    spectrum = np.fft.rfft(np.where(known, values, 0), n=2 * kernels.n_timepoints)  # (b, c, f)
    return (np.abs(spectrum) ** 2 / n_known[:, np.newaxis, np.newaxis]).mean(axis=0)


def _smoothed(power):
    """Averages over neighbouring frequencies, fewer of them at both ends."""
    window = np.ones(1 + 2 * int(_BAND * len(power) / 2))
    return np.convolve(power, window, "same") / np.convolve(np.ones_like(power), window, "same")


def _distance(goal, features):
    """Of means and standard deviations of features, in units of the standard deviation of `goal`."""
    moments = [np.stack([part.mean(axis=0), part.std(axis=0)]) for part in (goal, features)]
    return np.mean((moments[1] - moments[0]) ** 2 / (moments[0][1] ** 2 + _LEAST_VARIANCE))
