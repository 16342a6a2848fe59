"""Who may import whom: the rules of the house, read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sktsvq

ROOT = Path(sktsvq.__file__).parent
CHECKS = {"_parameters", "_validation"}
SERIES = {*CHECKS, "_persistence", "_series", "_summary", "_vocabulary"}
NETWORKS = {
    *CHECKS,
    "_persistence",
    "_batches",
    "_devices",
    "_fitting",
    "_network",
    "_summary",
    "_training",
    "_vocabulary",
    "nn",
}
SERIES_NETWORKS = {*NETWORKS, "_series_network", "_series_transformer"}
# place: (third parties, parts of sktsvq). A place is a folder or a file of the package.
RULES = {
    "nn": ({"torch"}, {"nn"}),
    "_devices.py": ({"torch"}, set()),
    "_batches.py": ({"numpy", "torch"}, set()),
    "_callbacks.py": ({"torch", "skorch", "tqdm"}, {"nn"}),
    "_history.py": ({"numpy", "skorch"}, set()),
    "_checkpoints.py": ({"torch", "skorch", "joblib"}, {"_files", "_processes"}),
    "_processes.py": ({"torch"}, {"nn"}),
    "_net_params.py": ({"torch", "skorch"}, set()),
    "_net.py": ({"torch", "skorch"}, {"_callbacks", "_devices", "_history", "_processes"}),
    "_training.py": (
        {"torch", "skorch"},
        {*CHECKS, "_batches", "_callbacks", "_devices", "_net", "_net_params", "_processes"},
    ),
    "_network.py": (
        {"numpy", "sklearn", "torch"},
        {"_batches", "_callbacks", "_checkpoints", "_devices", "_net_params", "_processes", "_training", "_validation"},
    ),
    "_fitting.py": ({"numpy", "sklearn"}, set()),
    "_docs.py": (set(), set()),
    "_parameters.py": (set(), {"_docs", "_validation"}),
    "_validation.py": ({"numpy", "sklearn"}, set()),
    "_series.py": ({"numpy", "sklearn"}, {"_gaps", "_scaling", "_validation"}),
    "_series_transformer.py": ({"numpy", "sklearn"}, {*CHECKS, "_fitting", "_persistence", "_series", "_summary"}),
    "_series_network.py": ({"numpy", "torch"}, {"_batches", "_network"}),
    "_network_classifier.py": (
        {"numpy", "torch", "sklearn"},
        {*CHECKS, "_fitting", "_network", "_persistence", "_series", "_series_network", "_summary"},
    ),
    "_vocabulary.py": ({"numpy"}, set()),
    "_persistence.py": (
        {"numpy", "scipy", "torch", "sklearn", "skorch", "safetensors"},
        {*CHECKS, "_discriminator", "_files", "_history", "_noise", "_vocabulary", "priors"},
    ),
    "_draws.py": ({"numpy"}, set()),
    "_gaps.py": ({"numpy"}, set()),
    "_residuals.py": ({"numpy"}, {"_gaps"}),
    "datasets": ({"numpy", "sklearn", "aeon", "pandas"}, {"datasets", "_validation"}),
    "tokenizers": ({"numpy", "torch", "sklearn"}, {*SERIES_NETWORKS, "tokenizers"}),
    "priors": ({"numpy", "scipy", "torch", "sklearn"}, {*NETWORKS, "_draws", "priors"}),
    "representation": (
        {"numpy", "scipy", "torch", "sklearn"},
        {*SERIES_NETWORKS, "_draws", "_network_classifier", "representation", "tokenizers"},
    ),
    "classifier.py": ({"numpy", "torch", "sklearn"}, {*NETWORKS, "_network_classifier"}),
    "_completion.py": ({"numpy", "sklearn"}, {"_gaps", "_residuals", "_series", "_validation", "priors"}),
    "_kernel_features.py": ({"numpy", "torch"}, {"_batches", "_devices", "_gaps", "_scaling", "nn"}),
    "_discriminator.py": ({"numpy", "sklearn", "torch"}, {"_kernel_features"}),
    "_noise.py": ({"numpy"}, {"_gaps", "_kernel_features", "_validation"}),
    "_refinement.py": ({"numpy"}, {"_discriminator", "_gaps", "_noise", "_validation", "priors"}),
    "_two_stages.py": ({"numpy", "sklearn"}, {"_completion", "_validation", "priors", "tokenizers"}),
    "generator.py": (
        {"numpy", "sklearn", "joblib"},
        {*SERIES, "_completion", "_fitting", "_refinement", "_two_stages", "tokenizers"},
    ),
    # pandas, which aeon requires, only inside functions that return a table.
    "metrics": (
        {"numpy", "scipy", "sklearn", "joblib", "pandas"},
        {*SERIES, "_completion", "_gaps", "_scaling", "metrics", "classifier", "generator"},
    ),
    "dask": ({"numpy", "sklearn", "dask"}, {"dask", "generator", "metrics", "_validation"}),
    "oversampling.py": ({"numpy", "sklearn"}, {*CHECKS, "_series", "generator"}),
    "_scaling.py": ({"numpy"}, set()),
    "_summary.py": ({"numpy"}, set()),
    "_files.py": (set(), set()),
    "_contracts.py": ({"numpy", "torch", "sklearn"}, {"_vocabulary", "datasets", "generator", "priors"}),
    "base.py": (
        set(),
        {*SERIES, "_contracts", "_fitting", "_network", "metrics", "priors", "representation", "tokenizers"},
    ),
    "benchmark": (
        {"numpy", "scipy", "torch", "matplotlib", "timevqvae", "sklearn", "aeon", "dask", "distributed"},
        {
            "benchmark",
            "dask",
            "_devices",
            "_files",
            "_gaps",
            "_noise",
            "_persistence",
            "_validation",
            "classifier",
            "datasets",
            "generator",
            "metrics",
            "nn",
            "priors",
            "representation",
            "tokenizers",
        },
    ),
    "inspection": (
        {"numpy", "scipy", "matplotlib", "sklearn"},
        {
            "inspection",
            "_validation",
            "_completion",
            "_docs",
            "_files",
            "_gaps",
            "_scaling",
            "_summary",
            "generator",
            "metrics",
        },
    ),
}
SOURCES = sorted(ROOT.rglob("*.py"))


def imported(tree, path):
    """Absolute names of the modules that a source imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            parts = ["sktsvq", *path.relative_to(ROOT).parts[: -node.level]]
            yield ".".join([*parts, node.module or ""]).rstrip(".")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_rules(path):
    place = path.relative_to(ROOT).parts[0]
    if place not in RULES:
        assert place in {"__init__.py", "__main__.py"}, f"{place} has no rule in this test"
        return
    third_parties, own = RULES[place]
    for name in imported(ast.parse(path.read_text()), path):
        top, *rest = name.split(".")
        if top == "sktsvq":
            assert rest, f"{path} imports the whole package"
            assert rest[0] in own, f"{path} must not import {name}"
        elif top not in sys.stdlib_module_names:
            assert top in third_parties, f"{path} must not import {name}"


def test_only_validation_touches_private_names():
    for path in SOURCES:
        for name in imported(ast.parse(path.read_text()), path):
            private = name.startswith("sklearn") and any(part.startswith("_") for part in name.split("."))
            assert not private or path.name == "_validation.py", f"{path} imports {name}"


def test_heavy_libraries_are_imported_only_when_used():
    code = (
        "import sys, sktsvq, sktsvq.generator, sktsvq.tokenizers, sktsvq.priors, sktsvq.metrics, sktsvq.inspection;"
        "import sktsvq.datasets, sktsvq.representation; print({'matplotlib', 'aeon', 'dask'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
