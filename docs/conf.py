"""Sphinx: guides written by hand, and a page for every function and class, written by pages.py from the package itself.

    sphinx-build -W docs docs/_build
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import pages  # noqa: E402

import lucid  # noqa: E402

project = "Lucid"
version = release = lucid.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "reference/differences.inc.rst"]
html_theme = "furo"
html_title = "Lucid"
html_show_copyright = False
html_static_path, html_css_files = ["style.css"], ["style.css"]
default_role = "code"
napoleon_numpy_docstring, napoleon_google_docstring = True, False
napoleon_use_rtype = False
strip_signature_backslash = True  # `input_` keeps its underscore
autodoc_typehints = "none"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
pages.write(HERE / "reference")


def setup(app):
    """The sidebar unfolds the page's own branch alone: with all of it on every page the site was 90 MB and took minutes."""

    def folded(app, pagename, templatename, context, doctree):
        if whole := context.get("toctree"):
            context["toctree"] = lambda **wanted: whole(**wanted | {"collapse": True})

    app.connect("html-page-context", folded, priority=400)  # before the theme asks for it
