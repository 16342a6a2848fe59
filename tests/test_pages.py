"""Every Python snippet of the README and the docs runs; every link between their pages leads somewhere."""

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)|^:link: (\S+)$|\{doc\}`(?:[^`<]*<)?([^`>]+)>?`", re.MULTILINE)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\w$`])\$([^\s$`](?:[^$`]*[^\s$`])?)\$(?![\w$`])", re.DOTALL)
INCLUDE = re.compile(r"^```\{literalinclude\} (\S+)\n:pyobject: (\S+)", re.MULTILINE)


def name_of(path):
    return str(path.relative_to(ROOT))


# What the extra "test" leaves out.
EXTRAS = {"dask", "optuna"}


# docs/own_models.md has a test of its own, which also uses what its snippets define.
@pytest.mark.parametrize(
    "page", [page for page in PAGES if SNIPPET.search(page.read_text()) and page.name != "own_models.md"], ids=name_of
)
@pytest.mark.filterwarnings("ignore:Scores of", "ignore:The Frechet distance of", "ignore:The classifier is no good")
def test_snippets(page, few_steps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for number, snippet in enumerate(SNIPPET.findall(page.read_text(encoding="utf-8"))):
        try:
            exec(compile(snippet, f"{page.name}, snippet {number}", "exec"), names)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
            pytest.skip(f"needs the extra {error.name!r}")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links(page):
    links = ["".join(groups) for groups in LINK.findall(page.read_text(encoding="utf-8"))]
    broken = [link for link in links if "://" not in link and not any(map(Path.exists, places_of(page, link)))]
    assert not broken


def places_of(page, link):
    """The files that a link may lead to; Sphinx leaves out the ending of a page, and makes the gallery."""
    target = page.parent / link.lstrip("/")
    gallery = ROOT / "examples" / target.name.replace("index", "README")
    ends = ("py", "rst") if "auto_examples" in link else ()
    return [target, Path(f"{target}.md"), Path(f"{target}.rst"), *(Path(f"{gallery}.{end}") for end in ends)]


@pytest.mark.parametrize("page", [page for page in PAGES if INCLUDE.search(page.read_text())], ids=name_of)
def test_included_code_exists(page):
    for path, name in INCLUDE.findall(page.read_text(encoding="utf-8")):
        source = (page.parent / path).read_text(encoding="utf-8")
        last = name.split(".")[-1]
        assert re.search(rf"^\s*(def|class) {last}\b", source, re.MULTILINE), f"{path} has no {name}"


def formulas():
    pages = {name_of(page): page.read_text(encoding="utf-8") for page in PAGES}
    return [(page, "".join(groups).strip()) for page, text in pages.items() for groups in FORMULA.findall(text)]


def test_formulas_become_mathml():
    pytest.importorskip("latex2mathml")
    spec = importlib.util.spec_from_file_location("mathml", ROOT / "docs" / "extensions" / "mathml.py")
    mathml = importlib.util.module_from_spec(spec)
    pytest.importorskip("docutils")
    spec.loader.exec_module(mathml)
    assert len(formulas()) > 30
    for page, formula in formulas():
        tree = ElementTree.fromstring(mathml.to_mathml(formula, display=True))
        unknown = [text for text in tree.itertext() if "\\" in text]
        assert not unknown, f"{page}: {unknown} of {formula}"
    spaced = mathml.to_mathml(r"\log p", display=False)
    assert "<mi>log</mi><mspace" in spaced, "a function's name and its argument must not run together"


def test_the_readme_fits_two_screens():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    picture = next(number for number, line in enumerate(lines) if line.startswith("!["))
    assert len(lines) <= 90 and picture < 20
    assert any("python -m sktsvq demo" in line for line in lines[:picture])
