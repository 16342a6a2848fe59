"""The codes of a tokenizer: what each decodes to, how often it is used, which are alike."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from sktsvq._gaps import pad_cases

from ._collections import as_cases, check_channel
from ._display import GENERATED_COLOR, NEUTRAL_COLOR, TOKEN_COLORS, Display, value_label
from ._parts import tokenizer_of, tokens_of, vocabulary_of

# More places of one code hardly change its mean.
_MAX_PLACES = 300


class CodebookDisplay(Display):
    """What each code decodes to where it stands, how often it is used, and which codes are alike.

    The first panel shows the usage, the second the cosines between the vectors of the codes where they have some, the
    others the most used codes: the mean of what each decodes to at its places, and a band that holds nine tenths of
    that. Use :meth:`from_estimator` to look at a fitted tokenizer.

    Parameters
    ----------
    pieces : list of arrays of shape (n_places, n_channels, n_timepoints)
        For each code, what it decodes to at some of its places; without place for a code that is not used.

    usage : array-like of int, shape (codebook_size,)
        How often each code is used.

    codebook : array-like of shape (codebook_size, codebook_dim), default=None
        The vectors of the codes.

    Attributes
    ----------
    order_ : ndarray of shape (codebook_size,)
        The codes from the most used to the least used one.

    similarity_ : ndarray of shape (codebook_size, codebook_size) or None
        Cosines between the codes, those side by side that are alike.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.inspection import CodebookDisplay
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, _ = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = VQVAETokenizer(8, max_epochs=2, random_state=0).fit(X)
    >>> CodebookDisplay.from_estimator(tokenizer, X, max_codes=4).axes_.shape
    (6,)
    """

    def __init__(self, pieces, usage, codebook=None):
        self.pieces = pieces
        self.usage = usage
        self.codebook = codebook

    @classmethod
    def from_estimator(cls, tokenizer, X, *, channel=0, max_codes=22, ax=None):
        """Tokenize series with a fitted tokenizer and plot its codes.

        Parameters
        ----------
        X : array-like
            Series in which to look for the codes.
        """
        subject = cls._subject("tokenizer")
        tokenizer = tokenizer_of(tokenizer, subject)
        vocabulary = vocabulary_of(tokenizer, subject)
        tokens, decoded = tokens_of(tokenizer, X)
        decoded = pad_cases(as_cases(decoded, "X", cls.__name__), vocabulary.token_spans.max())
        pieces = [_pieces(code, tokens, decoded, vocabulary.token_spans) for code in range(vocabulary.codebook_size)]
        usage = np.bincount(tokens.ravel(), minlength=vocabulary.codebook_size)
        return cls(pieces, usage, vocabulary.codebook).plot(ax=ax, channel=channel, max_codes=max_codes)

    def plot(self, ax=None, *, channel=0, max_codes=22):
        """Plot usage, similarity, and one panel for each of the most used codes.

        Raises
        ------
        ValueError
            If no code is used, or `pieces`, `usage` and `codebook` differ in length.
        """
        usage = self._check_usage()
        self.order_ = np.argsort(-usage, kind="stable")
        share = usage / usage.sum()
        shown = [code for code in self.order_[:max_codes] if len(self.pieces[code])]
        check_channel(channel, self.pieces[shown[0]], f"{type(self).__name__}.plot")
        n_overviews = 1 if self.codebook is None else 2
        ylabel = value_label(self.pieces[shown[0]], channel)
        shape = (n_overviews + len(shown),)
        with self._panels(ax, shape, n_cols=6, ylabel=ylabel, sharex=False, panel_size=(2, 1.6)) as panels:
            for panel, code in zip(panels[n_overviews:], shown, strict=True):
                _draw_pieces(panel, self.pieces[code][:, channel])
                panel.set_title(f"code {code}: {100 * share[code]:.1f} %", fontsize="medium")
        _share_values(panels[n_overviews:])
        _draw_usage(panels[0], share[self.order_])
        self.similarity_ = None
        if self.codebook is not None:
            self.similarity_ = _cosines(np.asarray(self.codebook, dtype=float))
            _draw_similarity(panels[1], self.similarity_)
        return self

    def _check_usage(self):
        owner, usage = type(self).__name__, np.asarray(self.usage)
        lengths = {"usage": len(usage)} | ({} if self.codebook is None else {"codebook": len(self.codebook)})
        for name, length in lengths.items():
            if length != len(self.pieces):
                raise ValueError(
                    f"The {name!r} parameter of {owner} must have one row for each of the {len(self.pieces)} codes of "
                    f"'pieces'. Got {length} instead."
                )
        if not any(map(len, self.pieces)):
            raise ValueError(f"The 'pieces' parameter of {owner} must hold a place of at least one code. Got none.")
        return usage


def _pieces(code, tokens, decoded, spans):
    """What a code decodes to at its places, (n_places, n_channels, n_timepoints), shorter ones padded by NaN."""
    cases, positions = np.nonzero(tokens == code)
    step = max(1, len(cases) // _MAX_PLACES)
    pieces = [decoded[c, :, slice(*spans[p])] for c, p in zip(cases[::step], positions[::step], strict=True)]
    pieces = [piece for piece in pieces if np.isfinite(piece).any()]  # end codes stand for nothing
    return pad_cases(pieces) if pieces else np.empty((0, decoded.shape[1], 1))


def _draw_pieces(panel, pieces):
    time = np.flatnonzero(np.isfinite(pieces).any(axis=0))
    low, high = np.nanquantile(pieces[:, time], (0.05, 0.95), axis=0)
    marker = "o" if len(time) < 2 else None
    panel.fill_between(time, low, high, color=GENERATED_COLOR, alpha=0.25, linewidth=0, label="5 % to 95 %")
    panel.plot(time, np.nanmean(pieces[:, time], axis=0), marker=marker, color=GENERATED_COLOR, label="mean")


def _share_values(panels):
    """Give the panels the same value axis, so that levels compare."""
    low, high = np.transpose([panel.get_ylim() for panel in panels])
    for panel in panels:
        panel.set_ylim(low.min(), high.max())
        panel.xaxis.get_major_locator().set_params(integer=True)


def _draw_usage(panel, share):
    panel.bar(np.arange(len(share)), 100 * share, width=1, color=NEUTRAL_COLOR)
    panel.set_title(f"{np.sum(share > 0)} of {len(share)} used", fontsize="medium")
    panel.set_xlabel("rank of code", fontsize="small")
    panel.set_ylabel("share of tokens (%)", fontsize="small")


def _draw_similarity(panel, similarity):
    image = panel.imshow(similarity, cmap=TOKEN_COLORS, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    panel.get_figure().colorbar(image, ax=panel, ticks=[-1, 0, 1]).ax.tick_params(labelsize="small")
    panel.set_title("cosine", fontsize="medium")
    panel.set_xlabel("codes, alike side by side", fontsize="small")
    panel.set(xticks=[], yticks=[])


def _cosines(vectors):
    """Cosines between vectors, in the order of a tree that merges the most alike first."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms == 0, 1, norms)
    if len(unit) > 2:
        unit = unit[leaves_list(linkage(unit, "average"))]
    return unit @ unit.T
