"""Every Display shows the numbers it was given, on new axes or on the user's own."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ReconstructionDisplay, SamplesDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.representation import VariationalAutoencoder
from sktsvq.tokenizers import VQVAETokenizer

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

UNEQUAL = [np.arange(2.0 * n).reshape(2, n) for n in (3, 5, 4)]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def waves(n_cases=9, n_channels=1, **parameters):
    return make_waves(n_cases, n_channels, 32, random_state=0, **parameters)


def test_import_leaves_matplotlib_alone():
    code = "import sys, sktsvq.inspection; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    X, y = waves()
    for display in [ReconstructionDisplay(X, X), SamplesDisplay(X, y, X, y)]:
        with pytest.raises(ImportError, match=r'pip install "sktsvq\[plot\]"'):
            display.plot()


@pytest.mark.parametrize("n_cases, n_channels", [(1, 1), (5, 1), (6, 1), (2, 3)])
def test_reconstruction(n_cases, n_channels):
    X, _ = waves(n_cases, n_channels)
    display = ReconstructionDisplay(X, X + 0.5, case_numbers=range(10, 10 + n_cases)).plot()
    assert display.axes_.shape == (n_cases, n_channels)
    assert_allclose(display.errors_, 0.25)
    last = display.axes_[-1, -1]
    original, reconstruction = last.lines
    assert_array_equal(original.get_ydata(), X[-1, -1])
    assert_array_equal(reconstruction.get_ydata(), X[-1, -1] + 0.5)
    assert f"case {9 + n_cases}" in last.get_title() and "MSE 0.25" in last.get_title()
    assert ("channel" in last.get_title()) == (n_channels > 1)
    assert last.get_xlabel() == "time point"
    assert display.axes_[0, 0].get_ylabel() == "value"
    display.figure_.canvas.draw()


def test_reconstruction_of_2d_series():
    X, _ = waves()
    display = ReconstructionDisplay(X[:, 0], X[:, 0]).plot()
    assert display.axes_.shape == (9, 1)


def test_reconstruction_of_unequal_length():
    display = ReconstructionDisplay(UNEQUAL, [case + 1 for case in UNEQUAL]).plot()
    assert_allclose(display.errors_, np.ones((3, 2)))


def test_reconstruction_shows_the_first_channels():
    X, _ = waves(2, 9)
    assert ReconstructionDisplay(X, X).plot().axes_.shape == (2, 6)
    assert ReconstructionDisplay(X, X).plot(max_channels=1).axes_.shape == (2, 1)
    with pytest.raises(ValueError, match="'max_channels' .* Got 0 instead"):
        ReconstructionDisplay(X, X).plot(max_channels=0)


def test_reconstruction_rejects_another_shape():
    X, _ = waves()
    with pytest.raises(ValueError, match=r"'reconstructions' .* case 0 is \(1, 32\). Got \(1, 31\) instead"):
        ReconstructionDisplay(X, X[..., 1:]).plot()


def test_own_axes():
    X, y = waves()
    figure, axes = plt.subplots(3, 3)
    display = ReconstructionDisplay(X, X).plot(ax=axes)
    assert display.figure_ is figure and display.axes_[4, 0] is axes[1, 1]

    _, ax = plt.subplots()
    assert ReconstructionDisplay(X[:1], X[:1]).plot(ax=ax).axes_.item() is ax
    with pytest.raises(ValueError, match="'ax' .* hold 9 matplotlib Axes. Got 1 instead"):
        ReconstructionDisplay(X, X).plot(ax=ax)

    _, axes = plt.subplots(2, 2)
    assert SamplesDisplay(X, y, X, y).plot(ax=axes).axes_[1, 0] is axes[1, 0]


def test_titles_of_neighbours_do_not_touch_with_long_labels():
    X, y = waves(n_classes=2)
    labels = np.array(["walking_upstairs_with_a_heavy_bag", "x" * 40])[y]
    display = SamplesDisplay(X, labels, X, labels).plot()
    display.figure_.canvas.draw()
    for left, right in display.axes_:
        assert left.title.get_window_extent().x1 < right.title.get_window_extent().x0
        assert left.title.get_window_extent().x0 >= 0


def test_samples_by_class():
    X, y = waves(n_channels=2, n_classes=3)
    labels = np.array(["one", "two", "three"])
    display = SamplesDisplay(X, labels[y], X[:5] + 1, labels[y[:5]]).plot(channel=1)
    assert_array_equal(display.classes_, ["one", "three", "two"])
    assert display.axes_.shape == (3, 2)
    real, generated = display.axes_[1]
    assert real.get_title() == "class three: real (3)"
    assert generated.get_title() == f"class three: generated ({np.sum(y[:5] == 2)})"
    assert len(real.lines) == 3 + 1
    assert_array_equal(real.lines[0].get_ydata(), X[y == 2][0, 1])
    assert_allclose(real.lines[-1].get_ydata(), X[y == 2][:, 1].mean(axis=0))
    assert real.get_ylim() == generated.get_ylim()
    display.figure_.canvas.draw()


def test_samples_without_labels():
    X, _ = waves()
    display = SamplesDisplay(X[:, 0], None, X[:4, 0], None).plot()
    assert display.classes_ is None
    assert [panel.get_title() for panel in display.axes_[0]] == ["real (9)", "generated (4)"]


def test_samples_of_a_class_with_no_real_series():
    X, y = waves()
    display = SamplesDisplay(X[y == 1], y[y == 1], X, y).plot()
    assert [len(panel.lines) for panel in display.axes_[0]] == [0, np.sum(y == 0) + 1]


def test_samples_of_unequal_length():
    display = SamplesDisplay(UNEQUAL, [0, 1, 1], np.ones((2, 2, 4)), [0, 1]).plot()
    display.figure_.canvas.draw()
    mean = display.axes_[1, 0].lines[-1].get_ydata()
    assert_array_equal(mean, [0, 1, 2, 3, 4])


def test_samples_rejects():
    X, y = waves()
    with pytest.raises(ValueError, match=r"'channel' .* range \[0, 1\). Got 1 instead"):
        SamplesDisplay(X, y, X, y).plot(channel=1)
    with pytest.raises(ValueError, match="'real_labels' and 'sample_labels'"):
        SamplesDisplay(X, y, X, None).plot()


@pytest.mark.parametrize("value, error", [(0, ValueError), (2.5, TypeError), (True, TypeError)])
def test_from_estimator_rejects(value, error):
    X, y = waves()
    with pytest.raises(error, match="'n_cases' parameter of ReconstructionDisplay.from_estimator"):
        ReconstructionDisplay.from_estimator(VQVAETokenizer(), X, n_cases=value)
    with pytest.raises(error, match="'n_samples' parameter of SamplesDisplay.from_estimator"):
        SamplesDisplay.from_estimator(VQGenerator(), X, y, n_samples=value)


@pytest.mark.parametrize("layout", ["2-D", "3-D"])
def test_reconstruction_from_estimator(layout):
    X, _ = waves(12, 1 if layout == "2-D" else 2)
    X = X[:, 0] if layout == "2-D" else X
    tokenizer = VQVAETokenizer(output="histogram", max_epochs=1, random_state=0).fit(X)
    display = ReconstructionDisplay.from_estimator(tokenizer, X, n_cases=4, random_state=0)
    assert tokenizer.output == "histogram"
    assert display.axes_.shape == (4, 1 if layout == "2-D" else 2)
    assert_array_equal(display.originals, X[display.case_numbers])
    again = ReconstructionDisplay.from_estimator(tokenizer, X, n_cases=4, random_state=0)
    assert_array_equal(again.case_numbers, display.case_numbers)
    everything = ReconstructionDisplay.from_estimator(tokenizer, X, n_cases=99)
    assert_array_equal(everything.case_numbers, np.arange(12))
    assert_allclose(everything.errors_.mean(), -tokenizer.score(X), rtol=1e-5)


def test_reconstruction_by_class():
    X, y = waves(12, n_classes=2)
    names = np.array(["a", "b"])[y]
    vae = VariationalAutoencoder(4, width=8, n_blocks=1, conditional=True, max_epochs=2, random_state=0).fit(X, names)
    display = ReconstructionDisplay.from_estimator(vae, X, names, n_cases=5, random_state=0)
    cases = display.case_numbers
    expected = vae.inverse_transform(vae.transform(X), names)
    assert_allclose(display.reconstructions, expected[cases], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="'y' parameter of ReconstructionDisplay.from_estimator must hold the classes"):
        ReconstructionDisplay.from_estimator(vae, X)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ReconstructionDisplay.from_estimator(vae, X, names[:3])
    indifferent = VQVAETokenizer(max_epochs=1, random_state=0).fit(X)
    assert ReconstructionDisplay.from_estimator(indifferent, X, names, n_cases=2).axes_.shape == (2, 1)


def test_samples_from_estimator():
    X, y = waves(20, n_classes=10)
    generator = VQGenerator(VQVAETokenizer(max_epochs=1), MaskGITPrior(max_epochs=1))
    generator.fit(X, y)
    display = SamplesDisplay.from_estimator(generator, X, n_samples=3, random_state=0)
    assert display.samples.shape == (3, 1, 32) and display.axes_.shape == (1, 2)

    display = SamplesDisplay.from_estimator(generator, X, y, n_samples=3, random_state=0)
    assert_array_equal(display.classes_, range(8))
    assert_array_equal(display.sample_labels, np.repeat(range(8), 3))
    assert_array_equal(np.bincount(display.real_labels), [2] * 8)
    again = SamplesDisplay.from_estimator(generator, X, y, n_samples=3, random_state=0)
    assert_array_equal(again.samples, display.samples)

    display = SamplesDisplay.from_estimator(generator, X, y, n_samples=3, classes=[9])
    assert_array_equal(display.classes_, [9])
