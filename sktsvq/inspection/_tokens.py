"""Series with their tokens along time."""

import numpy as np

from ._collections import draw_cases, take_cases
from ._display import GENERATED_COLOR, REAL_COLOR, TOKEN_COLORS, Display
from ._parts import tokenizer_of, tokens_of, vocabulary_of

# Height of a lane of tokens, and of all lanes together, as shares of a panel.
_LANE, _ALL_LANES = 0.13, 0.45


class TokenDisplay(Display):
    """Series, and below each the tokens that stand for it, at their time points.

    Dark and light cells are low and high code numbers of a stream. Tokens that stand for the same time points, as those
    of several frequencies, lie one above the other. Use :meth:`from_estimator` to tokenize with a fitted tokenizer.

    Parameters
    ----------
    series : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
        The series.

    tokens : array-like of int, shape (n_cases, n_tokens)
        Their tokens.

    vocabulary : Vocabulary
        What the tokens stand for, with `token_spans`.

    reconstructions : array-like, default=None
        What the tokens decode to, shaped like `series`.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import TokenDisplay
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, _ = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(max_epochs=2, random_state=0).fit(X)
    >>> TokenDisplay.from_estimator(tokenizer, X, n_cases=2, random_state=0).axes_.shape
    (2,)
    """

    def __init__(self, series, tokens, vocabulary, *, reconstructions=None, case_numbers=None):
        self.series = series
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.reconstructions = reconstructions
        self.case_numbers = case_numbers

    @classmethod
    def from_estimator(cls, tokenizer, X, *, n_cases=3, channel=0, random_state=None, ax=None):
        """Tokenize some series with a fitted tokenizer and plot them."""
        subject = cls._subject("tokenizer")
        tokenizer = tokenizer_of(tokenizer, subject)
        vocabulary = vocabulary_of(tokenizer, subject)
        cases = draw_cases(X, n_cases, random_state)
        series = take_cases(X, cases)
        tokens, reconstructions = tokens_of(tokenizer, series)
        display = cls(series, tokens, vocabulary, reconstructions=reconstructions, case_numbers=cases)
        return display.plot(ax=ax, channel=channel)

    def plot(self, ax=None, *, channel=0):
        """Plot one panel for each case.

        Raises
        ------
        ValueError
            If `series` or `reconstructions` are no series.
        """
        series = self._cases("series", channel)
        lines = [("original", series, REAL_COLOR)]
        if self.reconstructions is not None:
            lines.append(("reconstruction", self._cases("reconstructions", channel), GENERATED_COLOR))
        titles = self._case_titles(series, channel)
        with self._panels(ax, (len(series),), n_cols=1, panel_size=(7.5, 1.9)) as panels:
            for case, panel in enumerate(panels):
                for label, cases, color in lines:
                    panel.plot(cases[case, channel], color=color, linewidth=1.2, label=label)
                panel.set_title(f"{titles[case]}: {len(self.tokens[case])} tokens", fontsize="medium")
        for panel, tokens in zip(panels, self.tokens, strict=True):
            draw_tokens(panel, tokens, self.vocabulary)
        return self


def draw_tokens(panel, tokens, vocabulary, *, shown=None):
    """Draw tokens as coloured cells below the lines of a panel, with their numbers where they fit.

    Parameters
    ----------
    panel : matplotlib Axes
        With its lines.
    tokens : array of int, shape (n_tokens,)
    vocabulary : Vocabulary
    shown : bool array of shape (n_tokens,), default=None
        Which tokens are filled in; the others are empty cells. None is all.
    """
    lanes = _lanes(vocabulary.token_spans)
    n_lanes = max(lanes) + 1
    height = min(_LANE, _ALL_LANES / n_lanes)
    low, high = panel.get_ylim()
    share = height * n_lanes + 0.04
    panel.set_ylim(low - (high - low) * share / (1 - share), high)
    place = panel.get_xaxis_transform()  # time points across, shares of the panel upwards
    colors = token_colors(tokens, vocabulary)
    points_per_step = 72 * panel.get_figure().get_figwidth() * panel.get_position().width / vocabulary.token_spans.max()
    n_digits = len(str(max(tokens)))
    widths = [stop - start for start, stop in vocabulary.token_spans]
    # The last cell of a lane may be narrow.
    has_room = [
        height == _LANE and np.median(_of_lane(widths, lanes, lane)) * points_per_step > 4.2 * n_digits
        for lane in range(n_lanes)
    ]
    for position, ((start, stop), lane) in enumerate(zip(vocabulary.token_spans, lanes, strict=True)):
        is_shown = shown is None or shown[position]
        cell = [(start - 0.5, stop - start)], (height * lane, 0.9 * height)
        color = colors[position] if is_shown else "white"
        panel.broken_barh(*cell, facecolors=color, edgecolors="#bbbbbb", linewidth=0.4, transform=place)
        if is_shown and has_room[lane] and (stop - start) * points_per_step > 4.2 * n_digits:
            middle = (start + stop - 1) / 2, height * (lane + 0.45)
            ink = "white" if sum(color[:3]) < 1.5 else "black"
            panel.text(*middle, tokens[position], transform=place, ha="center", va="center", color=ink, fontsize=6)


def token_colors(tokens, vocabulary):
    """The colour of each token, (n_tokens, 4): by the number of its code within its stream."""
    import matplotlib.pyplot as plt

    level = np.zeros(len(tokens))
    for part, codes in zip(vocabulary.token_slices, vocabulary.codebook_slices, strict=True):
        level[part] = (np.asarray(tokens)[part] - codes.start) / max(1, codes.stop - codes.start - 1)
    return plt.get_cmap(TOKEN_COLORS)(level)


def _of_lane(values, lanes, lane):
    return [value for value, its_lane in zip(values, lanes, strict=True) if its_lane == lane]


def _lanes(spans):
    """For each token the lowest lane in which it overlaps none before it."""
    ends, lanes = [], []
    for start, stop in spans:
        lane = next((lane for lane, end in enumerate(ends) if end <= start), len(ends))
        ends[lane : lane + 1] = [stop]
        lanes.append(lane)
    return lanes
