"""Series and what is left of them after a tokenizer."""

import numpy as np
from sklearn.utils import check_consistent_length

from sktsvq._gaps import pad_cases
from sktsvq._summary import number

from ._collections import as_cases, draw_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display
from ._parts import decodes_by_class, tokenizer_of, tokens_of


class ReconstructionDisplay(Display):
    """Original series and their reconstructions from tokens, one panel each.

    Use :meth:`from_estimator` to reconstruct with a fitted tokenizer. The constructor takes series that you already
    have.

    Parameters
    ----------
    originals : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The series, or a list of arrays of shape (n_channels, n_timepoints_i).

    reconstructions : array-like
        The reconstructions, shaped like `originals`.

    Attributes
    ----------
    errors_ : ndarray of shape (n_cases, n_channels)
        Mean squared error of each channel of each case, as in the titles.

    axes_ : ndarray of matplotlib Axes, of shape (n_cases, n_channels_shown)
        The panels.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import ReconstructionDisplay
    >>> X, _ = make_waves(n_cases=3, random_state=0)
    >>> display = ReconstructionDisplay(X, X.round()).plot()
    >>> display.axes_.shape
    (3, 1)
    """

    def __init__(self, originals, reconstructions, *, case_numbers=None):
        self.originals = originals
        self.reconstructions = reconstructions
        self.case_numbers = case_numbers

    @classmethod
    def from_estimator(cls, tokenizer, X, y=None, *, n_cases=6, random_state=None, ax=None):
        """Reconstruct some series with a fitted tokenizer and plot them.

        Parameters
        ----------
        tokenizer : fitted tokenizer, autoencoder, VQGenerator or Pipeline
            Of a generator, its tokenizer reconstructs.

        y : array-like of shape (n_cases,), default=None
            Their classes, which a conditional `VariationalAutoencoder` needs; others make no use of them.

        Raises
        ------
        ValueError
            If a conditional autoencoder gets no labels, or X and y differ in length.
        """
        tokenizer = tokenizer_of(tokenizer, cls._subject("tokenizer"))
        if y is not None:
            check_consistent_length(X, y)
        elif decodes_by_class(tokenizer):
            raise ValueError(
                f"{cls._subject('y')} must hold the classes of X, which the decoder of {type(tokenizer).__name__} is "
                "told with conditional=True. Got None instead."
            )
        cases = draw_cases(X, n_cases, random_state)
        originals = take_cases(X, cases)
        labels = None if y is None else np.asarray(y)[cases]
        _, reconstructions = tokens_of(tokenizer, originals, labels)
        if isinstance(reconstructions, list):  # of whole tokens: what both have is compared
            pairs = list(zip(as_cases(originals, "X", cls.__name__), reconstructions, strict=True))
            common = [min(np.shape(case)[-1] for case in pair) for pair in pairs]
            originals, reconstructions = (
                [np.atleast_2d(pair[i])[:, :length] for pair, length in zip(pairs, common, strict=True)] for i in (0, 1)
            )
        return cls(originals, reconstructions, case_numbers=cases).plot(ax=ax)

    def plot(self, ax=None, *, max_channels=6):
        """Plot one panel for each channel of each case.

        A row holds three cases of one channel, or the channels of one case.

        Raises
        ------
        ValueError
            If originals and reconstructions are no series or differ in shape, or `case_numbers` are not as many.
        """
        originals, reconstructions = self._check_series()
        self.errors_ = np.nanmean((originals - reconstructions) ** 2, axis=2)
        n_cases, n_channels = self.errors_.shape
        n_shown = min(n_channels, max_channels)
        with self._panels(ax, (n_cases, n_shown), n_cols=n_shown if n_channels > 1 else 3) as panels:
            for channel in range(n_shown):
                for case, title in enumerate(self._case_titles(originals, channel)):
                    panel = panels[case, channel]
                    panel.plot(originals[case, channel], color=REAL_COLOR, linewidth=1.2, label="original")
                    panel.plot(
                        reconstructions[case, channel], color=GENERATED_COLOR, linewidth=1.2, label="reconstruction"
                    )
                    panel.set_title(f"{title}: MSE {number(self.errors_[case, channel])}", fontsize="medium")
        return self

    def _check_series(self):
        """Return originals and reconstructions, each padded to (n_cases, n_channels, n_timepoints)."""
        owner = type(self).__name__
        originals = as_cases(self.originals, "originals", owner)
        reconstructions = as_cases(self.reconstructions, "reconstructions", owner)
        expected, got = ([case.shape for case in cases] for cases in (originals, reconstructions))
        rule = f"The 'reconstructions' parameter of {owner} must have the shape of 'originals'"
        if len(got) != len(expected):
            raise ValueError(f"{rule}, which has {len(expected)} cases. Got {len(got)} instead.")
        for case, (shape, other) in enumerate(zip(expected, got, strict=True)):
            if shape != other:
                raise ValueError(f"{rule}, of which case {case} is {shape}. Got {other} instead.")
        return pad_cases(originals), pad_cases(reconstructions)
