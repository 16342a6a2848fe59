"""The benchmark of single missing points: its windows, its errors by definition, its table."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktsvq.benchmark.points import fill, load_windows, main


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Hours of 21 months in the form of ETTh1.csv, with steps of one in the first channel."""
    folder, rng = tmp_path_factory.mktemp("ett"), np.random.RandomState(0)
    values = rng.normal(size=(21 * 720, 7))
    values[:, 0] = np.arange(len(values))
    rows = (f"2016-07-01 00:00:00,{','.join(map(repr, row))}\n" for row in values.tolist())
    (folder / "ETTh1.csv").write_text("date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT\n" + "".join(rows))
    return folder


def test_windows_are_those_of_the_months(data_dir):
    X_train, X_test = load_windows("ETTh1", data_dir, 10_000, np.random.default_rng(0))
    assert X_train.shape == (12 * 720 - 95, 7, 96) and X_test.shape == (4 * 720 - 95, 7, 96)
    step, mean = np.arange(12 * 720).std(), np.arange(12 * 720).mean()
    hours = X_test[:, 0] * step + mean
    assert_allclose([hours.min(), hours.max()], [16 * 720, 20 * 720 - 1])


class Halfway:
    """Fills every gap by draws that are evenly spread between 0 and 1, and by 1 / 2 as an estimate."""

    def impute(self, X, *, n_draws=None, random_state):
        draws = np.linspace(0, 1, n_draws)[:, np.newaxis, np.newaxis, np.newaxis] if n_draws else 0.5
        return np.where(np.isnan(X), draws, X)


def test_errors_by_definition():
    X = np.random.RandomState(0).uniform(size=(50, 3, 96))
    squared, absolute, line_squared, line_absolute, inside = fill(Halfway(), X, 0.25, np.random.default_rng(0))
    # Of uniform values the variance is 1 / 12; neighbours' means are off by more.
    assert squared == pytest.approx(1 / 12, abs=0.005) and absolute == pytest.approx(1 / 4, abs=0.01)
    assert inside == pytest.approx(0.9, abs=0.02)
    assert line_squared == pytest.approx(1.5 / 12, abs=0.02) and line_absolute > absolute


def test_table(data_dir, capsys):
    model = "VQVAETokenizer(codebook_size=4, width=8, codebook_dim=4, max_epochs=1) + MarkovPrior"
    main(["ETTh1", "--data-dir", str(data_dir), "--model", model, "--n-cases", "4", "--stride", "96"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines[2:]] == ["0.125", "0.25", "0.375", "0.5", "mean", "mean"]
    values = np.array([line.strip("| ").split(" | ")[2:] for line in lines[2:7]], dtype=float)
    assert_allclose(values[4], values[:4].mean(axis=0), atol=1.1e-3)
    assert lines[7].startswith("| ETTh1, TimesNet | mean | 0.078 | 0.187 |")
