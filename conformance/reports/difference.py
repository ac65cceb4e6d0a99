"""What changed between two reports, and whether anything got worse.

Worse is: a check of an op, for a source and a dtype, that fails in more cases; an op whose verdict fell; a public name
that was there and is not; a signature that now differs; an accuracy that fell by more than half an ULP and a tenth.
What only one of the runs judged is shown and is neither worse nor better.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from ..results import Report

RANK = {"conforms": 0, "deviates": 1, "present": 1, "unjudged": 2, "out of scope": 2, "missing": 3, "fails": 4}


@dataclass
class Change:
    what: str
    before: str
    after: str


@dataclass
class Difference:
    worse: list[Change] = field(default_factory=list)
    better: list[Change] = field(default_factory=list)
    other: list[Change] = field(default_factory=list)

    def note(self, what: str, before: str, after: str, step: float) -> None:
        kind = self.worse if step > 0 else self.better if step < 0 else self.other
        kind.append(Change(what, before, after))


def difference(before: Report, after: Report) -> Difference:
    """Compare two reports of the same subject, or of two subjects."""
    found = Difference()
    _verdicts(before, after, found)
    _checks(before, after, found)
    _accuracy(before, after, found)
    _surface(before, after, found)
    return found


def _verdicts(before: Report, after: Report, found: Difference) -> None:
    old, new = ({op.name: op.status for op in report.ops} for report in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, "not in the report"), new.get(name, "not in the report")
        if was != now:
            step = RANK[now] - RANK[was] if was in RANK and now in RANK else 0
            # An op that could not be judged says nothing of its quality.
            found.note(name, was, now, 0 if "unjudged" in (was, now) else step)


def _checks(before: Report, after: Report, found: Difference) -> None:
    old, new = (
        {(op.name, c.check, c.source, c.dtype): c for op in report.ops for c in op.counts} for report in (before, after)
    )
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        bad = (was.bad if was else 0, now.bad if now else 0)
        what = f"{key[0]} {key[1]} ({key[2]}, {key[3]})"
        shown = [f"{n} failed" if c else "not judged" for n, c in zip(bad, (was, now))]
        if bad[0] != bad[1]:
            found.note(what, *shown, 0 if now is None else bad[1] - bad[0])


def _accuracy(before: Report, after: Report, found: Difference) -> None:
    old, new = ({(op.name, a.dtype): a for op in report.ops for a in op.accuracy} for report in (before, after))
    for key in sorted(old.keys() & new.keys()):
        was, now = old[key].subject.worst, new[key].subject.worst
        if max(was, now) > 1.1 * min(was, now) and abs(was - now) > 0.5:
            found.note(f"{key[0]} accuracy ({key[1]})", f"{was:.3g} ULP", f"{now:.3g} ULP", now - was)


def _surface(before: Report, after: Report, found: Difference) -> None:
    if not (before.surface and after.surface):
        return
    old, new = ({entry.name: entry for entry in report.surface.names} for report in (before, after))
    judged = {op.name for report in (before, after) for op in report.ops}
    for name in sorted(old.keys() & new.keys()):
        was, now = old[name], new[name]
        if was.status != now.status and name not in judged:
            found.note(f"{name} (name)", was.status, now.status, RANK[now.status] - RANK[was.status])
        if was.signature != now.signature and "differs" in (was.signature, now.signature):
            step = 1 if now.signature == "differs" else -1
            found.note(f"{name} (signature)", was.signature, now.difference or now.signature, step)


def diff(before: Report, after: Report, console: Console | None = None) -> int:
    """Print what changed; 1 when anything got worse."""
    console = console or Console()
    found = difference(before, after)
    for title, changes, style in (
        ("worse", found.worse, "red"),
        ("better", found.better, "green"),
        ("changed", found.other, "yellow"),
    ):
        if changes:
            heading = f"{title} ({len(changes)})"
            table = Table("", "before", "after", title=heading, title_justify="left", title_style=style)
            for change in changes:
                table.add_row(change.what, change.before, change.after)
            console.print(table)
    counts = f"{len(found.worse)} worse, {len(found.better)} better, {len(found.other)} otherwise changed"
    console.print(counts if found.worse or found.better or found.other else "no difference")
    return 1 if found.worse else 0
