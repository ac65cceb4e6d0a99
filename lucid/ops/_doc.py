"""The common sections of a docstring, written once.

A docstring says what is particular: a sentence, an example, and what else a reader of the source wants beside the
code. `@doc` adds what is the same for a family, `@like` what is a twin's; parameters that neither describes are in the
GLOSSARY. `help(lucid.exp)` reads as if all of it had been written out.
"""

from __future__ import annotations

import functools

# Parameters that mean the same wherever they occur: type ("optional" is added where there is a default) and sentence.
GLOSSARY = {
    "input_": ("Tensor", "Of any shape."),
    "other": ("Tensor or number", "Broadcasts with `input_`; dtypes are promoted."),
    "dim": ("int", "The dimension; negative numbers count from the last."),
    "keepdim": ("bool", "Keep reduced dimensions, of size 1."),
    "out": ("Tensor", "Where the result is written."),
    "inplace": ("bool", "Write the result to `input_` and return it. Default: False."),
    "dtype": ("dtype", "The dtype of the result."),
    "layout": ("layout", "Strided alone."),
    "device": ("device", "The CPU alone."),
    "pin_memory": ("bool", "Accepted, and of no effect on a CPU."),
    "requires_grad": ("bool", "Whether gradients are to be recorded for the result."),
    "memory_format": ("memory_format", "How the result lies in memory; as the input by default."),
    "generator": ("Generator", "Where the random numbers come from; the default generator otherwise."),
    "target": ("Tensor", "What `input_` is compared with."),
    "reduction": ("{'none', 'mean', 'sum'}", "What is returned: each element's loss, their mean or their sum. "
                  "Default: 'mean'."),
    "size_average": ("bool", "Superseded by `reduction`."),
    "reduce": ("bool", "Superseded by `reduction`."),
    "weight": ("Tensor", "Factors of the elements' losses."),
    "params": ("iterable", "Parameters, or groups of them."),
    "weight_decay": ("float", "How much of the parameter is added to its gradient (default 0)."),
    "maximize": ("bool", "Climb instead (default False)."),
    "foreach": ("bool", "Accepted; the result is the same."),
    "fused": ("bool", "Accepted; the result is the same."),
    "capturable": ("bool", "Accepted; it is about graphs of CUDA."),
    "differentiable": ("bool", "Accepted; steps are not recorded."),
    "decoupled_weight_decay": ("bool", "Shrink the parameter itself rather than change its gradient (default False)."),
    "optimizer": ("Optimizer", "Whose rates are changed."),
    "last_epoch": ("int", "The epoch that was last (default -1)."),
    "validate_args": ("bool", "Whether arguments are checked."),
}  # fmt: skip
# What they mean to a class.
OF_CLASSES = {
    "dtype": ("dtype", "Of the parameters; the default dtype."),
    "bias": ("bool", "Whether there is a bias (default True)."),
}


def doc(formula: str | None = None, gradient: str | None = None, *, returns: str = "Of the input's shape.",
        gives: str = "Tensor", raises: str = "", **about):  # fmt: skip
    r"""Give a function's or class's docstring the sections that it does not have itself.

    What it has stays: a section, and in `Parameters` the parameters that are described there. An example needs no
    heading.

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

    def describe(one):
        text = one.__doc__ or ""
        if "\n    ---" in text:
            own = dict(sections(text))
        else:
            own, at = {}, text.find(">>>") % (len(text) + 1)
            own[""], own["Examples"] = _clean(text[:at]), _clean("    " + text[at:])
        own["Parameters"] = _described(one, about, own.get("Parameters"))
        if not isinstance(one, type):
            own.setdefault("Returns", f"{gives}\n    {returns}")
        if raises:
            lines = []
            for line in raises.splitlines():
                error, _, text = line.partition(": ")
                lines += [error, f"    {text[:1].upper()}{text[1:]}."]
            own["Raises"] = "\n".join(lines)
        if formula or gradient:
            lines = [f".. math:: {formula}"] if formula else []
            if gradient:
                lines += ["", "Gradient, from that of the result :math:`g`:", "", f".. math:: {gradient}"]
            own["Notes"] = "\n".join(lines)
        one.__doc__ = joined(own)
        return one

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
        As for `doc`: parameters that the twin has not, or that mean something else.
    """

    def describe(one):
        own, there = dict(sections(one.__doc__ or "")), sections(twin.__doc__ or "")
        own["Parameters"] = _described(one, about, own.get("Parameters"), there.get("Parameters"))
        if not isinstance(one, type):
            if returns is not None:
                kind = gives or there.get("Returns", "Tensor").partition("\n")[0]
                own["Returns"] = f"{kind}\n    {returns}"
            for heading in ("Returns", "Raises", "Notes")[: 2 + notes]:
                if heading in there:
                    own.setdefault(heading, there[heading])
        one.__doc__ = joined(own)
        return one

    return describe


HEADINGS = {"": ""} | {
    one: f"{one}\n{'-' * len(one)}\n"
    for one in ("Parameters", "Returns", "Raises", "Attributes", "Notes", "References", "Examples")
}  # in their order, and as they stand


@functools.lru_cache(8)  # twins come one after the other
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
    return "\n\n".join([line + parts[heading] for heading, line in HEADINGS.items() if parts.get(heading)])


def entries(text: str) -> list[str]:
    """The parameters of a section, each with its description."""
    found = []
    for line in text.split("\n"):
        if line[:1] in ("", " ") and found:
            found[-1] += "\n" + line
        elif line:
            found.append(line)
    return found


def _described(one, about: dict, own: str | None, twins: str | None = None) -> str:
    """The section of the parameters that a function or class has: described in `about`, in its own section, which stays
    as it is, in its twin's, or by the glossary."""
    known, found = {}, {}  # by the names that a description is for: those of them that are here, and what it says
    for text in (own, twins):
        for entry in entries(text) if text else ():
            names = entry.partition("\n")[0].partition(" :")[0]
            for name in names.replace("*", "").split(", "):
                known.setdefault(name, (names, entry[len(names) :], text is own))
    glossary = GLOSSARY | OF_CLASSES if isinstance(one, type) else GLOSSARY
    for name, default in _parameters(one):
        plain = name.lstrip("*")
        if plain not in about and plain in known:
            names, says, whole = known[plain]
            if whole:
                found[names] = (names,), says
            else:
                found.setdefault(names, ([], says))[0].append(name)
            continue
        if plain[0] == "_" and plain not in about:
            continue
        kind, text = glossary.get(plain, NOTHING)
        if kind and default is not _EMPTY:
            kind += ", optional"
        if plain in about:
            before, colon, after = about[plain].partition(": ")
            kind, text = (before, after) if colon else (kind, before)
        says = f" : {kind or _kind(default)}"
        found[plain] = (name,), f"{says}\n    {text}" if text else says
    for names, says, whole in known.values() if own else ():
        if whole:  # of no parameter: a test's to see
            found.setdefault(names, ((names,), says))
    return "\n".join([", ".join(names) + says for names, says in found.values()])


def _clean(text: str) -> str:
    """A docstring's text without its indentation, if all of its lines have it; the first has none."""
    text = text.strip()
    indented = text.count("\n") == text.count("\n    ") + text.count("\n\n")
    return text.replace("\n    ", "\n") if indented else text


def _parameters(one) -> list[tuple]:
    """Names and defaults, read off the code: `inspect` would cost a fifth of the package's import."""
    function = one.__init__ if isinstance(one, type) else one
    code, values = function.__code__, function.__defaults__ or ()
    given, names = code.co_argcount, code.co_varnames
    found = list(zip(names, (_EMPTY,) * (given - len(values)) + values))
    if code.co_flags & CO_VARARGS:
        found.append((f"*{names[given + code.co_kwonlyargcount]}", _EMPTY))
    if code.co_kwonlyargcount:
        defaults = function.__kwdefaults__ or {}
        found += [(name, defaults.get(name, _EMPTY)) for name in names[given : given + code.co_kwonlyargcount]]
    return found if function is one else found[1:]


NOTHING = "", ""
CO_VARARGS = 0x04  # of a code object's flags, as in `inspect`
_EMPTY = object()


def _kind(default) -> str:
    """What a parameter's default says of its type."""
    if default is _EMPTY:
        return "Tensor or number"
    if default is None:
        return "optional"
    return f"{type(default).__name__}, optional"
