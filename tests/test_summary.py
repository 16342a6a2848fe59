"""What a fit tells: its line of progress, and the HTML form of what it has fitted."""

import re

import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import sktsvq
from sktsvq._summary import number
from sktsvq.classifier import FCNClassifier
from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MarkovPrior, MaskGITPrior
from sktsvq.representation import Autoencoder
from sktsvq.tokenizers import TimeVQVAETokenizer, VQVAETokenizer

TOKENIZER = VQVAETokenizer(4, width=8, max_epochs=2, random_state=0)
PRIOR = MaskGITPrior(width=8, n_layers=1, n_heads=2, max_epochs=3, random_state=0)
NETWORKS = [
    TOKENIZER,
    Autoencoder(width=8, max_epochs=2, random_state=0),
    FCNClassifier(max_epochs=2, random_state=0),
    VQGenerator(TOKENIZER, PRIOR),
]


@pytest.fixture(scope="module")
def waves():
    return make_waves(n_cases=20, n_timepoints=32, random_state=0)


def rows_of(estimator):
    """The rows of the summary in the HTML form."""
    summary = estimator._repr_html_().partition('<table class="sktsvq-summary">')[2]
    return dict(re.findall(r"<tr><th[^>]*>(.*?)</th><td>(.*?)</td></tr>", summary))


def test_html_of_a_tokenizer(waves):
    tokenizer = clone(TOKENIZER).fit(*waves)
    rows = rows_of(tokenizer)
    assert rows["Tokens of a series"].startswith(f"{tokenizer.n_tokens_}, ")
    n_used = (tokenizer.codebook_usage_ > 0).sum()
    assert rows["Codes in use"] == f"{n_used} of 4, perplexity {tokenizer.perplexity_:.1f}"
    assert rows["VQVAETokenizer"].startswith("2 epochs, ") and "loss" in rows["VQVAETokenizer"]


def test_html_follows_the_diagram_of_scikit_learn(waves):
    tokenizer = clone(TOKENIZER).fit(*waves)
    page = tokenizer._repr_mimebundle_()["text/html"]
    diagram = re.sub(r"-\d+", "", estimator_html_repr(tokenizer))  # ids count up
    assert re.sub(r"-\d+", "", page).startswith(diagram)


def test_html_of_both_parts_of_a_generator(waves, tmp_path):
    generator = VQGenerator(TOKENIZER, PRIOR).fit(*waves)
    rows = rows_of(generator)
    assert list(rows) == ["Tokens of a series", "Codes in use", "VQVAETokenizer", "MaskGITPrior"]
    assert rows["MaskGITPrior"].startswith("3 epochs, ")
    generator.save(tmp_path / "waves.sktsvq")
    assert rows_of(sktsvq.load(tmp_path / "waves.sktsvq")) == rows


def test_html_names_streams(waves):
    tokenizer = TimeVQVAETokenizer(4, width=8, max_epochs=2).fit(*waves)
    assert " in 2 streams, " in rows_of(tokenizer)["Tokens of a series"]


@pytest.mark.parametrize("estimator", [*NETWORKS, MarkovPrior()], ids=lambda one: type(one).__name__)
def test_html_before_fit_has_no_summary(estimator):
    assert rows_of(clone(estimator)) == {} and "sktsvq-summary" not in clone(estimator)._repr_html_()


def test_html_in_a_pipeline(waves):
    pipe = make_pipeline(clone(TOKENIZER), MarkovPrior()).fit(*waves)
    assert "VQVAETokenizer" in pipe._repr_html_()


@pytest.mark.parametrize("estimator", NETWORKS, ids=lambda one: type(one).__name__)
def test_silent_by_default(estimator, waves, capfd):
    clone(estimator).fit(*waves)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("estimator", NETWORKS[:3], ids=lambda one: type(one).__name__)
def test_verbose_is_one_line_that_ends_as_the_result(estimator, waves, capfd):
    fitted = clone(estimator).set_params(verbose=1).fit(*waves)
    out, error = capfd.readouterr()
    lines = error.strip().split("\n")
    assert out == "" and len(lines) == 1
    last = lines[0].split("\r")[-1]
    assert last.startswith(f"{type(fitted).__name__}: 100%") and "2/2" in last
    assert f"train_loss={fitted.history_[-1, 'train_loss']:.4g}" in last


def test_verbose_shows_what_is_monitored(waves, capfd):
    fitted = clone(TOKENIZER).set_params(verbose=1, early_stopping=True).fit(*waves)
    last = capfd.readouterr().err.split("\r")[-1]
    for name in ("train_loss", "valid_loss", "squared_error"):
        assert f"{name}={fitted.history_[-1, name]:.4g}" in last
    assert "dur=" not in last


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0"), (0.98765, "0.988"), (-0.00428, "-0.00428"), (3290.4, "3,290"), (114000.0, "114,000"), (2e9, "2e+09")],
)
def test_numbers_are_short_and_plain(value, text):
    assert number(value) == text
