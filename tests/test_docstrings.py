"""Docstrings of everything public hold to numpydoc, and the reference lists everything public."""

import importlib
import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest

validate = pytest.importorskip("numpydoc.validate").validate

REFERENCE = (Path(__file__).parents[1] / "docs" / "api.rst").read_text(encoding="utf-8")
MODULES = [
    "sktsvq.base",
    "sktsvq.classifier",
    "sktsvq.datasets",
    "sktsvq.generator",
    "sktsvq.inspection",
    "sktsvq.metrics",
    "sktsvq.oversampling",
    "sktsvq.priors",
    "sktsvq.representation",
    "sktsvq.tokenizers",
]
if find_spec("dask"):  # an extra
    MODULES.append("sktsvq.dask")
# Rules that are instances, and what comes from scikit-learn.
NOT_IN_REFERENCE = {"AT_LEAST_ONE", "NOT_NEGATIVE", "POSITIVE", "HasMethods", "StrOptions", "check_is_fitted"}
IGNORED = {
    "ES01": "a summary may say all",
    "SA01": "the reference groups what belongs together",
    "RT02": "a returned value has a name, as in scikit-learn",
    "SS05": "takes nouns in the plural, 'Tokens of the series', for verbs",
}
# Methods are shown in the example of their class; bases are shown in docs/own_models.md.
NEED_NO_EXAMPLE = {"EX01": "methods and bases"}


def public_objects():
    """The full name of each public class and function, and of their public methods and properties."""
    names = ["sktsvq.load"]
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if callable(value) and is_ours(value):
                names.append(f"{module}.{name}")
                members = own_members(value) if inspect.isclass(value) else ()
                names += [f"{module}.{name}.{member}" for member in members]
    return names


def is_ours(value):
    return str(getattr(value, "__module__", None)).startswith("sktsvq")


def own_members(cls):
    for name, value in inspect.getmembers(cls):
        if not name.startswith("_") and callable(value) and is_ours(value):
            yield name


@pytest.mark.parametrize("name", public_objects())
def test_docstring(name):
    is_method_or_base = name.count(".") > 2 or name.startswith("sktsvq.base.") or ".Base" in name
    ignored = IGNORED | NEED_NO_EXAMPLE if is_method_or_base else IGNORED
    errors = [f"{code}: {text}" for code, text in validate(name)["errors"] if code not in ignored]
    assert not errors, "\n".join([name, *errors])


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_is_complete(module):
    names = set(importlib.import_module(module).__all__) - NOT_IN_REFERENCE
    missing = [name for name in sorted(names) if f".{name}\n" not in REFERENCE]
    assert not missing
