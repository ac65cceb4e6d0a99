"""The results as a table on the terminal, a JSON file and a chart."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .cases import MEAN_TARGET

SCHEMA = 1


def ratios(rows: list[dict[str, Any]]) -> list[float]:
    """The measured ratios to the reference's time; other kinds of rows are not comparable with them."""
    return [row["value"] for row in rows if row["kind"] == "Case" and row.get("value") and not disturbed(row)]


def geometric_mean(values: list[float]) -> float | None:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def disturbed(row: dict[str, Any]) -> bool:
    """Most of the rounds ran beside other processes: the figure is shown, and counts for nothing."""
    return row.get("disturbed", 0) * 2 > row.get("pairs", 0)


def verdict(row: dict[str, Any]) -> str:
    if row.get("value") is None or disturbed(row):
        return "not measured"
    return "met" if round(row["value"], 2) <= row["target"] else "missed"  # judged as it is printed


def _seconds(row: dict[str, Any], who: str) -> str:
    times = row.get("seconds", {}).get(who)
    if not times or "median" not in times:
        return ""
    value = times["median"] * 1e6
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _value(row: dict[str, Any]) -> str:
    if row.get("value") is None:
        return "-"
    return f"{row['value']:.2f}" if row["unit"] == "x" else f"{row['value']:.1f} {row['unit']}"


def print_table(record: dict[str, Any], console: Console) -> None:
    """One line a case, under its group, and the sums below."""
    names = record["subject"]["name"], record["reference"]["name"]
    table = Table(title=f"{names[0]} against {names[1]}: time ratios, medians of pairs", title_justify="left")
    table.add_column("case", no_wrap=True)
    for name in (*names, "numpy"):
        table.add_column(f"{name} us", justify="right")
    for name in ("ratio", "quartiles", "target", ""):
        table.add_column(name, justify="right")
    styles = {"met": "green", "missed": "red", "not measured": "yellow"}
    group = None
    for row in record["rows"]:
        if row["group"] != group:
            table.add_section()
            group = row["group"]
        spread = row.get("spread")
        quartiles = f"{spread['low']:.2f}-{spread['high']:.2f}" if spread else ""
        note = "disturbed" if disturbed(row) else "noisy" if row["noisy"] else ""
        table.add_row(
            row["name"], *(_seconds(row, who) for who in ("subject", "reference", "numpy")),
            _value(row), quartiles, f"{row['target']:g}",
            f"[{styles[row['verdict']]}]{row['verdict']}[/]" + (f" [dim]{note}[/]" if note else ""),
        )  # fmt: skip
    console.print(table)
    for row in record["rows"]:
        if row.get("error"):
            console.print(f"[yellow]{row['name']}[/]: {row['error']}", highlight=False)
        if row.get("reference") is not None and row["unit"] == "x":
            console.print(f"{row['name']}: {names[1]} itself {row['reference']:.1f}")
    counts = record["totals"]
    mean = counts["geometric_mean"]
    console.print(
        f"[bold]{counts['met']} of {counts['rows']} targets met[/], {counts['missed']} missed, "
        f"{counts['not measured']} not measured"
        + (f"; geometric mean of the {counts['ratios']} ratios {mean:.3f} (target {MEAN_TARGET})" if mean else "")
    )


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[str, Any] = {"rows": len(rows), "met": 0, "missed": 0, "not measured": 0}
    for row in rows:
        counts[row["verdict"]] += 1
    counts["ratios"] = len(ratios(rows))
    counts["geometric_mean"] = geometric_mean(ratios(rows))
    return counts


def write_json(record: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n")


def write_chart(record: dict[str, Any], folder: Path) -> list[Path]:
    """Each ratio as a dot with its quartiles, its target as a bar's end, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in record["rows"] if row["unit"] == "x" and row.get("value")]
    if not rows:
        return []
    figure, axes = plt.subplots(figsize=(8.5, 0.235 * len(rows) + 1.7), layout="constrained")
    for y, row in enumerate(rows):
        colour = "#2e7d5b" if row["verdict"] == "met" else "#b3402e"
        axes.plot([row["target"]] * 2, [y - 0.38, y + 0.38], color="#8a8f98", linewidth=2)
        if spread := row.get("spread"):
            axes.plot([spread["low"], spread["high"]], [y, y], color=colour, linewidth=2.5, alpha=0.35)
        axes.plot(row["value"], y, "o", color=colour, markersize=4.5)
    axes.axvline(1, color="#8a8f98", linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    low = min(0.5, *(min(r["value"], r["target"]) for r in rows)) * 0.7
    high = max(2, *(max(r["value"], r["target"]) for r in rows)) * 1.4
    axes.set_xlim(low, high)
    ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.3, -0.7)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    names = record["subject"]["name"], record["reference"]["name"]
    axes.set_xlabel(f"{names[0]} / {names[1]}, below 1 is faster or smaller; the grey bar is the target")
    mean = record["totals"]["geometric_mean"]
    title = f"{record['totals']['met']} of {record['totals']['rows']} targets met"
    axes.set_title(title + (f", geometric mean of the time ratios {mean:.2f}" if mean else ""), fontsize=10, loc="left")
    paths = [folder / "benchmarks.png", folder / "benchmarks.svg"]
    for path in paths:
        figure.savefig(path, dpi=150, facecolor="white")
    plt.close(figure)
    return paths
