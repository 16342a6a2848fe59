"""The examples run to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
# With the arguments of those that need some.
ARGUMENTS = {
    "probes.py": ["ItalyPowerDemand"],
    "score_sensitivity.py": ["ItalyPowerDemand", "--n-series", "60", "--n-repeats", "2"],
}
NEED_CHECKPOINTS = {"compare_priors.py", "published_protocol.py"}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_example(path, request):
    arguments = ARGUMENTS.get(path.name, [])
    if path.name in NEED_CHECKPOINTS:
        shared = request.getfixturevalue("shared")
        arguments = ["ItalyPowerDemand", "--checkpoints", str(shared / "fcn")]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
