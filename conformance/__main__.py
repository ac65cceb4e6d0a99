"""The command line: `python -m conformance run|list|show|repro|diff|report|surface|packages|exported|selftest`.

Exit status of `run`: 0 when nothing is worse than the accepted baseline, 1 when something is, 2 for a wrong command
line, 130 when interrupted (what was judged until then is kept, and `run --resume` goes on).
"""

from __future__ import annotations

import argparse
import datetime
import logging
import signal
import sys
import time
import warnings
from collections import Counter
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.syntax import Syntax
from rich.table import Table

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
OUTPUT = Path("conformance-report")
console = Console()
if not console.is_terminal:
    console.width = max(console.width, 160)  # a file takes lines of any length


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m conformance", description="Judge a tensor package against PyTorch.")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(function=globals()[f"cmd_{name}"])
        return made

    def selection(made: argparse.ArgumentParser) -> None:
        made.add_argument(
            "--ops", nargs="+", default=[], metavar="PATTERN", help="torch paths, their last part, or patterns"
        )
        made.add_argument("--source", nargs="+", default=[], metavar="NAME", help="own, opinfo, generated, ...")
        made.add_argument("--seed", type=int, default=0, help="of every generated number (default 0)")
        made.add_argument("--quick", action="store_true", help="a sample of the cases, evenly by kind")
        made.add_argument("--subject", default="lucid", help="who is judged (default lucid)")

    run = command("run", "judge, write the reports, print a summary")
    selection(run)
    run.add_argument("--dtypes", nargs="+", default=[], metavar="NAME", help="default: float32 float64 int64 bool, and one of float16 and bfloat16 for each op")
    run.add_argument("--checks", nargs="+", default=[], metavar="NAME", help="default: all")
    run.add_argument("--jobs", type=int, default=2, help="worker processes (default 2)")
    run.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    run.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR", help=f"default {OUTPUT}")
    run.add_argument(
        "--baseline", type=Path, metavar="FILE", help="accepted failures (default for lucid: baseline.json)"
    )
    run.add_argument("--no-baseline", action="store_true", help="any failure fails the run")
    run.add_argument("--accept", metavar="REASON", help="write this run's failures into the baseline with this reason")
    run.add_argument("--no-simd", action="store_true", help="leave out the other SIMD levels")
    run.add_argument("--timeout", type=float, default=30.0, metavar="S", help="for one check of one case (default 30)")
    run.add_argument("--memory", type=float, default=4.0, metavar="GIB", help="limit of a worker (default 4)")

    listing = command("list", "what would be judged: ops, checks, sources, subjects or mutants")
    listing.add_argument("what", nargs="?", default="ops", choices=["ops", "checks", "sources", "subjects", "mutants"])
    selection(listing)
    show = command("show", "an op: its cases, and how each check of them ends")
    show.add_argument("op")
    selection(show)
    repro = command("repro", "judge one case again and show everything about it")
    repro.add_argument("case", help="case id, as the report names it")
    selection(repro)
    diff = command("diff", "what changed between two report.json")
    diff.add_argument("before", type=Path)
    diff.add_argument("after", type=Path)
    report = command("report", "write the reports again from a report.json")
    report.add_argument("report", type=Path, nargs="?", default=OUTPUT / "report.json")
    report.add_argument("--output", type=Path, default=None, metavar="DIR")
    report.add_argument("--forms", nargs="+", default=[], metavar="FILE", help="only these (default: all)",
                        choices=["report.html", "junit.xml", "ctrf.json", "summary.md"])  # fmt: skip
    surface = command("surface", "PyTorch's public names and what the subject has of them")
    surface.add_argument("report", type=Path, nargs="?", metavar="REPORT",
                         help="a report.json: its verdicts; without one, presence alone")  # fmt: skip
    surface.add_argument("--subject", default="lucid", help="who is asked where no report is given (default lucid)")
    surface.add_argument("--list", nargs="+", default=[], metavar="STATUS", help="name the names of these statuses")
    surface.add_argument("--differs", action="store_true", help="name the signatures that differ")
    packages = command("packages", "run packages written for PyTorch as they are, on both libraries")
    packages.add_argument("names", nargs="*", help="packages (default: all that are installed)")
    exported = command("exported", "run programs that PyTorch exported, or compiled to TorchScript")
    exported.add_argument("names", nargs="*", help="functions and networks (default: all)")
    selftest = command("selftest", "plant faults in the subject and count those that are caught")
    selftest.add_argument("names", nargs="*", help="mutants (default: all)")
    selftest.add_argument("--subject", default="torch", help="in whom to plant them (default torch)")
    selftest.add_argument("--quick", action="store_true", help="one mutant of each family and check")
    selftest.add_argument("--jobs", type=int, default=2)
    selftest.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR")
    return top


def chosen(arguments: argparse.Namespace) -> dict:
    """The part of the catalogue that --ops and --source name."""
    from .judging import catalogue

    found = catalogue(tuple(arguments.source))
    if not arguments.ops:
        return found
    match = lambda op, p: fnmatchcase(op, p) or op.rpartition(".")[2] == p
    kept = {op: about for op, about in found.items() if any(match(op, p) for p in arguments.ops)}
    if not kept:
        sys.exit(f"no op matches {' '.join(arguments.ops)}; see `python -m conformance list`")
    return kept


def plan_of(arguments: argparse.Namespace):
    from . import checks, sources
    from .judging import DEFAULT_DTYPES, DTYPES, Plan

    dtypes = tuple(getattr(arguments, "dtypes", ())) or DEFAULT_DTYPES
    dtypes = tuple(DTYPES) if dtypes == ("all",) else dtypes
    for given, known, what in (
        (dtypes, DTYPES, "dtype"),
        (getattr(arguments, "checks", ()), checks.load(), "check"),
        (arguments.source, sources.load(), "source"),
    ):
        for name in given:
            if name not in known:
                sys.exit(f"unknown {what} {name!r}; there are: {', '.join(known)}")
    return Plan(arguments.seed, arguments.quick, dtypes, tuple(getattr(arguments, "checks", ())))


def tasks_of(catalogue: dict, levels: list[str]) -> list:
    """One task for each op and source, and once more for each SIMD level; the long ones first."""
    from .judging import Task

    made = [Task(op, source) for op, (_, names) in catalogue.items() for source in names]
    made.sort(key=lambda task: (task.source != "opinfo", task.op))
    made += [Task(op, "own", level) for level in levels for op, (_, names) in catalogue.items() if "own" in names]
    return made


def cmd_run(arguments: argparse.Namespace) -> int:
    from . import collect, results, subjects, surface
    from .judging import DEFAULT_DTYPES
    from .workers import Journal, Limits, Pool

    plan = plan_of(arguments)
    catalogue = chosen(arguments)
    subject = subjects.make(arguments.subject)
    about = subject.describe()
    levels = [] if arguments.no_simd or (plan.checks and "simd" not in plan.checks) else subject.simd_levels()
    tasks = tasks_of(catalogue, levels)
    key = {"seed": plan.seed, "quick": plan.quick, "dtypes": plan.dtypes, "checks": plan.checks, "ops": arguments.ops,
           "source": arguments.source, "subject": arguments.subject, "commit": about.commit}  # fmt: skip
    arguments.output.mkdir(parents=True, exist_ok=True)
    journal = Journal(arguments.output / "journal", key, arguments.resume)
    collector = collect.Collector()
    for op, (family, _) in catalogue.items():
        collector.expect(op, family, kind_of(family))
    for _, found in journal.done:
        collector.add(found)
    finished = {task for task, _ in journal.done}
    tasks = [task for task in tasks if task not in finished]
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    pool = Pool(arguments.subject, plan, arguments.jobs, Limits(arguments.timeout, arguments.memory),
                {level: subject.simd_environment(level) for level in levels})  # fmt: skip
    complete = True
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with _progress() as progress:
        bar = progress.add_task("judging", total=len(tasks), bad=0)
        running = pool.run(tasks)
        try:
            for task, found in running:
                collector.add(found)
                journal.add(task, found)
                progress.update(bar, advance=1, bad=len(collector.failed), description=task.op[-26:])
        except KeyboardInterrupt:
            complete = False
        finally:
            running.close()
    path = None if arguments.no_baseline else arguments.baseline or (BASELINE if arguments.subject == "lucid" else None)
    everything = not (plan.quick or arguments.source or plan.checks) and plan.dtypes == DEFAULT_DTYPES
    baseline = collector.against(collect.read_baseline(path), str(path or ""), everything)
    if not complete or plan.seed != 0:
        baseline.fixed = []  # ids of other seeds are other cases
    run = results.Run(started.strftime("%Y-%m-%dT%H:%M:%SZ"), round(time.monotonic() - clock, 1), plan.seed, plan.quick,
                      complete, arguments.jobs, list(arguments.ops), list(plan.dtypes), list(plan.selected()),
                      list(arguments.source))  # fmt: skip
    report = collector.report(about, run, baseline)
    report.surface = surface.of_report(report, subject) if complete and not arguments.ops else None
    report.selftest = selftest_of(arguments.output, arguments.subject)
    report.save(arguments.output / "report.json")
    write_reports(report, arguments.output)
    journal.close(complete)
    if arguments.accept:
        collect.accept(path or BASELINE, baseline, arguments.accept, plan.seed)
    summary(report, arguments.output)
    if not complete:
        console.print("[yellow]Interrupted.[/] `run --resume` with the same options goes on.")
        return 130
    return 0 if baseline.ok or arguments.accept else 1


def kind_of(family: str) -> str:
    return family if family in ("module", "optimizer", "scheduler", "program") else "function"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<26}"), BarColumn(12), MofNCompleteColumn(), TextColumn("{task.fields[bad]} failed"),
        TimeElapsedColumn(), TimeRemainingColumn(compact=True), console=console, transient=True,
    )  # fmt: skip


def write_reports(report, folder: Path, forms: list[str] = ()) -> None:
    from . import reports

    reports.write(report, folder, forms)


def summary(report, folder: Path) -> None:
    """One screen of 80 columns: the checks in two columns, the verdicts, what is worse than the baseline."""
    run, subject = report.run, report.subject
    name = " ".join(filter(None, (subject.name, subject.version, subject.commit)))
    console.rule(f"{name} judged by PyTorch {report.environment.packages.get('torch', '')}")
    shown = []
    for check in report.checks:
        counts = [c for op in report.ops for c in op.counts if c.check == check.name]
        bad, passed, missing = (sum(n) for n in zip(*((c.bad, c.passed + c.deviates, c.missing) for c in counts), (0,) * 3))
        if counts:
            number = lambda n, style: f"[{style}]{n}[/]" if n else "[dim]-[/]"
            shown.append((check.title, number(passed, "default"), number(bad, "red"), number(missing, "yellow")))
    half = (len(shown) + 1) // 2
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for _ in range(2 if len(shown) > 1 else 1):
        table.add_column("", no_wrap=True, min_width=15)
        for column in ("passed", "failed", "missing"):
            table.add_column(column, justify="right", no_wrap=True)
    for left, right in zip_longest(shown[:half], shown[half:], fillvalue=("",) * 4):
        table.add_row(*left, *(right if len(shown) > 1 else ()))
    console.print(table)
    verdicts = report.verdicts()
    console.print(f"{len(report.ops)} ops: " + ", ".join(f"{n} {s}" for s, n in verdicts.most_common()), highlight=False)
    kinds = [f"{n} {status}" for status, n in report.statuses().items() if n and status in ("crash", "hang", "memory")]
    if kinds:
        console.print(f"[red]among the failures: {', '.join(kinds)}[/]", highlight=False)
    trouble = lambda op: sum(c.bad for c in op.counts) or 1
    fails = sorted((op for op in report.ops if op.status == "fails"), key=lambda op: (-trouble(op), op.name))
    if fails:
        names = ", ".join(f"{op.name} ({trouble(op)})" for op in fails[:8])
        console.print(f"[red]failing:[/] {names}{' ...' if len(fails) > 8 else ''}", highlight=False)
    base = report.baseline
    line = f"{len(base.new)} new failures, {len(base.known)} accepted, {len(base.fixed)} accepted ones that now pass"
    console.print(("[green]" if base.ok else "[red]") + line + "[/]", highlight=False)
    for kind, names in (("new", base.new), ("passes", base.fixed)):
        for name in names[:3]:
            console.print(f"  {kind}: {name}", highlight=False, markup=False, no_wrap=True, overflow="ellipsis")
    console.print(f"{run.cases} cases in {run.seconds:.0f} s; look at {folder / 'report.html'}", highlight=False)


def cmd_list(arguments: argparse.Namespace) -> int:
    from . import checks, sources, subjects

    if arguments.what == "ops":
        found = chosen(arguments)
        for op, (family, names) in sorted(found.items()):
            console.print(f"{op:<52} {family:<11} {' '.join(names)}", highlight=False)
        console.print(f"{len(found)} ops")
    elif arguments.what == "checks":
        for check in checks.load().values():
            console.print(f"[bold]{check.name:<12}[/] {check.kind:<10} {check.info().doc}")
    elif arguments.what == "sources":
        for name, source in sources.load().items():
            console.print(
                f"[bold]{name:<10}[/] {len(source.ops()):4} ops. {(source.__doc__ or '').strip().splitlines()[0]}"
            )
    elif arguments.what == "subjects":
        console.print("\n".join(subjects.names()))
    else:
        from .selftest import mutants

        for item in mutants():
            console.print(f"[bold]{item.name:<36}[/] {item.family:<12} {item.fault}")
    return 0


def cmd_show(arguments: argparse.Namespace) -> int:
    from . import subjects
    from .judging import Task, cases_of, judge

    arguments.ops = [arguments.op]
    plan, catalogue = plan_of(arguments), chosen(arguments)
    subject, oracle = subjects.make(arguments.subject), subjects.make("torch")
    checks = plan.selected()
    for op, (family, names) in catalogue.items():
        console.rule(f"{op} ({family})")
        totals: dict[tuple[str, str], int] = {}
        for source in names:
            for case in cases_of(Task(op, source), plan):
                result = judge(case, subject, oracle, checks)
                bad = [o for o in result.outcomes if o.status not in ("passed", "skipped")]
                mark = "[green]ok[/]" if not bad else "[red]" + " ".join(f"{o.check}:{o.status}" for o in bad) + "[/]"
                console.print(f"{case.id}  {mark}  ", end="")
                console.print(
                    case.short(), markup=False, highlight=False, style="dim", overflow="ellipsis", no_wrap=True
                )
                for o in bad[:3]:
                    console.print(f"    {o.check}: {o.message}", markup=False, highlight=False)
                for o in result.outcomes:
                    totals[o.check, o.status] = totals.get((o.check, o.status), 0) + 1
        for (check, status), number in sorted(totals.items()):
            console.print(f"{check:<12} {status:<9} {number}", highlight=False)
    return 0


def cmd_repro(arguments: argparse.Namespace) -> int:
    from . import subjects
    from .judging import find, judge
    from .repro import program

    plan = plan_of(arguments)
    try:
        case = find(arguments.case, plan)
    except LookupError as error:
        sys.exit(str(error))
    subject, oracle = subjects.make(arguments.subject), subjects.make("torch")
    level = case.label.partition("@")[2]
    result = judge(case, subject, oracle, plan.selected(level))
    console.print(f"[bold]{case.id}[/] {case.op}{case.short()}", highlight=False)
    for outcome in result.outcomes:
        colour = {"passed": "green", "skipped": "dim", "failed": "red"}.get(outcome.status, "yellow")
        console.print(f"  {outcome.check:<12} [{colour}]{outcome.status}[/] ", end="")
        console.print(outcome.message, markup=False, highlight=False)
        for key, value in outcome.details.items():
            console.print(f"               {key}: {value}", markup=False, highlight=False)
    bad = [o for o in result.outcomes if o.status == "failed"]
    for text in dict.fromkeys(o.repro for o in bad) or [program(case, subject.package, ["value"])]:
        console.print(Syntax(text, "python", background_color="default"))
    return 1 if bad else 0


def cmd_diff(arguments: argparse.Namespace) -> int:
    from . import reports, results

    return reports.diff(results.load(arguments.before), results.load(arguments.after)) or 0


def cmd_report(arguments: argparse.Namespace) -> int:
    from . import results

    report = results.load(arguments.report)
    write_reports(report, arguments.output or arguments.report.parent, arguments.forms)
    summary(report, arguments.output or arguments.report.parent)
    return 0


def cmd_surface(arguments: argparse.Namespace) -> int:
    from . import results, subjects, surface
    from .deviations import DEVIATIONS

    if arguments.report:
        found = results.load(arguments.report).surface
        if found is None:
            sys.exit(f"{arguments.report}: a run of some operations or cases only; names need a whole one")
    else:
        found = surface.survey(subjects.make(arguments.subject), arguments.subject, deviations=DEVIATIONS)
    surface.show(found, arguments.list, arguments.differs, console)
    return 0


def cmd_packages(arguments: argparse.Namespace) -> int:
    from . import packages

    shown = Table(box=None, pad_edge=False)
    for column in ("package", "version", "what", "largest difference", "verdict"):
        shown.add_column(column, overflow="fold")
    ends = []
    for found in packages.outcomes(arguments.names):
        largest = f"{found.largest:.0e} of {max(found.differences, key=found.differences.get)}" if found.differences else ""
        shown.add_row(found.package, found.version, found.what, largest, found.verdict)
        console.print(f"{found.package} {found.version}: {found.verdict} {largest}", highlight=False, markup=False)
        ends.append(found.verdict)
    console.print(shown)
    return int(any(end != "runs" for end in ends))


def cmd_exported(arguments: argparse.Namespace) -> int:
    from . import exported

    warnings.filterwarnings("ignore")  # what PyTorch's exporter says, which is much
    logging.disable(logging.CRITICAL)
    known, ends = set(), Counter()
    for found in exported.outcomes(arguments.names):
        known.add(found.name)
        ends["same" if found.verdict == "same" else "not"] += 1
        if found.verdict != "same" or arguments.names:
            console.print(f"{found.name}, {found.form}: {found.verdict} {found.largest:.0e}", highlight=False, markup=False)
    console.print(f"{len(known)} functions and networks, {ends['same']} programs give what PyTorch gives, {ends['not']} do not")
    return int(bool(ends["not"]))


def cmd_selftest(arguments: argparse.Namespace) -> int:
    from . import results, selftest

    status = selftest.run(arguments.names, arguments.subject, arguments.quick, arguments.jobs, arguments.output, console)
    path = arguments.output / "report.json"
    if path.exists():
        report = results.load(path)
        report.selftest = selftest_of(arguments.output, report.subject.name)
        report.save(path)
        write_reports(report, arguments.output)
    return status


def selftest_of(folder: Path, subject: str):
    """The self-test whose record lies beside the report: faults planted in the same subject, or in PyTorch."""
    from . import results

    path = folder / "selftest.json"
    found = results.load_selftest(path) if path.exists() else None
    return found if found and found.subject in (subject, "torch") else None


def main() -> int:
    arguments = parser().parse_args()
    return arguments.function(arguments)


if __name__ == "__main__":
    sys.exit(main())
