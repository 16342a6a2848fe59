"""A fit by two processes that torchrun starts gives what one process gives."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
N_PROCESSES = 2


def run_processes(tmp_path):
    """Run this file by torchrun, two processes on this machine; what each has written."""
    places = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={N_PROCESSES}"]
    run = subprocess.run(
        [*launch, __file__, str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": places},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return [pickle.loads((tmp_path / f"{rank}.pickle").read_bytes()) for rank in range(N_PROCESSES)]


def series():
    """131 series, so that neither batches nor shares are equal; some values are missing."""
    X, y = make_waves(n_cases=131, n_channels=2, n_timepoints=40, random_state=0)
    return X, y


NETWORK = {"width": 16, "n_blocks": 1, "max_epochs": 12, "random_state": 0}
CODES = {"codebook_size": 16, "codebook_dim": 8, **NETWORK}
ESTIMATORS = {
    "VQ-VAE": VQVAETokenizer(**CODES),
    "codes by gradient": VQVAETokenizer(**CODES, decay=None, orthogonal_weight=0.1, quantizer="cosine"),
    "drawn and residual codes": VQVAETokenizer(
        **CODES, n_quantizers=2, code_temperature=0.5, dead_threshold=3.0, gradient="rotation", batch_size=33
    ),
    "grid": VQVAETokenizer(**CODES, architecture="stft"),
    "early stopping": VQVAETokenizer(**CODES, early_stopping=True, n_iter_no_change=1),
}
