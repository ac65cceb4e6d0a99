"""Sphinx: one page a function, written by pages.py from the registry; `sphinx-build docs docs/_build`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages  # noqa: E402

project = "Lucid"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "furo"
source_suffix = {".rst": "restructuredtext"}
exclude_patterns = ["_build"]
pages.write(Path(__file__).parent / "functions")
