"""A self-contained HTML page: no file beside it, no script, nothing from the network."""

import base64
from html import escape
from io import BytesIO

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; color: #1b1b1b; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; padding-top: .4rem; border-top: 1px solid #ddd; }
p, figcaption { max-width: 46rem; }
.lead { font-size: 1.1rem; }
nav a { margin-right: 1rem; }
a { color: #0056a8; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.card { border: 1px solid #ddd; border-radius: 6px; padding: .2rem 1rem 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #eee; }
.card th { width: 12rem; font-weight: 600; }
.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.verdict { font-weight: 600; white-space: nowrap; }
.good::before { content: "\\2713\\00a0"; color: #00694d; }
.poor::before { content: "\\25b2\\00a0"; color: #b34700; }
.none { color: #595959; font-weight: 400; }
.explanation { display: block; color: #444; font-size: .9rem; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
figcaption { color: #444; font-size: .92rem; }
pre { white-space: pre-wrap; background: #f6f6f6; padding: .7rem; border-radius: 6px; font-size: .85rem; }
footer { margin-top: 3rem; color: #595959; font-size: .85rem; }
@media (max-width: 600px) {
  .card th { width: 8.5rem; }
  .scores thead { display: none; }
  .scores tr { display: block; padding: .5rem 0; border-bottom: 1px solid #eee; }
  .scores td { display: inline-block; border: 0; padding: 0 .8rem 0 0; }
  .scores td:first-child { display: block; }
  .scores td:empty { display: none; }
  .scores td[data-label]::before { content: attr(data-label) " "; color: #595959; }
}
"""


def page(title, body):
    """The whole page around the elements of its body."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def paragraph(text, kind=None):
    attribute = "" if kind is None else f' class="{kind}"'
    return f"<p{attribute}>{escape(text)}</p>"


def section(name, title, *content):
    """A section that links lead to by its name."""
    return "\n".join([f'<section id="{name}">', f"<h2>{escape(title)}</h2>", *content, "</section>"])


def card(title, facts, *more):
    """A framed list of facts, dict of str to str."""
    rows = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in facts.items())
    return "\n".join([f'<div class="card"><h3>{escape(title)}</h3><table>{rows}</table>', *more, "</div>"])


def code(text):
    return f"<pre>{escape(text)}</pre>"


def picture(figure, title, caption):
    """A matplotlib figure as an embedded PNG; the figure is closed."""
    import matplotlib.pyplot as plt

    file = BytesIO()
    figure.savefig(file, dpi=110)
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    text = f"<figcaption>{escape(caption)}</figcaption>"
    return f'<figure>\n<img alt="{escape(title)}" src="data:image/png;base64,{data}">\n{text}\n</figure>'


def score_table(rows):
    """The scores.

    Parameters
    ----------
    rows : list of dict
        With the texts name, question, value, interval, floor, ideal, verdict and explanation, and good, True, False or
        None where there is no verdict.
    """
    columns = {"value": "generated", "interval": "interval", "floor": "real", "ideal": "best"}
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["score", *columns.values(), "verdict"])
    body = []
    for row in rows:
        kind = {True: "good", False: "poor", None: "none"}[row["good"]]
        numbers = "".join(
            f'<td class="number" data-label="{label}">{escape(row[name])}</td>' for name, label in columns.items()
        )
        body.append(
            f"<tr><td>{escape(row['question'])}<br><code>{escape(row['name'])}</code>"
            f'<span class="explanation">{escape(row["explanation"])}</span></td>{numbers}'
            f'<td class="verdict {kind}">{escape(row["verdict"])}</td></tr>'
        )
    table = f"<thead><tr>{head}</tr></thead>\n<tbody>" + "\n".join(body) + "</tbody>"
    return f'<div class="scroll"><table class="scores">\n{table}</table></div>'
