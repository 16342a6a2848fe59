"""The page of faults tells of tests that exist."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEADER = ["fault or bad input", "what happens", "test"]
TEST = re.compile(r"`(tests/\w+\.py)::([\w:]+)(\[[^`]+\])?`")


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows_of_page():
    """The rows of all tables of the page."""
    lines = [cells(line) for line in (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines() if line[:1] == "|"]
    return [row for row in lines if row != HEADER and not set("".join(row)) <= set("-")]


@cache
def named_tests(path):
    """The names of the tests of a file, with those of their classes: {name: whether it has parameters}."""
    found = {}
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for function in inner:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                found[prefix + function.name] = [argument.arg for argument in function.args.args]
    return found


@pytest.mark.parametrize("row", rows_of_page(), ids=lambda row: row[0])
def test_the_test_of_a_row_exists(row):
    assert len(row) == 3 and all(row)
    named = TEST.fullmatch(row[2])
    assert named, row[2]
    path, name, parameters = named.groups()
    assert name in named_tests(path), f"{path} has no {name}"
    assert parameters is None or named_tests(path)[name], f"{name} has no parameters"


def test_named_parameters_exist():
    named = {match.group().strip("`") for match in map(TEST.fullmatch, (row[2] for row in rows_of_page())) if match[3]}
    files = sorted({name.partition("::")[0] for name in named})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "slow or not slow",
    ]
    collected = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not named - set(collected.splitlines())


def test_no_row_stands_twice():
    faults = [row[0].lower() for row in rows_of_page()]
    assert len(set(faults)) == len(faults) >= 80
