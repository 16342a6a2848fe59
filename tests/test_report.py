"""The report is one page that needs nothing else, with the scores, the pictures and the cards."""

import base64
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import report
from sktsvq.inspection._cards import data_facts
from sktsvq.inspection._verdicts import explain, is_good, question_of, summarize
from sktsvq.metrics import evaluate
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.representation import VariationalAutoencoder
from sktsvq.tokenizers import TimeVQVAETokenizer, VQVAETokenizer

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

VOID = {"meta", "link", "img", "br"}
SMALL = {"width": 8, "max_epochs": 2, "random_state": 0}


class Page(HTMLParser):
    """Tags in order, with their attributes; text; ids; checks that tags are closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def sets():
    X, y = make_waves(90, 2, 24, 12, random_state=0)
    names = np.array([f"<class {i}>" for i in range(12)])[y]
    return X[:60], names[:60], X[60:], names[60:]


@pytest.fixture(scope="module")
def table(sets):
    return evaluate(fitted(sets, MarkovPrior()), *sets, classifier=KNeighborsClassifier(1), n_resamples=2)


def fitted(sets, prior):
    return VQGenerator(TimeVQVAETokenizer(4, **SMALL), prior, random_state=0).fit(*sets[:2])


def read(path):
    return Page(path.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore:Scores of 30")
def test_report(sets, table, tmp_path):
    path = tmp_path / "report.html"
    generator = fitted(sets, MaskGITPrior(**SMALL, n_layers=1, n_heads=2, n_steps=3))
    assert report(generator, *sets, path, table=table, title="A <title> & more") == path
    page = read(path)
    assert "A <title> & more" in page.text and "<class 0>: " in page.text and "and 2 more" in page.text
    for name, row in table.iterrows():
        assert name in page.text and row.verdict in page.text and explain(name, row) in page.text
    pictures = page.all("img")
    assert len(pictures) == 10
    for picture in pictures:
        assert base64.b64decode(picture["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert picture["alt"]
    for fact in ("12 classes in train", "60", "24 time points", "TimeVQVAETokenizer", "perplexity", "2 epochs"):
        assert fact in page.text
    assert [tag for tag, _ in page.tags if tag == "script"] == []
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert all(link == "data:," or link.removeprefix("#") in ids for link in links)


def test_report_of_a_pipeline_without_labels(sets, tmp_path):
    X_train, _, X_test, _ = sets
    pipe = make_pipeline(VQVAETokenizer(4, **SMALL), MarkovPrior()).fit(X_train)
    with pytest.warns(UserWarning, match="Scores of 30 held-out series are coarse"):
        report(pipe, X_train, None, X_test, None, tmp_path / "report.html")
    page = read(tmp_path / "report.html")
    assert "no labels" in page.text and "Skipped: needs labels." in page.text
    assert len(page.all("img")) == 8  # a Pipeline has no forecast, and this prior no steps


@pytest.mark.parametrize("labelled, n_pictures", [(True, 5), (False, 4)])
def test_report_of_a_conditional_vae(labelled, n_pictures, sets, table, tmp_path):
    """Without the labels that its decoder needs there are no reconstructions."""
    X_train, y_train, X_test, y_test = sets
    vae = VariationalAutoencoder(4, **SMALL, n_blocks=1, conditional=True).fit(X_train, y_train)
    labels = (y_train, y_test) if labelled else (None, None)
    report(vae, X_train, labels[0], X_test, labels[1], tmp_path / "report.html", table=table)
    page = read(tmp_path / "report.html")
    assert len(page.all("img")) == n_pictures
    assert ("Reconstructions" in page.text) == labelled


def test_facts_of_series_of_unequal_length():
    facts = data_facts({"Train": ([np.zeros((2, 9)), np.ones((2, 4)), np.ones((2, 4))], ["a", "b", "b"])})
    assert facts["Size of a series"] == "2 channels, 4 to 9 time points"
    assert facts["Values"].startswith("0 to 1, mean 0.47")
    assert facts["Repeated series"] == "1 in the train set"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Scores of 30")
def test_report_of_series_of_unequal_length(sets, tmp_path):
    X_train, _, X_test, _ = sets
    lists = [[case[:, : 12 + i % 13] for i, case in enumerate(X)] for X in (X_train, X_test)]
    generator = VQGenerator(VQVAETokenizer(4, **SMALL), MarkovPrior(), random_state=0).fit(lists[0])
    report(generator, lists[0], None, lists[1], None, tmp_path / "report.html")
    page = read(tmp_path / "report.html")
    assert "12 to 24 time points" in page.text
    assert len(page.all("img")) == 8  # no forecast where lengths differ, and this prior no steps


def test_report_refuses(sets, tmp_path):
    with pytest.raises(Exception, match="fitted"):
        report(VQGenerator(), *sets, tmp_path / "report.html")
    with pytest.raises(FileNotFoundError):
        report(fitted(sets, MarkovPrior()), *sets, tmp_path / "none" / "report.html", table=pd.DataFrame())
    assert list(tmp_path.iterdir()) == []


def row(value, verdict, **more):
    return pd.Series({"value": value, "low": 0.0, "high": 1.0, "floor": 0.5, "verdict": verdict, **more})


def test_verdicts_in_plain_words():
    good, poor = row(0.5, "as good as real"), row(0.9, "worse than real")
    copies, none = row(0.1, "copies the train set"), row(np.nan, "skipped: needs labels")
    assert [is_good(one) for one in (good, poor, copies, none)] == [True, False, False, None]
    assert explain("coverage", good) == "No difference from real series beyond chance."
    assert explain("inception_score", none) == "Skipped: needs labels."
    rows = {"memorization_ratio": copies, "coverage": poor, "precision": good, "inception_score": none}
    summary = summarize(pd.DataFrame(rows).T)
    assert "1 of 3 scores" in summary and "copies" in summary and "They differ in: coverage." in summary
    assert "no copies" in summarize(pd.DataFrame({"memorization_ratio": good}).T)


def test_questions_are_whole():
    assert question_of("kernel_inception_distance") == "Do the two distributions agree with few series (KID)?"
    assert question_of("kurtosis_difference") == "Do extremes agree and how heavy are tails?"
    assert question_of("unknown") == ""
