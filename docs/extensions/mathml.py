"""Formulas as MathML, which browsers lay out themselves: no script, no image, nothing from the network."""

import re

from docutils import nodes
from latex2mathml.converter import convert

# LaTeX leaves a thin space between the name of a function and what it is applied to; MathML needs it in writing.
_NAMED = re.compile(r"(<m[io]>(?:log|exp|max|min|cos)</m[io]>)(?=<(?:mi|msub|msup|mrow))")


def to_mathml(latex, *, display):
    """A formula as a MathML element; `display` sets it on a line of its own."""
    mathml = convert(latex.strip(), display="block" if display else "inline")
    return _NAMED.sub(r'\1<mspace width="0.167em" />', mathml)


def visit_math(writer, node):
    """Write a formula within a line."""
    writer.body.append(to_mathml(node.astext(), display=False))
    raise nodes.SkipNode


def visit_displayed_math(writer, node):
    """Write a formula on a line of its own, which scrolls where it is wider than the page."""
    writer.body.append(f'<div class="formula">{to_mathml(node.astext(), display=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displayed_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
