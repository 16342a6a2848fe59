"""The report in a real browser, wide and narrow: no error, nothing from the network, nothing beside the page."""

import shutil

import pytest

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import report
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

pytest.importorskip("matplotlib").use("Agg")
api = pytest.importorskip("playwright.sync_api")
PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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


@pytest.mark.parametrize("width", [1280, 400])
def test_report(path, width, tmp_path):
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        messages, requests = [], []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url.split(":")[0]))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        page.screenshot(path=tmp_path / "report.png", full_page=True)
        browser.close()
    assert (tmp_path / "report.png").stat().st_size > 10_000
    assert messages == [] and requests.count("file") == 1 and set(requests) <= {"file", "data"}
