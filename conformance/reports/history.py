"""The history of runs: an append-only file, one JSON object a line, and its trend as an inline SVG."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ..results import BAD, Report


def entry(report: Report) -> dict[str, Any]:
    """What is worth comparing over months."""
    statuses = report.statuses()
    judged = sum(statuses[status] for status in ("passed", "deviates", *BAD))
    line: dict[str, Any] = {
        "started": report.run.started,
        "subject": report.subject.name,
        "version": report.subject.version,
        "commit": report.subject.commit,
        "torch": report.environment.packages.get("torch", ""),
        "seconds": report.run.seconds,
        "quick": report.run.quick,
        "complete": report.run.complete,
        "ops_chosen": len(report.run.ops),
        "seed": report.run.seed,
        "cases": report.run.cases,
        "verdicts": dict(report.verdicts()),
        "statuses": dict(statuses),
        "judged": judged,
        "bad": sum(statuses[status] for status in BAD),
    }
    if report.surface:
        line["surface"] = dict(Counter(name.status for name in report.surface.names))
    if report.selftest:
        line["mutants"] = [report.selftest.caught, len(report.selftest.mutants)]
    return line


def append(report: Report, path: Path) -> list[dict[str, Any]]:
    """Add this run, unless it is there already, and return all runs of the subject, oldest first."""
    runs = load(path)
    line = entry(report)
    identity = lambda run: (run["started"], run["subject"], run["commit"], run["seed"])
    if identity(line) not in map(identity, runs):
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, sort_keys=True) + "\n")
        runs.append(line)
    return [run for run in runs if run["subject"] == report.subject.name]


def load(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def comparable(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs over everything: a run of three ops says nothing about a trend."""
    return [run for run in runs if run["complete"] and not run["ops_chosen"]]


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 190, 44, 26, 10
LINES = ("conforms", "fails", "missing")


def chart(runs: list[dict[str, Any]]) -> str:
    """Ops by verdict over the runs, '' below two of them."""
    runs = comparable(runs)[-200:]
    if len(runs) < 2:
        return ""
    top = max(1, *(run["verdicts"].get(verdict, 0) for run in runs for verdict in LINES))
    x = lambda i: LEFT + (WIDTH - LEFT - 96) * i / (len(runs) - 1)
    y = lambda n: TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / top)
    right = f"{x(len(runs) - 1):.1f}"
    label = f"Ops by verdict over {len(runs)} runs"
    parts = [f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">']
    for mark in sorted({0, top // 2, top}):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark}</text>')
    taken: list[float] = []
    for verdict in LINES:
        values = [run["verdicts"].get(verdict, 0) for run in runs]
        points = " ".join(f"{x(i):.1f},{y(n):.1f}" for i, n in enumerate(values))
        parts.append(f'<polyline class="line {verdict}" points="{points}"/>')
        parts.append(f'<circle class="dot {verdict}" cx="{right}" cy="{y(values[-1]):.1f}" r="3"/>')
        place = y(values[-1]) + 4
        while any(abs(place - other) < 14 for other in taken):
            place -= 14
        taken.append(place)
        parts.append(f'<text class="label" x="{float(right) + 8:.1f}" y="{place:.1f}">{values[-1]} {verdict}</text>')
    for i, anchor in ((0, "start"), (len(runs) - 1, "end")):
        parts.append(f'<text x="{x(i):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{runs[i]["started"][:10]}</text>')
    return "".join(parts) + "</svg>"
