"""What is handed on: one report in the forms its readers want. Everything here only reads `results.Report`.

    html.py      report.html: one file that opens without network (template.html, style.css, view.js)
    junit.py     junit.xml for CI servers             ctrf.py      ctrf.json, the same in a newer format
    markdown.py  summary.md for a release page        history.py   history.jsonl, one line a run, and its chart
    difference.py  what changed between two reports   cells.py     op by check, the unit most of them count in
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..results import Report
from . import ctrf, history, html, junit, markdown
from .difference import diff

__all__ = ["FORMS", "diff", "write"]

FORMS = {"report.html": html, "junit.xml": junit, "ctrf.json": ctrf, "summary.md": markdown}


def write(report: Report, folder: str | Path, forms: Sequence[str] = ()) -> list[Path]:
    """All forms, or those named, into a folder; its history grows by this run. Returns the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    runs = history.append(report, folder / "history.jsonl")
    names = forms or FORMS
    for name in names:
        text = html.render(report, runs) if name == "report.html" else FORMS[name].render(report)
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in (*names, "history.jsonl")]
