"""What trainings recorded, epoch by epoch."""

import numpy as np

from sktsvq._completion import unrolled

from ._display import GENERATED_COLOR, NEUTRAL_COLOR, REAL_COLOR, Display

_LOSSES = {"train_loss": ("train", REAL_COLOR, "-"), "valid_loss": ("held out", GENERATED_COLOR, "--")}
_NO_CURVES = {"epoch", "dur", "batches"}


class HistoryDisplay(Display):
    """Losses of each training, and what its monitors recorded, against the epochs.

    Use :meth:`from_estimator` for the trainings of a fitted estimator.

    Parameters
    ----------
    histories : dict of str to list of dict
        For each training its epochs: a dict of the recorded numbers, such as "train_loss", for each.

    Attributes
    ----------
    curves_ : list of (str, str)
        The training and the quantity of each panel; "loss" is both that of the train set and that of held-out cases.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import HistoryDisplay
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, _ = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=3, random_state=0).fit(X)
    >>> HistoryDisplay.from_estimator(tokenizer).curves_
    [('VQVAETokenizer', 'loss'), ('VQVAETokenizer', 'squared_error')]
    """

    def __init__(self, histories):
        self.histories = histories

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Plot the trainings of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With a `history_`; or a VQGenerator or Pipeline of such.

        Raises
        ------
        TypeError
            If the estimator has trained no network.
        """
        steps = [step for _, step in getattr(unrolled(estimator), "steps", ())]
        parts = [estimator, *steps, getattr(estimator, "tokenizer_", None), getattr(estimator, "prior_", None)]
        histories = {type(part).__name__: list(part.history_) for part in parts if hasattr(part, "history_")}
        if not histories:
            raise TypeError(
                f"The 'estimator' parameter of {cls.__name__}.from_estimator must be fitted and have trained a network "
                f"(history_). Got {type(estimator).__name__} instead."
            )
        return cls(histories).plot(ax=ax)

    def plot(self, ax=None):
        """Plot one panel for the losses of each training and one for each monitor.

        Raises
        ------
        ValueError
            If there is no epoch.
        """
        for name, history in self.histories.items():
            if not history:
                raise ValueError(
                    f"The 'histories' parameter of {type(self).__name__} must hold epochs. {name} has none."
                )
        curves = {}
        for name, history in self.histories.items():
            for quantity in filter(_is_curve, history[-1]):
                kind = "loss" if quantity in _LOSSES else quantity
                curves.setdefault((name, kind), []).append(quantity)
        self.curves_ = list(curves)
        with self._panels(
            ax, (len(curves),), n_cols=3, xlabel="epoch", ylabel="", sharex=False, panel_size=(3.2, 2)
        ) as panels:
            for panel, ((name, kind), quantities) in zip(panels, curves.items(), strict=True):
                for quantity in quantities:
                    _draw_curve(panel, quantity, [epoch.get(quantity, np.nan) for epoch in self.histories[name]])
                panel.set_title(f"{name}: {kind.replace('_', ' ')}", fontsize="medium")
                panel.xaxis.get_major_locator().set_params(integer=True)
        return self


def _draw_curve(panel, quantity, values):
    label, color, style = _LOSSES.get(quantity, (None, NEUTRAL_COLOR, "-"))
    marker = "o" if len(values) == 1 else None
    panel.plot(1 + np.arange(len(values)), values, style, color=color, marker=marker, linewidth=1.4, label=label)
    if min(values) > 0:
        _use_log_scale(panel)


def _use_log_scale(panel):
    """A logarithmic axis whose labels are plain numbers, as many as have room."""
    panel.set_yscale("log")
    n_decades = np.diff(np.log10(panel.get_ylim())).item()
    labelled = "" if n_decades > 1 else "235" if n_decades > 0.4 else "123456789"
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in labelled else "")


def _is_curve(quantity):
    return quantity not in _NO_CURVES and not quantity.endswith(("_best", "_count"))
