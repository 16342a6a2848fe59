"""The demo runs to the end and leaves what it promises."""

import joblib

from sktsvq.__main__ import main


def test_demo(tmp_path, capsys):
    main(["demo", "--dataset", "ItalyPowerDemand", "--out", str(tmp_path), "--max-epochs", "3"])
    printed = capsys.readouterr().out
    for score in ("frechet_distance", "inception_score", "memorization_ratio", "linear probe", "verdict"):
        assert score in printed
    for picture in ("samples.png", "reconstruction.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert joblib.load(tmp_path / "generator.joblib").sample(2).shape == (2, 1, 24)
