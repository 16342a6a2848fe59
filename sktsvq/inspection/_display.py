"""What all Displays share: matplotlib, figure, axes and look."""

from contextlib import contextmanager

import numpy as np

from sktsvq._docs import assemble_docstring
from sktsvq._gaps import pad_cases

from ._collections import as_cases, check_channel
from ._methods import describe, finish_method

# Okabe-Ito colours, which colour-blind readers can tell apart.
REAL_COLOR = "#0072B2"
GENERATED_COLOR = "#D55E00"
NEUTRAL_COLOR = "#595959"
# Colours of tokens: from dark to light, so that they differ in grey too.
TOKEN_COLORS = "cividis"


class Display:
    """Base of the Displays.

    A subclass stores in its constructor what is shown. Its `plot` checks that, draws into :meth:`_panels` in the
    colours of this file, and returns itself. A class method `from_...` computes what is shown, and ends with `plot`.
    `_methods.py` states the parameters that these methods share; they are checked before each call.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_panels,)
        The panels.
    ax_ : matplotlib Axes
        The panel, if there is only one.
    figure_ : matplotlib Figure
        The figure that holds the panels.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        assemble_docstring(cls, describe(cls.__init__))
        for name, method in list(cls.__dict__.items()):
            if name == "plot" or name.startswith("from_"):
                setattr(cls, name, finish_method(cls, name, method))

    @property
    def ax_(self):
        """The only panel of a Display that has one."""
        if self.axes_.size > 1:
            raise AttributeError(f"This {type(self).__name__} has {self.axes_.size} panels: they are in axes_.")
        return self.axes_.item()

    @classmethod
    def _check_matplotlib(cls):
        """Raise an ImportError that says what to install if matplotlib is missing."""
        try:
            import matplotlib.pyplot  # noqa: F401
        except ImportError as error:
            raise ImportError(f'{cls.__name__} needs matplotlib: pip install "sktsvq[plot]"') from error

    @classmethod
    def _subject(cls, parameter, method="from_estimator"):
        """What a parameter is called in errors."""
        return f"The {parameter!r} parameter of {cls.__name__}.{method}"

    def _cases(self, name, channel=0):
        """The series in an attribute as (n_cases, n_channels, n_timepoints), padded by NaN; they have this channel."""
        owner = type(self).__name__
        cases = as_cases(getattr(self, name), name, owner)
        check_channel(channel, cases, f"{owner}.plot")
        return pad_cases(cases)

    def _case_titles(self, series, channel):
        """The title of each case of (n_cases, n_channels, n_timepoints), with the channel where there are several."""
        numbers = range(len(series)) if self.case_numbers is None else self.case_numbers
        if len(numbers) != len(series):
            raise ValueError(
                f"The 'case_numbers' parameter of {type(self).__name__} must hold one number for each of the "
                f"{len(series)} cases. Got {len(numbers)} instead."
            )
        ending = f", channel {channel}" if series.shape[1] > 1 else ""
        return [f"case {number}{ending}" for number in numbers]

    @contextmanager
    def _panels(
        self,
        ax,
        shape,
        *,
        n_cols,
        xlabel="time point",
        ylabel="value",
        sharex=True,
        sharey=False,
        panel_size=(3.2, 1.7),
    ):
        """Panels to draw into, in an array of this shape: those in `ax`, or new ones in at most `n_cols` columns.

        They get their labels and their legend when all is drawn. `panel_size` is in inches.
        """
        n_panels = int(np.prod(shape))
        n_cols = min(n_cols, n_panels)
        if ax is None:
            panels = _new_panels(n_panels, n_cols, panel_size, sharex=sharex, sharey=sharey)
        else:
            panels = np.array(ax, dtype=object).ravel()
        self._check_axes(panels, n_panels)
        self.figure_, self.axes_ = panels[0].figure, panels.reshape(shape)
        yield self.axes_
        self._finish_axes(n_cols, ax is None, xlabel, ylabel)

    def _check_axes(self, panels, n_panels):
        from matplotlib.axes import Axes

        rule = f"The 'ax' parameter of {type(self).__name__}.plot must be None or hold {n_panels} matplotlib Axes."
        if len(panels) != n_panels:
            raise ValueError(f"{rule} Got {len(panels)} instead.")
        for panel in panels:
            if not isinstance(panel, Axes):
                raise TypeError(f"{rule} Got {panel!r} instead.")

    def _finish_axes(self, n_cols, own_figure, xlabel, ylabel):
        """Remove frames, label the outer axes of the grid and explain the lines."""
        panels = self.axes_.ravel()
        for panel in panels:
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(which="both", labelsize="small")
            panel.margins(x=0)
        for panel in panels[-n_cols:]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(xlabel)
        for panel in panels[::n_cols]:
            panel.set_ylabel(ylabel)
        lines = {}
        for panel in panels:
            for line, label in zip(*panel.get_legend_handles_labels(), strict=True):
                lines.setdefault(label, line)
        if not lines:
            return
        # Only in a new figure is there room for a legend outside the panels, where it covers no line.
        place, loc = (self.figure_, "outside upper right") if own_figure else (panels[0], "best")
        n_fitting = max(1, int(self.figure_.get_figwidth() // 1.7)) if own_figure else 1
        place.legend(lines.values(), lines, loc=loc, ncols=n_fitting, frameon=False, fontsize="small")


def value_label(series, channel):
    """The label of values of (n_cases, n_channels, n_timepoints): the channel where there are several."""
    return f"value, channel {channel}" if series.shape[1] > 1 else "value"


def _new_panels(n_panels, n_cols, panel_size, **sharing):
    """The first panels of a grid in a new figure."""
    import matplotlib.pyplot as plt

    n_rows = -(-n_panels // n_cols)
    figure, axes = plt.subplots(
        n_rows,
        n_cols,
        figsize=(max(panel_size[0] * n_cols, 4), panel_size[1] * n_rows + 0.8),
        squeeze=False,
        layout="constrained",
        **sharing,
    )
    for spare in axes.flat[n_panels:]:
        spare.remove()
    return axes.ravel()[:n_panels]
