"""report.html: everything about a run in one file that needs no network.

Design: (a) what a reader must see without scripts (the verdict, the totals, the environment, the trend) is in the page
itself; the matrix, the ops, the failures and the public names are drawn on demand from data in the page, because 650
ops by 20 checks as elements would be tens of megabytes. (b) The data is the report with names replaced by numbers and
zeros left out, compressed; the browser unpacks it. (c) Colour never stands alone: each status has its sign.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2

from ..results import BAD, STATUSES, ULP_EDGES, Accuracy, Counts, Errors, Report
from . import history

HERE = Path(__file__).parent
VERDICTS = ("conforms", "deviates", "fails", "missing", "unjudged", "out of scope")
MEANING = {
    "conforms": "every check of every case held",
    "deviates": "it differs on purpose; the reason is given",
    "fails": "at least one check did not hold, or a case crashed or hung",
    "missing": "the subject does not have it",
    "unjudged": "there is no case that judges it",
    "out of scope": "not asked of a dense CPU library; the reason is given",
}


def render(report: Report, runs: list[dict[str, Any]] | None = None) -> str:
    """The page."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    env.filters["number"] = lambda n: f"{n:,}".replace(",", "\u202f")
    asked = [op for op in report.ops if op.status != "out of scope"]
    verdicts = report.verdicts()
    kinds = {kind: report.verdicts(kind) for kind in dict.fromkeys(op.kind for op in report.ops)}
    surface = Counter(name.status for name in report.surface.names) if report.surface else None
    return env.get_template("template.html").render(
        report=report,
        verdicts={name: verdicts[name] for name in VERDICTS},
        meaning=MEANING,
        kinds=kinds,
        asked=len(asked),
        statuses=report.statuses(),
        status_meaning=STATUSES,
        bad=sum(report.statuses()[status] for status in BAD),
        checks=_check_totals(report),
        nearer=_nearer(report),
        surface=surface,
        trend=history.chart(runs or []),
        style=(HERE / "style.css").read_text(),
        script=(HERE / "view.js").read_text(),
        data=pack(data(report)),
    )


def pack(value: Any) -> str:
    """JSON, gzip, base64. The same input gives the same text."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def unpack(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def data(report: Report) -> dict[str, Any]:
    """What view.js draws from."""
    counts = [count for op in report.ops for count in op.counts]
    tables = {
        "checks": [check.name for check in report.checks],
        "sources": list(dict.fromkeys(count.source for count in counts)),
        "dtypes": list(dict.fromkeys(count.dtype for count in counts)),
        "reasons": list(dict.fromkeys(reason for count in counts for reason in count.reasons)),
    }
    tables["checks"] += [c for c in dict.fromkeys(count.check for count in counts) if c not in tables["checks"]]
    index = {name: {value: i for i, value in enumerate(values)} for name, values in tables.items()}
    info = {check.name: check for check in report.checks}
    signatures = {name.name: name for name in report.surface.names} if report.surface else {}
    ops = []
    for op in report.ops:
        entry: dict[str, Any] = {
            "n": op.name, "k": op.kind, "f": op.family, "s": op.status, "r": op.reason, "t": round(op.seconds, 2),
            "c": op.cases, "x": [_count(count, index) for count in op.counts],
        }  # fmt: skip
        if op.accuracy:
            entry["a"] = [_accuracy(accuracy) for accuracy in op.accuracy]
        if op.samples:
            entry["p"] = op.samples
        if op.name in signatures:
            name = signatures[op.name]
            entry["g"] = [name.signature, name.torch_signature, name.subject_signature, name.difference]
        ops.append(entry)
    selftest = report.selftest
    return {
        "subject": report.subject.name,
        "package": "torch" if report.subject.name == "torch" else report.subject.name,
        **{name: values for name, values in tables.items() if name != "checks"},
        "checks": [
            [name, info[name].title if name in info else name, info[name].doc if name in info else ""]
            for name in tables["checks"]
        ],
        "statuses": list(STATUSES),
        "bad": list(BAD),
        "edges": ["\u221e" if math.isinf(edge) else f"{edge:g}" for edge in ULP_EDGES],
        "ops": ops,
        "failures": [
            [f.case, f.op, f.check, f.source, f.dtype, f.status, f.message, f.sample, f.repro, int(f.known), f.details]
            for f in report.failures
        ],
        "surface": [
            [n.name, n.group, n.status, n.reason, n.signature, n.torch_signature, n.subject_signature, n.difference]
            for n in sorted(report.surface.names if report.surface else [], key=lambda n: n.status == "out of scope")
        ],
        "mutants": [
            [m.name, m.op, m.family, m.fault, m.expected, int(m.caught), m.caught_by, m.reason]
            for m in (selftest.mutants if selftest else [])
        ],
    }


def _count(count: Counts, index: dict[str, dict[str, int]]) -> list[Any]:
    """Check, source, dtype, then the statuses' numbers without the zeros at the end; reasons as an object behind."""
    numbers = [getattr(count, status) for status in STATUSES]
    while numbers and not numbers[-1]:
        numbers.pop()
    place = [index["checks"][count.check], index["sources"][count.source], index["dtypes"][count.dtype]]
    row: list[Any] = [*place, *numbers]
    if count.reasons:
        row.append({index["reasons"][reason]: number for reason, number in count.reasons.items()})
    return row


def _accuracy(found: Accuracy) -> list[Any]:
    worst = [found.worst_input, found.worst_subject, found.worst_torch, found.worst_truth]
    return [found.dtype, found.oracle, found.elements, _errors(found.subject), _errors(found.torch),
            found.more_accurate, worst]  # fmt: skip


def _errors(errors: Errors) -> list[Any]:
    finite = lambda value: float(f"{value:.4g}") if math.isfinite(value) else None  # null: not finite
    return [finite(errors.worst), finite(errors.mean), errors.histogram]


def _check_totals(report: Report) -> list[dict[str, Any]]:
    sums = {check.name: Counter() for check in report.checks}
    for op in report.ops:
        for count in op.counts:
            sums.setdefault(count.check, Counter()).update({status: getattr(count, status) for status in STATUSES})
    info = {check.name: check for check in report.checks}
    rows = []
    for name, total in sums.items():
        if total.total():
            title, doc = (info[name].title, info[name].doc) if name in info else (name, "")
            bad = sum(total[status] for status in BAD)
            rows.append({"name": name, "title": title, "doc": doc, "bad": bad, **{s: total[s] for s in STATUSES}})
    return rows


def _nearer(report: Report) -> list[tuple[str, Counter]]:
    """By dtype: for how many ops the subject or PyTorch is nearer to the truth."""
    found: dict[str, Counter] = {}
    for op in report.ops:
        for accuracy in op.accuracy:
            found.setdefault(accuracy.dtype, Counter())[accuracy.more_accurate] += 1
    return sorted(found.items())
