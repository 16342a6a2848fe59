"""Every Display draws what it was given, from every form of generator, on new axes or on the user's own."""

import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import sktsvq.inspection
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import (
    AnomalyDisplay,
    CodebookDisplay,
    DecodingDisplay,
    EmbeddingDisplay,
    ForecastDisplay,
    HistoryDisplay,
    ReconstructionDisplay,
    SamplesDisplay,
    ScoreDisplay,
    TokenDisplay,
    TradeOffDisplay,
)
from sktsvq.metrics import evaluate
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.tokenizers import TimeVQVAETokenizer, VQVAETokenizer

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

N_TIMEPOINTS = 24
SMALL = {"width": 8, "max_epochs": 2}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def data(n_channels, n_classes):
    return make_waves(max(20, n_classes), n_channels, N_TIMEPOINTS, n_classes, random_state=0)


def parts(n_channels):
    """Two streams of tokens for several channels, one for a single channel."""
    tokenizer = TimeVQVAETokenizer if n_channels > 1 else VQVAETokenizer
    return tokenizer(8, **SMALL, random_state=0), MaskGITPrior(
        **SMALL, n_layers=1, n_heads=2, n_steps=3, random_state=0
    )


@pytest.fixture(scope="module", params=[(1, 2, "generator"), (6, 60, "generator"), (1, 2, "pipeline")], ids=str)
def fitted(request):
    """A generator or a Pipeline, and the series and labels that it was fitted on."""
    n_channels, n_classes, form = request.param
    X, y = data(n_channels, n_classes)
    estimator = VQGenerator(*parts(n_channels)) if form == "generator" else make_pipeline(*parts(n_channels))
    return estimator.fit(X, y), X, y


@pytest.fixture(scope="module")
def table():
    X, y = make_waves(60, 1, N_TIMEPOINTS, 2, random_state=0)
    return evaluate(VQGenerator(*parts(1), random_state=0).fit(X[:30]), X[:30], None, X[30:], None)


def holes(X):
    X = X.copy()
    X[..., 8:14] = np.nan
    return X


# What each Display makes of a fitted generator, and the number of its panels.
FROM_ESTIMATOR = {
    AnomalyDisplay: (lambda g, X, y, **ax: AnomalyDisplay.from_estimator(g, X, y, n_cases=3, **ax), 3),
    CodebookDisplay: (lambda g, X, y, **ax: CodebookDisplay.from_estimator(g, X, max_codes=2, **ax), 4),
    DecodingDisplay: (lambda g, X, y, **ax: DecodingDisplay.from_estimator(g, y=y[0], max_steps=2, **ax), 2),
    EmbeddingDisplay: (lambda g, X, y, **ax: EmbeddingDisplay.from_estimator(g, X, y, random_state=0, **ax), 4),
    HistoryDisplay: (lambda g, X, y, **ax: HistoryDisplay.from_estimator(g, **ax), 3),
    ReconstructionDisplay: (lambda g, X, y, **ax: ReconstructionDisplay.from_estimator(g, X, n_cases=2, **ax), 2),
    SamplesDisplay: (lambda g, X, y, **ax: SamplesDisplay.from_estimator(g, X, y, classes=[0, 1], **ax), 4),
    TokenDisplay: (lambda g, X, y, **ax: TokenDisplay.from_estimator(g, X, n_cases=2, **ax), 2),
}
# These take no Pipeline, or no generator at all; they have tests of their own.
OTHERS = {ForecastDisplay, ScoreDisplay, TradeOffDisplay}
by_name = pytest.mark.parametrize("display", FROM_ESTIMATOR, ids=lambda display: display.__name__)


def test_no_display_is_left_out():
    names = [name for name in sktsvq.inspection.__all__ if name.endswith("Display")]
    assert {*FROM_ESTIMATOR, *OTHERS} == {getattr(sktsvq.inspection, name) for name in names}


@by_name
def test_from_estimator(display, fitted):
    generator, X, y = fitted
    make, n_panels = FROM_ESTIMATOR[display]
    n_panels *= X.shape[1] if display is ReconstructionDisplay else 1
    shown = make(generator, X, y)
    assert isinstance(shown, display)
    assert shown.axes_.size == n_panels
    assert all(panel.get_title() for panel in shown.axes_.flat)
    assert all(panel.has_data() for panel in shown.axes_.flat)
    shown.figure_.canvas.draw()

    figure, axes = plt.subplots(n_panels)
    again = make(generator, X, y, ax=axes)
    assert again.figure_ is figure
    assert_array_equal(again.axes_.ravel(), axes)
    with pytest.raises(ValueError, match=f"'ax' parameter of {display.__name__}.plot .* Got 1 instead"):
        make(generator, X, y, ax=axes[0])


@by_name
@pytest.mark.parametrize("fitted", [(1, 2, "generator")], indirect=True, ids=str)
def test_a_pipeline_that_ends_in_a_generator(display, fitted):
    generator, X, y = fitted
    make, n_panels = FROM_ESTIMATOR[display]
    assert make(make_pipeline(generator), X, y).axes_.size == n_panels


@by_name
def test_labels_lie_within_the_figure(display, fitted):
    generator, X, y = fitted
    figure = FROM_ESTIMATOR[display][0](generator, X, y).figure_
    figure.canvas.draw()
    box = figure.bbox.padded(2)
    for panel in figure.axes:
        for text in (panel.title, panel.xaxis.label, panel.yaxis.label):
            if text.get_text():
                extent = text.get_window_extent()
                assert box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0 and extent.y1 <= box.y1


@by_name
def test_rejects_what_is_not_fitted_or_no_generator(display):
    X, y = data(1, 2)
    make, _ = FROM_ESTIMATOR[display]
    with pytest.raises((NotFittedError, TypeError), match="fitted"):
        make(VQGenerator(), X, y)
    with pytest.raises((NotFittedError, TypeError)):
        make(make_pipeline(*parts(1)), X, y)
    with pytest.raises(TypeError, match=f"parameter of {display.__name__}.from_estimator must be .* Got SVC instead"):
        make(SVC(), X, y)


@by_name
def test_without_matplotlib(display, fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=rf'{display.__name__} needs matplotlib: pip install "sktsvq\[plot\]"'):
        FROM_ESTIMATOR[display][0](*fitted)


def test_tokens_along_time(fitted):
    generator, X, _ = fitted
    display = TokenDisplay.from_estimator(generator, X, n_cases=1, random_state=0)
    cells = display.ax_.collections
    assert len(cells) == display.tokens.shape[1]
    spans = display.vocabulary.token_spans
    drawn = [cell.get_paths()[0].get_extents() for cell in cells]
    assert_allclose([[box.x0 + 0.5, box.x1 + 0.5] for box in drawn], spans)
    overlap = [
        (one, other)
        for one in range(len(drawn))
        for other in range(one)
        if max(spans[one][0], spans[other][0]) < min(spans[one][1], spans[other][1])
    ]
    assert all(drawn[one].y0 != drawn[other].y0 for one, other in overlap)


def test_codebook_counts_and_decodes(fitted):
    generator, X, _ = fitted
    display = CodebookDisplay.from_estimator(generator, X, max_codes=100)
    tokenizer = generator.tokenizer_ if hasattr(generator, "tokenizer_") else generator[0]
    assert_array_equal(display.usage, tokenizer.codebook_usage_)
    assert display.axes_.size == 2 + np.sum(display.usage > 0)
    assert_allclose(np.sort(np.diag(display.similarity_)), 1, atol=1e-6)
    code = display.order_[0]
    cases, positions = np.nonzero(tokenizer.tokenize(X) == code)
    start, stop = tokenizer.token_spans_[positions[0]]
    decoded = tokenizer.inverse_transform(tokenizer.tokenize(X))[cases[0], :, start:stop]
    assert_allclose(display.pieces[code][0][:, : stop - start], decoded)
    channel = X.shape[1] - 1
    expected = f"value, channel {channel}" if X.shape[1] > 1 else "value"
    assert expected in [panel.get_ylabel() for panel in display.plot(channel=channel).axes_]


def test_decoding_ends_in_the_sample(fitted):
    generator, _, y = fitted
    display = DecodingDisplay.from_estimator(generator, y=y[0], random_state=3)
    assert not display.masked[-1].any() and display.masked[0].any()
    kept = ~display.masked
    for step in range(1, len(kept)):
        assert_array_equal(display.drafts[step][kept[step - 1]], display.drafts[step - 1][kept[step - 1]])
        assert kept[step][kept[step - 1]].all()


def test_decoding_needs_steps():
    X, y = data(1, 2)
    generator = VQGenerator(parts(1)[0], MarkovPrior()).fit(X, y)
    with pytest.raises(TypeError, match="with sample_steps"):
        DecodingDisplay.from_estimator(generator)


def test_history_shows_what_was_recorded(fitted):
    generator, _, _ = fitted
    display = HistoryDisplay.from_estimator(generator)
    names = list(display.histories)
    assert names[-1] == "MaskGITPrior"
    losses = [epoch["train_loss"] for epoch in display.histories["MaskGITPrior"]]
    panel = display.axes_[display.curves_.index(("MaskGITPrior", "loss"))]
    assert_array_equal(panel.lines[0].get_ydata(), losses)


def test_history_shows_held_out_losses():
    X, _ = data(1, 2)
    tokenizer = VQVAETokenizer(8, width=8, max_epochs=4, early_stopping=True, random_state=0).fit(X)
    panel = HistoryDisplay.from_estimator(tokenizer).axes_[0]
    assert [line.get_label() for line in panel.lines] == ["train", "held out"]


def test_embedding_of_copies_mixes():
    X, _ = data(2, 2)
    display = EmbeddingDisplay.from_series(X, X, random_state=0)
    real, generated = display.points["values", "PCA"]
    assert_allclose(real, generated)
    with pytest.raises(ValueError, match="at least 3 real series. Got 2 instead"):
        EmbeddingDisplay.from_series(X[:2], X)
    with pytest.raises(ValueError, match="same channels and time points"):
        EmbeddingDisplay.from_series(X, X[..., 1:])


def test_anomaly_finds_the_oddest(fitted):
    generator, X, _ = fitted
    display = AnomalyDisplay.from_estimator(generator, X, n_cases=len(X))
    assert_array_equal(np.sort(display.case_numbers), np.arange(len(X)))
    assert np.all(np.diff(display.totals_) <= 1e-9)
    if hasattr(generator, "score_timepoints"):
        assert_allclose(display.surprise, generator.score_timepoints(X)[display.case_numbers])


def test_anomaly_rejects_another_shape():
    X, _ = data(1, 2)
    with pytest.raises(ValueError, match=r"'surprise' .* shape \(20, 24\)"):
        AnomalyDisplay(X, X[:, 0, 1:]).plot()


@pytest.mark.parametrize("n_channels", [1, 6])
def test_gaps_and_futures(n_channels):
    X, y = data(n_channels, 2)
    generator = VQGenerator(*parts(n_channels), random_state=0).fit(X, y)
    gaps = ForecastDisplay.from_gaps(generator, holes(X), truth=X, y=y, n_draws=5, n_cases=2, random_state=0)
    assert gaps.axes_.shape == (2,)
    assert_array_equal(np.isfinite(gaps.axes_[0].lines[-1].get_ydata()), _between(7, 15))
    known = gaps.axes_[0].lines[0].get_ydata()
    assert_array_equal(np.isnan(known), _between(8, 14))
    assert_allclose(gaps.draws[:, :, :, :8], np.broadcast_to(np.asarray(gaps.known)[..., :8], (5, 2, n_channels, 8)))

    futures = ForecastDisplay.from_forecast(generator, X[..., :16], 6, truth=X[..., :22], n_draws=5, random_state=0)
    assert futures.draws.shape == (5, 4, n_channels, 22)
    labels = futures.axes_[0].get_legend_handles_labels()[1]
    assert labels == ["known", "truth", "90 % of draws", "50 % of draws", "median"]
    futures.figure_.canvas.draw()


def test_forecast_rejects():
    X, _ = data(1, 2)
    with pytest.raises(ValueError, match="'draws' parameter of ForecastDisplay must have the shape of 'known'"):
        ForecastDisplay(X, [X[..., 1:]]).plot()
    with pytest.raises(ValueError, match="'truth' parameter of ForecastDisplay must have the shape of 'known'"):
        ForecastDisplay(X, [X], truth=X[..., 1:]).plot()
    with pytest.raises((TypeError, ValueError), match="'generator' parameter of ForecastDisplay.from_gaps"):
        ForecastDisplay.from_gaps(SVC(), X)


def test_scores_of_a_table(table):
    display = ScoreDisplay(table).plot()
    assert display.scores_ == list(table.index[table.value.notna()])
    panel = display.axes_[display.scores_.index("frechet_distance")]
    row = table.loc["frechet_distance"]
    interval, value, floor, ideal = panel.lines
    assert_allclose(interval.get_xdata(), [row.low, row.high])
    assert_allclose([value.get_xdata()[0], floor.get_xdata()[0], ideal.get_xdata()[0]], [row.value, row.floor, 0])
    assert row.verdict in panel.get_title(loc="left")
    with pytest.raises(ValueError, match="'table' parameter of ScoreDisplay .* Got one without value"):
        ScoreDisplay(pd.DataFrame()).plot()


def test_trade_off(table):
    display = TradeOffDisplay({"a": table, "b": table}, score="coverage").plot()
    assert display.ax_.get_legend_handles_labels()[1] == ["real series (floor)", "a", "b"]
    assert "higher is better" in display.ax_.get_ylabel()
    for tables, message in [({}, "at least one table"), ({"a": table.drop("coverage")}, "'coverage' in each table")]:
        with pytest.raises(ValueError, match=message):
            TradeOffDisplay(tables, score="coverage").plot()


def _between(start, stop):
    time = np.arange(N_TIMEPOINTS)
    return (start <= time) & (time < stop)


@pytest.mark.parametrize("display", [DecodingDisplay, SamplesDisplay], ids=lambda display: display.__name__)
def test_values_are_labelled_by_their_channel_where_there_are_several(display, fitted):
    generator, X, y = fitted
    shown = FROM_ESTIMATOR[display][0](generator, X, y).plot(channel=X.shape[1] - 1)
    expected = f"value, channel {X.shape[1] - 1}" if X.shape[1] > 1 else "value"
    assert shown.axes_.flat[0].get_ylabel() == expected
