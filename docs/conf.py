"""How Sphinx builds the documentation: ``sphinx-build -W docs docs/_build``. Nothing is taken from the network."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sktsvq  # noqa: E402

project = "sktsvq"
author = "the sktsvq developers"
copyright = author
release = version = sktsvq.__version__

extensions = [
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

nitpicky = True  # a reference to what is not there is a warning

autosummary_generate = True
autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # the types stand in the docstrings
numpydoc_show_class_members = False  # the templates list them

# Inventories of other projects come from the network, so they are asked for only where one is wanted.
if os.environ.get("SKTSVQ_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
    }

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"/(?!plot_)[^/]*\.py$",  # scripts that pages of the guide show
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib",),
    "abort_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "plot_gallery": os.environ.get("SKTSVQ_DOCS_GALLERY", "1") == "1",
}

html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_theme = "pydata_sphinx_theme"
html_title = "sktsvq"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "changelog": [], "contributing": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Runs of text between literals and bold words, in which docutils would take "n_tokens_" for a link.
_MARKED = re.compile(r"(`+[^`]*`+_*|\*\*[^*]+\*\*)")


def escape_docstring(app, what, name, obj, options, lines):
    """Escape trailing underscores and lonely stars, and drop links to scikit-learn's own guide."""
    for i, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        line = re.sub(r":ref:`([^<`]*?)\s*<[^>]*>`", r"\1", line)
        parts = _MARKED.split(line)
        parts[::2] = [re.sub(r"(?<=\w)_(?!\w)", r"\\_", part).replace(" *X", r" \*X") for part in parts[::2]]
        lines[i] = "".join(parts)


def setup(app):
    app.connect("autodoc-process-docstring", escape_docstring, priority=900)  # after numpydoc
