"""The common sections of a docstring, written once.

An elementwise operation says in its docstring what it computes and shows an example; `@doc` states its formula and
its gradient, and fills in the sections that are the same for the whole family. `help(lucid.exp)` reads as if they
had been written out.
"""

from __future__ import annotations

import re

FLUSH_LINE = re.compile(r"\n\S")

# Parameters that mean the same wherever they occur: type and sentence.
GLOSSARY = {
    "input_": ("Tensor", "Of any shape."),
    "other": ("Tensor or number", "Broadcasts with `input_`; dtypes are promoted."),
    "out": ("Tensor, optional", "Where the result is written."),
    "inplace": ("bool, optional", "Write the result to `input_` and return it. Default: False."),
    "target": ("Tensor", "What `input_` is compared with."),
    "reduction": ("{'none', 'mean', 'sum'}, optional", "What is returned: each element's loss, their mean or their "
                  "sum. Default: 'mean'."),
    "size_average": ("bool, optional", "Superseded by `reduction`."),
    "reduce": ("bool, optional", "Superseded by `reduction`."),
    "weight": ("Tensor, optional", "Factors of the elements' losses."),
}  # fmt: skip


def doc(formula: str | None = None, gradient: str | None = None, *, returns: str = "Of the input's shape.",
        gives: str = "Tensor", raises: str = "", **about):  # fmt: skip
    r"""Give a function's docstring its sections.

    Parameters
    ----------
    formula : str
        TeX of the result; `x` is the first tensor, `y` the second.
    gradient : str
        TeX of the gradient, `g` being that of the result; several inputs one after the other.
    returns : str
        What is returned.
    gives : str
        Its type.
    raises : str
        `"RuntimeError: if ..."`, one a line.
    **about
        Of parameters that the glossary does not describe, or not rightly: a sentence, or type and sentence
        divided by `": "`.
    """

    def describe(function):
        summary, _, example = (function.__doc__ or "").partition(">>>")
        lines = [_clean(summary), "", "Parameters", "----------"]
        for name, default in _parameters(function):
            kind, text = GLOSSARY.get(name, ("", ""))
            if name in about:
                before, colon, after = about[name].partition(": ")
                kind, text = (before, after) if colon else (kind or _kind(default), about[name])
            lines += [f"{name} : {kind or _kind(default)}", *([f"    {text}"] if text else [])]
        lines += ["", "Returns", "-------", gives, f"    {returns}"]
        if raises:
            lines += ["", "Raises", "------"]
            for line in raises.splitlines():
                error, _, text = line.partition(": ")
                lines += [error, f"    {text[:1].upper()}{text[1:]}."]
        if formula or gradient:
            lines += ["", "Notes", "-----"]
            if formula:
                lines += [f".. math:: {formula}"]
            if gradient:
                lines += ["", "Gradient, from that of the result :math:`g`:", "", f".. math:: {gradient}"]
        if example:
            lines += ["", "Examples", "--------", _clean("    >>>" + example)]
        function.__doc__ = "\n".join(lines)
        return function

    return describe


def like(twin, *, returns: str | None = None, gives: str | None = None, notes: bool = False, **about):
    """Give a function's or class's docstring the sections that it shares with a twin's and does not have itself.

    Parameters
    ----------
    twin : function or class
        Whose parameters of the same names, results and errors are described already.
    returns : str, optional
        What is returned, where that differs: a sentence.
    gives : str, optional
        Its type, where that is not the twin's.
    notes : bool, optional
        Whether the formulas are the twin's, too.
    **about
        Parameters that the twin has not, or that mean something else: type and sentence divided by `": "`.
    """

    def describe(one):
        own, there = sections(one.__doc__ or ""), sections(twin.__doc__ or "")
        is_class = isinstance(one, type)
        code = (one.__init__ if is_class else one).__code__
        count = code.co_argcount + code.co_kwonlyargcount + (code.co_flags >> 2 & 1)  # the last is *args
        names = [name for name in code.co_varnames[:count] if name != "self"]
        if "Parameters" not in own and names:
            entries = {}
            for entry in _entries(there.get("Parameters", "")):
                entries |= dict.fromkeys(entry.partition(" :")[0].replace("*", "").split(", "), entry)
            for name, text in about.items():
                kind, _, sentence = text.partition(": ")
                entries[name] = f"{name} : {kind}\n    {sentence}"
            own["Parameters"] = "\n".join(dict.fromkeys(entries[name] for name in names if name in entries))
        if not is_class:
            if returns is not None:
                kind = gives or there.get("Returns", "Tensor").partition("\n")[0]
                own["Returns"] = f"{kind}\n    {returns}"
            for heading in ("Returns", "Raises", "Notes")[: 2 + notes]:
                if heading in there:
                    own.setdefault(heading, there[heading])
        one.__doc__ = joined(own)
        return one

    return describe


HEADINGS = ("", "Parameters", "Returns", "Raises", "Attributes", "Notes", "Examples")


def sections(text: str) -> dict[str, str]:
    """A docstring's sections by heading; what stands before them under ""."""
    lines = _clean(text).split("\n")
    found, heading, start = {}, "", 0
    for at, line in enumerate(lines):
        if line[:3] == "---" and at and line == "-" * len(lines[at - 1]):
            found[heading] = "\n".join(lines[start : at - 1]).strip("\n")
            heading, start = lines[at - 1], at + 1
    found[heading] = "\n".join(lines[start:]).strip("\n")
    return found


def joined(parts: dict[str, str]) -> str:
    """The docstring of these sections."""
    return "\n\n".join(
        f"{heading}\n{'-' * len(heading)}\n{parts[heading]}" if heading else parts[""]
        for heading in HEADINGS if parts.get(heading)
    )  # fmt: skip


def _entries(text: str) -> list[str]:
    """The parameters of a section, each with its description."""
    found = []
    for line in text.split("\n"):
        if line[:1] in ("", " ") and found:
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def _clean(text: str) -> str:
    """A docstring's text without its indentation, if it has any; the first line has none."""
    return (text if FLUSH_LINE.search(text) else text.replace("\n    ", "\n")).strip()


def _parameters(function):
    """Names and defaults, read off the code: `inspect` would cost a fifth of the package's import."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = function.__defaults__ or ()
    defaults = dict(zip(names[: code.co_argcount][::-1], values[::-1])) | (function.__kwdefaults__ or {})
    return [(name, defaults.get(name, _EMPTY)) for name in names]


_EMPTY = object()


def _kind(default) -> str:
    """What a parameter's default says of its type."""
    if default is _EMPTY:
        return "Tensor or number"
    if default is None:
        return "optional"
    return f"{type(default).__name__}, optional"
