"""One page that says what a generator learnt and how good its series are."""

from datetime import date
from html import escape

import numpy as np

from sktsvq._files import write_atomically
from sktsvq._summary import number
from sktsvq._validation import draw_seed
from sktsvq.metrics import evaluate
from sktsvq.metrics._layout import cases_of, check_collections
from sktsvq.metrics._uneven import draws_uneven

from ._anomaly import AnomalyDisplay
from ._cards import data_facts, model_facts
from ._codebook import CodebookDisplay
from ._decoding import DecodingDisplay
from ._display import Display
from ._embedding import EmbeddingDisplay
from ._forecast import ForecastDisplay
from ._history import HistoryDisplay
from ._page import card, code, page, paragraph, picture, score_table, section
from ._parts import decodes_by_class, prior_of, tokenizer_of
from ._reconstruction import ReconstructionDisplay
from ._samples import SamplesDisplay
from ._scores import ScoreDisplay
from ._tokens import TokenDisplay
from ._verdicts import explain, is_good, question_of, summarize

_INTRODUCTION = (
    "Each score compares generated series with held-out real ones. The column 'real' is what other real series get in "
    "their place, on as many series: no generator can be asked for more. A verdict counts only differences beyond "
    "chance."
)


def report(generator, X_train, y_train, X_test, y_test, path, *, table=None, title=None, random_state=0):
    """Write one self-contained HTML page on a fitted generator: scores with verdicts, pictures, data and model card.

    Parameters
    ----------
    generator : fitted VQGenerator or Pipeline
        Anything that :func:`sktsvq.generator.sample_series` draws from.

    X_train, y_train : array-like of shape (n_cases, n_channels, n_timepoints), array-like of shape (n_cases,) or None
        The series that it was fitted on, and their labels.

    X_test, y_test : array-like of shape (n_cases, n_channels, n_timepoints), array-like of shape (n_cases,) or None
        Series that it was not fitted on, and their labels.

    path : str or path-like
        The file to write, such as "report.html".

    table : pandas.DataFrame, default=None
        What :func:`sktsvq.metrics.evaluate` returned for these. None computes it.

    title : str, default=None
        Title of the page. None names the generator.

    random_state : int, RandomState instance or None, default=0
        Of the scores and the pictures.

    Returns
    -------
    path : str or path-like
        What was given.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    NotFittedError, TypeError
        If `generator` is not fitted or cannot sample.

    ValueError
        What :func:`sktsvq.metrics.evaluate` raises.

    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.generator import VQGenerator
    >>> from sktsvq.inspection import report
    >>> from sktsvq.priors import MarkovPrior
    >>> from sktsvq.tokenizers import VQVAETokenizer
    >>> X, _ = make_waves(n_cases=100, n_timepoints=32, random_state=0)
    >>> generator = VQGenerator(VQVAETokenizer(max_epochs=2), MarkovPrior(), random_state=0).fit(X[:50])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = report(generator, X[:50], None, X[50:], None, f"{folder}/report.html")
    """
    Display._check_matplotlib()
    for part_of in (tokenizer_of, prior_of):
        part_of(generator, "The 'generator' parameter of report")
    with write_atomically(path) as partial:  # a path that cannot be written to comes to light before the work
        text = _page(generator, (X_train, y_train, X_test, y_test), table, title, draw_seed(random_state))
        partial.write_text(text, encoding="utf-8")
    return path


def _page(generator, sets, table, title, seed):
    X_train, y_train, X_test, y_test = sets
    if table is None:
        table = evaluate(generator, X_train, y_train, X_test, y_test, random_state=seed)
    train, test = map(cases_of, check_collections(X_train=X_train, X_test=X_test))
    title = f"Report on {type(generator).__name__}" if title is None else title
    contents = {"scores": "Scores", "data": "Data and model", "pictures": "Pictures"}
    links = "".join(f'<a href="#{name}">{escape(text)}</a>' for name, text in contents.items())
    data = card("Data", data_facts({"Train": (train, y_train), "Held-out": (test, y_test)}))
    model = card("Model", model_facts(generator, X_test), code(repr(generator)))
    figures = [picture(*one) for one in _pictures(generator, X_train, X_test, y_test, table, seed)]
    body = [
        f"<h1>{escape(title)}</h1>",
        paragraph(summarize(table), "lead"),
        f"<nav>{links}</nav>",
        section("scores", contents["scores"], paragraph(_INTRODUCTION), score_table(_rows(table)), figures[0]),
        section("data", contents["data"], f'<div class="cards">{data}{model}</div>'),
        section("pictures", contents["pictures"], *figures[1:]),
        f"<footer>Written by sktsvq on {date.today():%d %B %Y}.</footer>",
    ]
    return page(title, body)


def _rows(table):
    rows = []
    for name, row in table.iterrows():
        texts = {column: _number(row[column]) for column in ("value", "floor", "ideal")}
        interval = f"{_number(row.low)} to {_number(row.high)}" if np.isfinite(row.low) else ""
        judged = {"verdict": row.verdict, "explanation": explain(name, row), "good": is_good(row)}
        rows.append({"name": name, "question": question_of(name), "interval": interval} | texts | judged)
    return rows


def _number(value):
    return number(value) if np.isfinite(value) else ""


def _pictures(generator, X_train, X_test, y_test, table, seed):
    """Figure, title and caption of each picture that this generator allows."""
    tokenizer, prior = tokenizer_of(generator, ""), prior_of(generator, "")
    label = None if y_test is None else np.asarray(y_test)[0]
    knows_spans = getattr(getattr(tokenizer, "vocabulary_", None), "token_spans", None) is not None
    pictures = [
        (
            "Scores",
            "Every score with its interval (orange), what real series get (blue) and the ideal (dotted). Each has a "
            "scale of its own.",
            lambda: ScoreDisplay(table).plot(),
            True,
        ),
        (
            "Real and generated series",
            "Held-out real series on the left, generated ones on the right, by class where there are labels. Thin: "
            "single series; thick: their mean; band: nine tenths of them.",
            lambda: SamplesDisplay.from_estimator(generator, X_test, y_test, random_state=seed),
            True,
        ),
        (
            "Real and generated series as points",
            "What counts is whether circles (real) and crosses (generated) mix. Distances between groups mean nothing "
            "under t-SNE.",
            lambda: EmbeddingDisplay.from_estimator(generator, X_test, y_test, random_state=seed),
            True,
        ),
        (
            "Reconstructions",
            "Held-out series, and what is left of them after the tokens. No sample can be better than this.",
            lambda: ReconstructionDisplay.from_estimator(tokenizer, X_test, y_test, random_state=seed, n_cases=3),
            y_test is not None or not decodes_by_class(tokenizer),
        ),
        (
            "Tokens along time",
            "Each cell is a token, below the time points that it stands for.",
            lambda: TokenDisplay.from_estimator(tokenizer, X_test, random_state=seed, n_cases=2),
            knows_spans,
        ),
        (
            "Codebook",
            "How often codes are used, which are alike, and what the most used ones decode to where they stand.",
            lambda: CodebookDisplay.from_estimator(tokenizer, X_train, max_codes=16),
            knows_spans,
        ),
        (
            "A sample, step by step",
            "What would be written after each step; coloured tokens are kept, empty ones are drawn anew.",
            lambda: DecodingDisplay.from_estimator(generator, y=label, random_state=seed),
            knows_spans and hasattr(prior, "sample_steps"),
        ),
        (
            "Futures",
            "The last third of held-out series, drawn by the generator from the first two thirds.",
            lambda: _forecast(generator, X_test, seed),
            knows_spans and hasattr(generator, "forecast") and not draws_uneven(generator),
        ),
        (
            "The oddest held-out series",
            "Darker where the generator is more surprised.",
            lambda: AnomalyDisplay.from_estimator(generator, X_test),
            knows_spans and hasattr(prior, "score_tokens"),
        ),
        (
            "Training",
            "Losses by epoch. A flat end means that the training was long enough.",
            lambda: HistoryDisplay.from_estimator(generator),
            any(hasattr(part, "history_") for part in (tokenizer, prior)),
        ),
    ]
    for title, caption, make, is_possible in pictures:
        if is_possible:
            yield make().figure_, title, f"{title}. {caption}"


def _forecast(generator, X, seed):
    X = np.asarray(X)
    n_known = max(1, 2 * X.shape[-1] // 3)
    known, n_more = X[..., :n_known], X.shape[-1] - n_known
    return ForecastDisplay.from_forecast(generator, known, n_more, truth=X, random_state=seed)
