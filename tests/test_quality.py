"""The benchmark of quality: what it writes, how it goes on, and what it leaves alone."""

import csv
import shutil

import numpy as np
import pytest
from aeon.datasets import load_italy_power_demand

from sktsvq.__main__ import main
from sktsvq.benchmark import make_generator, quality
from sktsvq.benchmark._quality_rows import read_rows
from sktsvq.benchmark._quality_summary import beats, write_summary
from sktsvq.benchmark._sets import load_set
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

MODEL = "VQVAETokenizer(codebook_size=4, width=8, max_epochs=1) + MarkovPrior"
SCORES = {
    "fid",
    "fid_sd_of_draws",
    "inception_score",
    "inception_score_sd_of_draws",
    "cas",
    "reconstruction_fid",
    "reconstruction_accuracy",
    "reconstruction_error",
    "memorization_ratio",
    "share_of_copies",
    "accuracy_by_class",
    "linear_svm",
    "knn5",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of one cell, with published scores."""
    folder = tmp_path_factory.mktemp("quality")
    (folder / "published.csv").write_text(
        "dataset,model,metric,mean,sd,n_runs\nItalyPowerDemand,A,fid,1e9,0.5,3\nItalyPowerDemand,B,fid,2e9,,\n"
    )
    run(folder, "--validation")
    return folder


def run(folder, *options, model=MODEL):
    arguments = ["--datasets", "ItalyPowerDemand", "--models", model, "--seeds", "1", "--fcn-epochs", "2"]
    published = ["--published", str(folder / "published.csv")]
    main(["benchmark", "quality", *arguments, *published, "--out", str(folder), *options])


def read(folder):
    with (folder / "quality.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_files(folder):
    rows = read(folder)
    assert {row["score"] for row in rows} == SCORES and len(rows) == len(SCORES)
    for row in rows:
        assert row["validation"] == "True" and row["model"] == MODEL and int(row["n_train"]) == 44
        assert np.isfinite(float(row["value"])) and float(row["seconds"]) > float(row["fit_seconds"]) > 0
        assert "torch" in row["versions"]
    text = (folder / "quality.md").read_text()
    assert "FID: at least as good as the best published on 1 of 1 sets." in text
    assert "| ItalyPowerDemand | 44 |" in text and "1000000000.00" in text
    assert (folder / "quality.png").read_bytes().startswith(b"\x89PNG")


def test_a_second_run_computes_what_is_missing_alone(folder, capsys):
    before = read(folder)
    run(folder, "--validation")
    assert read(folder) == before and capsys.readouterr().out.startswith("\n## ")
    run(folder, "--validation", "--no-cas", model="VQVAETokenizer(width=8, max_epochs=1) + MarkovPrior")
    rows = read(folder)
    assert rows[: len(before)] == before and len(rows) == len(before) + len(SCORES) - 1
    assert capsys.readouterr().out.startswith("1/1 ItalyPowerDemand VQVAETokenizer(width=8")


def test_a_cell_of_other_settings_is_computed_again(folder, tmp_path, capsys):
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert {row["judge"] for row in read(copy)} == {"own, 2 epochs"}
    for options in (["--fcn-epochs", "3", "--no-cas"], ["--fcn-epochs", "3"]):
        capsys.readouterr()
        run(copy, "--validation", *options)
        rows = [row for row in read(copy) if row["model"] == MODEL]
        assert {row["judge"] for row in rows} == {"own, 3 epochs"}
        assert {row["score"] for row in rows} == SCORES - ({"cas"} if "--no-cas" in options else set())
        assert len(rows) == len({row["score"] for row in rows})
        assert capsys.readouterr().out.startswith("1/1 ItalyPowerDemand")


def test_a_table_without_judges_goes_on(folder, tmp_path, capsys):
    (tmp_path / "published.csv").write_text("dataset,model,metric,mean,sd\n")
    rows = [{name: value for name, value in row.items() if name != "judge"} for row in read(folder)]
    with (tmp_path / "quality.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    run(tmp_path, "--validation")
    assert "1/1" not in capsys.readouterr().out


def test_a_folder_of_checkpoints_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="'fcn_dir' parameter must be a folder"):
        quality(["ItalyPowerDemand"], out=tmp_path, fcn_dir=tmp_path / "none")


def test_a_cell_that_fails_does_not_stop_the_others(tmp_path, capsys):
    models = ["VQVAETokenizer(max_epochs=1, lr=-1.0) + MarkovPrior", MODEL]
    with pytest.raises(RuntimeError, match="1 of 2 cells failed.*lr=-1.0"):
        quality(["ItalyPowerDemand"], models, 1, out=tmp_path, validation=True, with_cas=False, fcn_epochs=1, n_jobs=2)
    assert "'lr' parameter of VQVAETokenizer" in capsys.readouterr().err
    assert {row["model"] for row in read(tmp_path)} == {MODEL}


def test_validation_leaves_the_test_split_alone():
    data = load_set("ItalyPowerDemand", validation=True)
    X, y = load_italy_power_demand(split="train")
    assert len(data.X_train) + len(data.X_test) == len(X)
    assert {row.tobytes() for part in (data.X_train, data.X_test) for row in part} == {row.tobytes() for row in X}
    shares = [np.mean(labels == y[0]) for labels in (data.y_train, data.y_test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_models():
    generator = make_generator("MaskGITPrior(n_layers=2)+VQVAETokenizer", 3)
    assert isinstance(generator.tokenizer, VQVAETokenizer) and generator.random_state == 3
    assert isinstance(generator.prior, MaskGITPrior) and generator.prior.n_layers == 2
    assert make_generator("default").prior is None
    generator = make_generator("VQGenerator(n_shifted=2) + MarkovPrior", 4)
    assert (generator.n_shifted, generator.tokenizer, generator.random_state) == (2, None, 4)
    for text in (
        "defaults",
        "VQVAETokenizer(",
        "VQVAETokenizer(size=3)",
        "print('x')",
        "VQVAETokenizer - MarkovPrior",
        "VQGenerator(size=3)",
    ):
        with pytest.raises(ValueError, match="A model must be 'default', or one or two of"):
            make_generator(text)
    with pytest.raises(ValueError, match="Got 'nothing'"):
        quality(["ItalyPowerDemand"], ["nothing"])


def test_a_published_score_is_met():
    assert beats("fid", 1.0, 1.0) and not beats("fid", 1.1, 1.0)
    assert beats("cas", 0.9, 0.8) and not beats("cas", 0.7, 0.8)
    assert beats("inception_score", 1.9, 2.5, ideal=2.0) and not beats("inception_score", 1.0, 1.5, ideal=2.0)


@pytest.mark.parametrize(("n_published", "is_drawn"), [(0, False), (1, False), (2, True)])
def test_ranks_are_drawn_of_three_models_and_more(folder, tmp_path, n_published, is_drawn):
    rows = [{**row, "set": name} for name in ("A", "B", "C") for row in read_rows(folder)]
    published = {(name, "fid"): {str(i): (i + 1.0, 0.0) for i in range(n_published)} for name in ("A", "B", "C")}
    write_summary([row for row in rows if row["model"] == MODEL], published, tmp_path)
    assert (tmp_path / "critical_difference.png").exists() == is_drawn
    assert (tmp_path / "quality.png").exists()
