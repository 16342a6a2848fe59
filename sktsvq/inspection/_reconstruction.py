"""Series beside what is left of them after a tokenizer."""

import numpy as np

from sktsvq._validation import AT_LEAST_ONE, validate_params

from ._figure import (
    GENERATED,
    REAL,
    as_padded,
    finish,
    get_axes,
    random_generator,
    take,
)


class ReconstructionDisplay:
    """Original series and their reconstructions from tokens, one small picture each.

    Use :meth:`from_estimator` to reconstruct with a fitted tokenizer; the constructor takes
    series that are at hand.

    Parameters
    ----------
    originals : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The series, or a list of arrays of shape (n_channels, n_timepoints_i).

    reconstructions : array-like
        The reconstructions, shaped like `originals`.

    case_numbers : sequence of int, default=None
        The number each case has in its collection, for its title. None counts from 0.

    Attributes
    ----------
    errors_ : ndarray of shape (n_cases, n_channels)
        Mean squared error of each channel of each case, as in the titles.

    axes_ : ndarray of matplotlib Axes, of shape (n_cases, n_channels_shown)
        The small pictures.

    figure_ : matplotlib Figure
        The figure that holds the axes.

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
    @validate_params({"n_cases": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
    def from_estimator(cls, tokenizer, X, *, n_cases=6, random_state=None, ax=None):
        """Reconstruct some series with a fitted tokenizer and plot them.

        Parameters
        ----------
        tokenizer : fitted tokenizer
            Has ``transform`` and ``inverse_transform``; whatever its ``output`` is, it is left so.

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

        TypeError, ValueError
            If `n_cases` is no int of at least 1; and what `tokenizer` raises.
        """
        rng = random_generator(random_state)
        cases = np.sort(rng.permutation(len(X))[:n_cases])
        originals = take(X, cases)
        # `transform` may give embeddings
        tokens = np.asarray(getattr(tokenizer, "tokenize", tokenizer.transform)(originals))
        return cls(originals, tokenizer.inverse_transform(tokens), case_numbers=cases).plot(ax=ax)

    @validate_params({"max_channels": [AT_LEAST_ONE]}, prefer_skip_nested_validation=True)
    def plot(self, ax=None, *, max_channels=6):
        """Plot three cases to a row or, if there are several channels, one case to a row.

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

        TypeError, ValueError
            If originals and reconstructions differ in shape, `max_channels` is no int of at
            least 1, or `ax` holds too many or too few axes.
        """
        originals, made = as_padded(self.originals), as_padded(self.reconstructions)
        if originals.shape != made.shape:
            raise ValueError(
                "The 'reconstructions' parameter of ReconstructionDisplay must have the shape of "
                f"'originals', {originals.shape}. Got {made.shape} instead."
            )
        self.errors_ = np.nanmean((originals - made) ** 2, axis=2)

        n_cases, n_channels = self.errors_.shape
        numbers = range(n_cases) if self.case_numbers is None else self.case_numbers
        n_shown = min(n_channels, max_channels)
        n_cols = n_shown if n_channels > 1 else min(n_cases, 3)
        self.figure_, axes = get_axes(
            ax,
            n_cases * n_shown,
            n_cols,
            owner="ReconstructionDisplay",
            sharey=False,
        )
        self.axes_ = axes.reshape(n_cases, n_shown)
        for (i, channel), panel in np.ndenumerate(self.axes_):
            panel.plot(originals[i, channel], color=REAL, linewidth=1.2, label="original")
            panel.plot(made[i, channel], color=GENERATED, linewidth=1.2, label="reconstruction")
            where = f", channel {channel}" if n_channels > 1 else ""
            panel.set_title(f"case {numbers[i]}{where}: MSE {self.errors_[i, channel]:.3g}", fontsize="medium")
        finish(self.figure_, axes, n_cols, own_figure=ax is None)
        return self
