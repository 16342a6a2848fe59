"""The commands run to the end and leave what they promise."""

import csv

import pytest

from sktsvq import __main__, benchmark, load
from sktsvq.__main__ import main
from sktsvq.benchmark import gaps, points, probes, quantizers, sensitivity
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer


@pytest.fixture
def few_series(monkeypatch):
    """Sets of at most 67 series, as many as the train set has: scores of a thousand take a minute."""

    def load(name, split, **places):
        X, y = load_ucr(name, split, **places)
        return X[:67], y[:67]

    monkeypatch.setattr(__main__, "load_ucr", load)


@pytest.mark.parametrize(
    "dataset, size",
    [("ItalyPowerDemand", "1 channel, 24 time points"), ("JapaneseVowels", "12 channels, 11 to 26 time points")],
)
def test_demo(dataset, size, tmp_path, capsys, few_steps, few_series):
    main(["demo", "--dataset", dataset, "--out", str(tmp_path), "--max-epochs", "3"])
    printed = capsys.readouterr().out
    for score in ("frechet_distance", "inception_score", "memorization_ratio", "linear probe", "verdict", size):
        assert score in printed
    for picture in ("samples.png", "reconstruction.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert dataset in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(load(tmp_path / "generator.sktsvq").sample(2)) == 2


def test_report(tmp_path, capsys, few_steps, few_series):
    X, y = load_ucr("ItalyPowerDemand", "train")
    VQGenerator(VQVAETokenizer(8, max_epochs=2), MarkovPrior(), random_state=0).fit(X, y).save(tmp_path / "g.sktsvq")
    page = tmp_path / "page.html"
    main(["report", str(tmp_path / "g.sktsvq"), "--dataset", "ItalyPowerDemand", "--out", str(page)])
    assert str(page) in capsys.readouterr().out
    assert "MarkovPrior" in page.read_text(encoding="utf-8")


def test_demo_needs_no_options(monkeypatch):
    calls = []
    monkeypatch.setattr(__main__, "demo", lambda **options: calls.append(options))
    main(["demo"])
    assert calls == [{"dataset": "GunPoint", "out": "demo_output", "random_state": 0}]


@pytest.mark.parametrize("max_epochs", ["0", "-3"])
def test_demo_refuses_no_epochs(tmp_path, max_epochs):
    with pytest.raises(ValueError, match=f"'max_epochs' parameter of .* Got {max_epochs}"):
        main(["demo", "--out", str(tmp_path), "--max-epochs", max_epochs])


def test_benchmark_speed(tmp_path, capsys):
    sizes = ["--n-timepoints", "140", "--n-cases", "64"]
    main(["benchmark", "speed", "--quick", *sizes, "--device", "cpu", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    with (tmp_path / "speed.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["package"] == "sktsvq"]
    expected = {"tokenizer fit", "NC tokenizer fit", "transform", "inverse_transform", "prior fit", "sample"}
    assert {row["operation"] for row in rows} == expected
    for row in rows:
        assert float(row["seconds"]) * float(row["series_per_second"]) == pytest.approx(64)
        assert row["operation"] in printed
        assert float(row["gflop_per_series"]) > 0
        assert float(row["times_timevqvae"]) > 0
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("quality --seeds 0", r"'seeds' parameter of quality must be an int in the range \[1, inf\). Got 0 instead"),
        ("quality --n-jobs 0", "'n_jobs' parameter of quality .* Got 0"),
        ("quality --fcn-epochs 0", "'fcn_epochs' parameter of quality .* Got 0"),
        ("generation --seeds 0", "'seeds' parameter of generation .* Got 0"),
        ("generation --n-jobs -1", "'n_jobs' parameter of generation .* Got -1"),
        ("generation --length 1", r"'length' parameter of generation must be an int in the range \[2, inf\). Got 1"),
        ("generation --n-steps 0", "'n_steps' parameter of generation .* Got 0"),
        ("representation --seeds 0 -1", r"each an int in the range \[0, 4294967295\]. Got \[0, -1\] instead"),
        ("speed --n-cases 1", r"'n_cases' parameter of speed must be a sequence .* \[2, inf\). Got \[1\]"),
        ("speed --n-timepoints 24 0", r"'n_timepoints' parameter of speed .* Got \[24, 0\]"),
        ("speed --quick --repeats 0", "'repeats' parameter of speed .* Got 0"),
    ],
)
def test_counts_of_the_benchmarks(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        main(["benchmark", *arguments.split(), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("empty", ["datasets", "models"])
@pytest.mark.parametrize("name", ["quality", "generation", "representation"])
def test_benchmarks_of_nothing(name, empty, tmp_path):
    options = {"datasets": ["ItalyPowerDemand"], "models": ["raw"], empty: []}
    message = f"'{empty}' parameter of {name} must be a sequence of at least one item.* Got \\[\\]"
    with pytest.raises(ValueError, match=message):
        getattr(benchmark, name)(**options, out=tmp_path)
    with pytest.raises(ValueError, match="must be a sequence of at least one item.* Got 'GunPoint'"):
        getattr(benchmark, name)(**options | {"models": ["raw"], "datasets": "GunPoint"}, out=tmp_path)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (probes, "GunPoint --seeds 0"),
        (quantizers, "GunPoint --seeds 0"),
        (gaps, "--n-cases 0"),
        (points, "--data-dir x --stride 0"),
        (sensitivity, "GunPoint --n-repeats 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_counts_of_the_small_benchmarks(command, arguments, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments.split())
    *_, option, number = arguments.split()
    assert f"argument {option}: must be at least {int(number) + 1}. Got {number} instead." in capsys.readouterr().err
