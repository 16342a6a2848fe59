"""Series and what is left of them after a tokenizer."""

import numpy as np

from sktsvq._completion import tokenize
from sktsvq._validation import AT_LEAST_ONE, validate_params

from ._collections import as_cases, check_case_numbers, draw_cases, pad_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, Display
from ._parts import tokenizer_of


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

    case_numbers : sequence of int, default=None
        The number of each case in its collection, for its title. None counts from 0.

    Attributes
    ----------
    errors_ : ndarray of shape (n_cases, n_channels)
        Mean squared error of each channel of each case, as in the titles.

    axes_ : ndarray of matplotlib Axes, of shape (n_cases, n_channels_shown)
        The panels.

    ax_ : matplotlib Axes
        The panel, if there is only one.

    figure_ : matplotlib Figure
        The figure that holds the panels.

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
    @validate_params(
        {
            "X": ["array-like"],
            "n_cases": [AT_LEAST_ONE],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=False,
    )
    def from_estimator(cls, tokenizer, X, *, n_cases=6, random_state=None, ax=None):
        """Reconstruct some series with a fitted tokenizer and plot them.

        Parameters
        ----------
        tokenizer : fitted tokenizer, VQGenerator or Pipeline
            Of a generator, its tokenizer reconstructs.

        X : array-like
            The series to choose from, in any form that `tokenizer` takes.

        n_cases : int, default=6
            How many cases to draw from X; all of them if X has fewer.

        random_state : int, RandomState instance or None, default=None
            Determines which cases are drawn.

        ax : array of matplotlib Axes, default=None
            See :meth:`plot`.

        Returns
        -------
        display : ReconstructionDisplay
            The plotted display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        NotFittedError
            If `tokenizer` is not fitted.

        TypeError
            If `tokenizer` cannot turn series into tokens and back.

        ValueError
            If a parameter has the wrong type or lies outside its range; and what `tokenizer` and :meth:`plot` raise.
        """
        cls._check_matplotlib()
        tokenizer = tokenizer_of(tokenizer, f"The 'tokenizer' parameter of {cls.__name__}.from_estimator")
        cases = draw_cases(X, n_cases, random_state)
        originals = take_cases(X, cases)
        tokens = tokenize(tokenizer, originals)
        return cls(originals, tokenizer.inverse_transform(tokens), case_numbers=cases).plot(ax=ax)

    @validate_params({"max_channels": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
    def plot(self, ax=None, *, max_channels=6):
        """Plot one panel for each channel of each case.

        A row holds three cases of one channel, or the channels of one case.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each channel shown of each case, case by case. None makes a new figure.

        max_channels : int, default=6
            Show only the first `max_channels` channels.

        Returns
        -------
        display : ReconstructionDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        TypeError
            If `ax` holds anything but matplotlib Axes.

        ValueError
            If originals and reconstructions are no series or differ in shape, `case_numbers` are not as many,
            `max_channels` is not an int of at least 1, or `ax` does not hold as many axes as there are panels.
        """
        originals, reconstructions = self._check_series()
        self.errors_ = np.nanmean((originals - reconstructions) ** 2, axis=2)
        n_cases, n_channels = self.errors_.shape
        numbers = check_case_numbers(self.case_numbers, n_cases, type(self).__name__)
        n_shown = min(n_channels, max_channels)
        n_cols = n_shown if n_channels > 1 else min(n_cases, 3)
        panels = self._make_axes(ax, (n_cases, n_shown), n_cols=n_cols)
        for (case, channel), panel in np.ndenumerate(panels):
            panel.plot(originals[case, channel], color=REAL_COLOR, linewidth=1.2, label="original")
            panel.plot(reconstructions[case, channel], color=GENERATED_COLOR, linewidth=1.2, label="reconstruction")
            which = f"case {numbers[case]}" + (f", channel {channel}" if n_channels > 1 else "")
            panel.set_title(f"{which}: MSE {self.errors_[case, channel]:.3g}", fontsize="medium")
        self._finish_axes(n_cols=n_cols, own_figure=ax is None)
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
