"""Report and documentation in a real browser, wide and narrow: no error, nothing from the network, nothing cut off."""

import os
import shutil
from pathlib import Path

import pytest

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import report
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

pytest.importorskip("matplotlib").use("Agg")
api = pytest.importorskip("playwright.sync_api")
PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DOCS = [
    "index",
    "guide/index",
    "guide/tokens",
    "guide/scores",
    "guide/gaps_and_anomalies",
    "results",
    "api",
    "generated/sktsvq.tokenizers.VQVAETokenizer",
]
# What ends beyond the right edge, unless it scrolls by itself: code, tables, formulas.
BESIDE_THE_PAGE = """width => [...document.querySelectorAll("body *")].filter(element => {
    const box = element.getBoundingClientRect();
    if (box.width == 0 || box.right <= width + 1) return false;
    for (let outer = element; outer; outer = outer.parentElement) {
        if (getComputedStyle(outer).position == "fixed") return false;
        if (outer.matches("pre, .formula, .pst-scrollable-table-container")) return false;
    }
    return true;
}).map(element => element.tagName + " " + element.textContent.slice(0, 40))"""
pytestmark = pytest.mark.skipif(PATH is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    X, y = make_waves(60, 1, 24, 2, random_state=0)
    small = {"width": 8, "max_epochs": 2}
    tokenizer, prior = VQVAETokenizer(4, **small), MaskGITPrior(**small, n_layers=1, n_heads=2, n_steps=2)
    generator = VQGenerator(tokenizer, prior, random_state=0).fit(X[:40], y[:40])
    path = tmp_path_factory.mktemp("report") / "report.html"
    with pytest.warns(UserWarning, match="held-out series are coarse"):
        report(generator, X[:40], None, X[40:], None, path)
    return path


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=["--no-sandbox"])
        yield browser
        browser.close()


def look_at(browser, path, width, picture):
    """Check a page at this width; returns what it asked for, as schemes of addresses."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url.split(":")[0]))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(BESIDE_THE_PAGE, width) == []
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    page.screenshot(path=picture, full_page=True)
    page.close()
    assert picture.stat().st_size > 10_000
    assert messages == [] and set(requests) <= {"file", "data"}
    return requests


@pytest.mark.parametrize("width", [1280, 400])
def test_report(browser, path, width, tmp_path):
    assert look_at(browser, path, width, tmp_path / "report.png").count("file") == 1


@pytest.mark.skipif("SKTSVQ_DOCS_HTML" not in os.environ, reason="SKTSVQ_DOCS_HTML names the folder of the built pages")
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", DOCS)
def test_documentation(browser, name, width, tmp_path):
    look_at(browser, Path(os.environ["SKTSVQ_DOCS_HTML"]) / f"{name}.html", width, tmp_path / "page.png")
