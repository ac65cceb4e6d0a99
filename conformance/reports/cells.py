"""Op by check: the unit in which the matrix, JUnit and CTRF count. Sources and dtypes are added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..results import BAD, STATUSES, Failure, Op, Report


@dataclass
class Cell:
    """All counts of one check of one op."""

    op: Op
    check: str
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    reasons: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    accepted: bool = False  # it fails, and the baseline lists every failure of it
    lost: bool = False  # it is missing, and the baseline does not say so

    @property
    def bad(self) -> int:
        return sum(self.totals[status] for status in BAD)

    @property
    def status(self) -> str:
        """The worst that occurred; a check that only sometimes did not apply is not skipped."""
        if self.bad:
            return "accepted" if self.accepted else next(s for s in reversed(BAD) if self.totals[s])
        order = ("missing", "deviates", "passed", "blocked", "skipped")
        return next((status for status in order if self.totals[status]), "skipped")

    @property
    def message(self) -> str:
        """One line: how many, and the first failure or reason."""
        judged = sum(self.totals.values()) - self.totals["skipped"]
        if self.bad:
            kinds = ", ".join(f"{self.totals[status]} {status}" for status in BAD if self.totals[status])
            first = f"; first: {self.failures[0].case}: {self.failures[0].message}" if self.failures else ""
            return f"{kinds} of {judged}{first}"
        if self.totals["missing"]:
            return f"{self.totals['missing']} of {judged} ask for what the subject does not have"
        if self.reasons:
            return "; ".join(f"{reason} ({n})" for reason, n in sorted(self.reasons.items(), key=lambda item: -item[1]))
        return ""


def cells(report: Report) -> Iterator[tuple[Op, list[Cell]]]:
    """Every op with its cells, in the order of the report's checks."""
    place = {check.name: i for i, check in enumerate(report.checks)}
    split = [(*name.rpartition("#")[0].partition("/")[::2], name.rpartition("#")[2]) for name in report.baseline.new]
    new = {(op, check) for op, case, check in split if case != "missing"}
    lost = {(op, check) for op, case, check in split if case == "missing"}
    failures: dict[tuple[str, str], list[Failure]] = {}
    for failure in report.failures:
        failures.setdefault((failure.op, failure.check), []).append(failure)
    for op in report.ops:
        found: dict[str, Cell] = {}
        for count in op.counts:
            key = (op.name, count.check)
            if count.check not in found:
                accepted = bool(report.baseline.file) and key not in new
                gone = bool(lost & {key, (op.name, "all")})
                found[count.check] = Cell(op, count.check, failures=failures.get(key, []), accepted=accepted, lost=gone)
            cell = found[count.check]
            for status in STATUSES:
                cell.totals[status] += getattr(count, status)
            for reason, number in count.reasons.items():
                cell.reasons[reason] = cell.reasons.get(reason, 0) + number
        yield op, sorted(found.values(), key=lambda cell: (place.get(cell.check, len(place)), cell.check))
