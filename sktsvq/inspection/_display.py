"""What all Displays share: matplotlib, figure, axes and look."""

import numpy as np

# Okabe-Ito colours, which colour-blind readers can tell apart.
REAL_COLOR = "#0072B2"
GENERATED_COLOR = "#D55E00"
NEUTRAL_COLOR = "#595959"
# Colours of tokens: from dark to light, so that they differ in grey too.
TOKEN_COLORS = "cividis"


class Display:
    """Base of the Displays.

    A subclass stores in its constructor what is shown. Its `plot` checks that, gets panels from :meth:`_make_axes`,
    draws into them in the colours of this file, and ends with :meth:`_finish_axes`. Its `from_estimator` calls
    :meth:`_check_matplotlib` before it computes anything, and ends with `plot`.
    """

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

    def _make_axes(self, ax, shape, *, n_cols, sharex=True, sharey=False, panel_size=(3.2, 1.7)):
        """Set `figure_` and `axes_`, an array of this shape, to those in `ax` or to new ones in `n_cols` columns.

        `panel_size` is in inches.
        """
        self._check_matplotlib()
        n_panels = int(np.prod(shape))
        if ax is None:
            panels = _new_panels(n_panels, n_cols, panel_size, sharex=sharex, sharey=sharey)
        else:
            panels = np.array(ax, dtype=object).ravel()
        self._check_axes(panels, n_panels)
        self.figure_, self.axes_ = panels[0].figure, panels.reshape(shape)
        return self.axes_

    def _check_axes(self, panels, n_panels):
        from matplotlib.axes import Axes

        rule = f"The 'ax' parameter of {type(self).__name__}.plot must be None or hold {n_panels} matplotlib Axes."
        if len(panels) != n_panels:
            raise ValueError(f"{rule} Got {len(panels)} instead.")
        for panel in panels:
            if not isinstance(panel, Axes):
                raise TypeError(f"{rule} Got {panel!r} instead.")

    def _finish_axes(self, *, n_cols, own_figure, xlabel="time point", ylabel="value"):
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
