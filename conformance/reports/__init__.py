"""What is handed on: one report in the forms its readers want. Everything here only reads `results.Report`.

    html.py      report.html: one file that opens without network (template.html, style.css, view.js)
    junit.py     junit.xml for CI servers             ctrf.py      ctrf.json, the same in a newer format
    markdown.py  summary.md for a release page        history.py   history.jsonl, one line a run, and its chart
    difference.py  what changed between two reports   cells.py     op by check, the unit most of them count in
"""

from __future__ import annotations

from pathlib import Path

from ..results import Report
from . import ctrf, history, html, junit, markdown
from .difference import diff

__all__ = ["diff", "write"]


def write(report: Report, folder: str | Path) -> list[Path]:
    """All forms into a folder; its history grows by this run. Returns the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    runs = history.append(report, folder / "history.jsonl")
    texts = {
        "report.html": html.render(report, runs),
        "junit.xml": junit.render(report),
        "ctrf.json": ctrf.render(report),
        "summary.md": markdown.render(report),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in (*texts, "history.jsonl")]
