"""A summary in Markdown, for a release page or the summary of a CI job."""

from __future__ import annotations

from collections import Counter

from ..results import BAD, STATUSES, Report
from .cells import cells

VERDICTS = ("conforms", "deviates", "fails", "missing", "unjudged", "out of scope")
LISTED = 20


def render(report: Report) -> str:
    subject, run, environment = report.subject, report.run, report.environment
    lines = [
        f"# {subject.name} {subject.version} against PyTorch {environment.packages.get('torch', '')}".rstrip(),
        "",
        _about(report),
        "",
        *table(["", *VERDICTS], _verdicts(report)),
        "",
        "## Checks",
        "",
        "Numbers are checks of cases; `failed` includes crashes, hangs and memory blow-ups.",
        "",
        *table(["check", "passed", "failed", "missing", "deviates", "blocked", "skipped"], _checks(report)),
    ]
    if fails := [op for op in report.ops if op.status == "fails"]:
        fails.sort(key=lambda op: -sum(count.bad for count in op.counts))
        rows = []
        for op, found in cells(report):
            if op.status == "fails":
                bad = [cell for cell in found if cell.bad]
                rows.append([code(op.name), sum(c.bad for c in bad), ", ".join(f"{c.check} {c.bad}" for c in bad)])
        rows.sort(key=lambda row: -row[1])
        lines += ["", f"## Failing ({len(fails)})", "", *table(["", "failures", "by check"], rows[:LISTED])]
        if len(rows) > LISTED:
            lines += ["", f"and {len(rows) - LISTED} more, in report.html."]
    if deviating := [op for op in report.ops if op.status == "deviates"]:
        lines += ["", "## Deliberate differences", ""]
        lines += [f"- {code(op.name)}: {op.reason}" for op in deviating]
    lines += _accuracy(report) + _surface(report) + _selftest(report)
    base = report.baseline
    if base.file:
        lines += ["", f"Baseline: {len(base.new)} new failures, {len(base.known)} accepted ones, "
                      f"{len(base.fixed)} accepted ones that pass now, {base.unjudged} not reached."]  # fmt: skip
    lines += ["", f"Run {run.started}, {run.seconds:.0f} s, seed {run.seed}, {run.cases:,} cases, "
                  f"{environment.cpu}, {environment.platform}, Python {environment.python}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _about(report: Report) -> str:
    asked = [op for op in report.ops if op.status != "out of scope"]
    conforms = sum(op.status == "conforms" for op in asked)
    text = f"**{conforms} of {len(asked)}** functions, modules, optimizers and schedulers conform in every check."
    if not report.run.complete:
        text += " The run was interrupted: these are the results until then."
    elif report.run.quick:
        text += " A quick run: a sample of the cases."
    return text


def _verdicts(report: Report) -> list[list]:
    rows = []
    for kind in dict.fromkeys(op.kind for op in report.ops):
        counts = report.verdicts(kind)
        rows.append([f"{kind}s", *(counts[verdict] for verdict in VERDICTS)])
    total = report.verdicts()
    return [*rows, ["**all**", *(total[verdict] for verdict in VERDICTS)]]


def _checks(report: Report) -> list[list]:
    sums: dict[str, Counter] = {check.name: Counter() for check in report.checks}
    for op in report.ops:
        for count in op.counts:
            sums.setdefault(count.check, Counter()).update({s: getattr(count, s) for s in STATUSES})
    titles = {check.name: check.title for check in report.checks}
    rows = []
    for name, total in sums.items():
        if total.total():
            bad = sum(total[status] for status in BAD)
            others = (total[status] for status in ("missing", "deviates", "blocked", "skipped"))
            rows.append([titles.get(name, name), total["passed"], bad, *others])
    return rows


def _accuracy(report: Report) -> list[str]:
    found: dict[str, Counter] = {}
    for op in report.ops:
        for accuracy in op.accuracy:
            found.setdefault(accuracy.dtype, Counter())[accuracy.more_accurate] += 1
    if not found:
        return []
    rows = [[dtype, n["subject"], n["equal"], n["torch"]] for dtype, n in sorted(found.items())]
    head = ["dtype", f"{report.subject.name} nearer", "equal", "PyTorch nearer"]
    return ["", "## Who is nearer to the truth", "", "Ops by mean error in ULP.", "", *table(head, rows)]


def _surface(report: Report) -> list[str]:
    if not report.surface:
        return []
    counts = Counter(name.status for name in report.surface.names)
    asked = len(report.surface.names) - counts["out of scope"]
    differs = sum(name.signature == "differs" for name in report.surface.names)
    there = asked - counts["missing"]
    return ["", "## Surface", "", f"Of {asked:,} public names of PyTorch that are asked, {there:,} are there: "
            f"{counts['conforms']:,} conform, {counts['deviates']:,} deviate, {counts['fails']:,} fail, "
            f"{counts['present']:,} were judged by no case. {counts['missing']:,} are missing. "
            f"{counts['out of scope']:,} more are out of scope. {differs:,} signatures differ."]  # fmt: skip


def _selftest(report: Report) -> list[str]:
    if not report.selftest:
        return []
    test = report.selftest
    return ["", "## Self-test", "", f"{test.caught} of {len(test.mutants)} planted faults were caught."]


def table(head: list, rows: list[list]) -> list[str]:
    shown = lambda cell: f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|")
    line = lambda cells: "| " + " | ".join(map(shown, cells)) + " |"
    return [line(head), "| --- |" + " ---: |" * (len(head) - 1), *(line(row) for row in rows)]


def code(text: str) -> str:
    return f"`{text}`"
