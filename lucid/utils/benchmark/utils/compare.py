"""Tables of measurements: one for each label, a row for each `sub_label`, a column for each description."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from lucid.utils.benchmark.utils.common import (
    Measurement,
    log10,
    ordered_unique,
    select_unit,
    trim_sigfig,
    unit_to_english,
)

__all__ = ["Compare"]

_BOLD, _END = "\033[1m", "\033[0m\033[0m"


class Colorize(enum.Enum):
    """Among which results the best one is found."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


def _colored(text: str, time: float, best: float) -> str:
    if time <= max(best * 1.01, best + 100e-9):
        color = "\033[92m" + _BOLD
    elif time <= best * 1.1:
        color = "\033[34m" + _BOLD
    elif time >= best * 5:
        color = "\033[31m" + _BOLD
    elif time >= best * 2:
        color = "\033[2m\033[91m"
    else:
        return text
    return color + text + _END


class _Column:
    """How the times of a column are written."""

    def __init__(self, results: list[Measurement], scale: float, trim: bool, warn: bool):
        self.scale, self.trim = scale, trim
        self.warn = warn and any(one.has_warnings for one in results)
        digits = [-int(-log10(one.median / scale) // 1) for one in results]
        decimals = min(max(one.significant_figures - before, 0) for one, before in zip(results, digits)) if trim else 1
        self.form = f"{max(digits) + decimals + (decimals > 0)}.{decimals}f"

    def _text(self, value: float, figures: int, spread: str) -> str:
        return f"{trim_sigfig(value, figures) if self.trim else value:>{self.form}}" + (f"{spread:>7}" if self.warn else "")

    def text(self, result: Measurement | None) -> str:
        if result is None:
            return " " * len(self._text(1, 1, ""))
        spread = f" (! {result.iqr / result.median * 100:.0f}%)" if result.has_warnings else ""
        return self._text(result.median / self.scale, result.significant_figures, spread)


class Compare:
    """Measurements in tables, printed by `print` or as a text.

    Parameters
    ----------
    results : list of Measurement
        What was measured; of the same task it is put together.

    Examples
    --------
    >>> from lucid.utils.benchmark import Compare, Measurement, TaskSpec
    >>> times = {"small": 2e-6, "large": 3e-5}
    >>> Compare([Measurement(1, [t], TaskSpec("x", "", label="add", sub_label="float", description=name)) for name, t in times.items()]).print()
    [------------ add ------------]
                 |  small  |  large
    1 threads: --------------------
          float  |   2.0   |   30.0
    <BLANKLINE>
    Times are in microseconds (us).
    <BLANKLINE>
    """

    def __init__(self, results: list[Measurement]):
        self._results: list[Measurement] = []
        self._trim = self._warn = False
        self._color = Colorize.NONE
        self.extend_results(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Take more results; ValueError if one is no Measurement."""
        results = list(results)
        for one in results:
            if not isinstance(one, Measurement):
                raise ValueError(f"Compare: results are Measurements, got {type(one).__name__}")
        self._results += results

    def trim_significant_figures(self) -> None:
        """Write the digits that mean something, and no others."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show in colors how far results are from the best of their column, or of their row."""
        self._color = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Mark results whose times vary by more than a tenth."""
        self._warn = True

    def print(self) -> None:
        """Print the tables."""
        print(self)

    def __str__(self) -> str:
        tables: dict[str | None, list[Measurement]] = {}
        for one in Measurement.merge(self._results):
            tables.setdefault(one.label, []).append(one)
        return "\n".join(self._table(label or "", results) for label, results in tables.items())

    def _table(self, label: str, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(one.median for one in results))
        headings = ordered_unique(one.description for one in results)
        rows: dict[tuple, dict[str | None, Measurement]] = {}
        for one in sorted(results, key=lambda one: (one.num_threads, one.env or "")):
            rows.setdefault((one.num_threads, one.env or "", one.as_row_name), {})[one.description] = one
        columns = [_Column([row[name] for row in rows.values() if name in row], scale, self._trim, self._warn) for name in headings]

        environments = {env for _, env, _ in rows}
        room = 4 + (max(map(len, environments)) if len(environments) > 1 else 0)
        lines = [["", *(name or "" for name in headings)]]
        before: tuple = (None, None)
        for threads, env, name in rows:
            shown = f"({env})" if env and len(environments) > 1 and (threads, env) != before else ""
            found = rows[threads, env, name]
            lines.append([f"  {shown:<{room}}{name}", *(column.text(found.get(heading)) for column, heading in zip(columns, headings))])
            before = threads, env
        widths = [max(map(len, cells)) for cells in zip(*lines)]

        head = "  |  ".join(map(str.center, lines[0], widths))
        output = [f"[{f' {label} '.center(len(head) - 2, '-')}]", head]
        group = None
        for (threads, _, _), found, (name, *cells) in zip(rows, rows.values(), lines[1:]):
            if threads != group:
                output.append(f"{threads} threads: ".ljust(len(head), "-"))
                group, best = threads, self._best_of_columns(rows, threads)
            output.append("  |  ".join([name.ljust(widths[0]), *self._cells(found, headings, cells, widths[1:], best)]))
        output += ["", f"Times are in {unit_to_english(unit)}s ({unit}).", ""]
        if self._warn and any(one.has_warnings for one in results):
            output.insert(-1, "(! XX%) Measurement has high variance, where XX is the IQR / median * 100.")
        return "\n".join(output)

    @staticmethod
    def _best_of_columns(rows: dict, threads: int) -> dict:
        best: dict = {}
        for key, found in rows.items():
            if key[0] == threads:
                for heading, one in found.items():
                    best[heading] = min(one.median, best.get(heading, one.median))
        return best

    def _cells(self, found: dict, headings: list, cells: list[str], widths: list[int], best: dict) -> Iterable[str]:
        if self._color is Colorize.ROWWISE:
            best = dict.fromkeys(headings, min(one.median for one in found.values()))
        for heading, cell, width in zip(headings, cells, widths):
            text = cell.center(width)
            plain = self._color is Colorize.NONE or heading not in found
            yield text if plain else _colored(text, found[heading].median, best[heading])
