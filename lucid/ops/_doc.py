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
    "device": ("device or str", "The CPU alone."),
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
    "differentiable": ("bool", "Record steps, so that they can be differentiated (default False)."),
    "decoupled_weight_decay": ("bool", "Shrink the parameter itself rather than change its gradient (default False)."),
    "optimizer": ("Optimizer", "Whose rates are changed."),
    "last_epoch": ("int", "The epoch that was last (default -1)."),
    "cache_size": ("int", "With 1 the last pair of x and y is kept, so that mapping back gives the very x. Default: 0."),
    "validate_args": ("bool", "Whether arguments are checked."),
}  # fmt: skip
# What they mean to a class.
OF_CLASSES = {
    "dtype": ("dtype", "Of the parameters; the default dtype."),
    "bias": ("bool", "Whether there is a bias (default True)."),
}
SAME = "Of the input's shape and dtype."
FLOATING = "Of the input's shape and dtype; integers become the default floating dtype."


def doc(formula: str | None = None, gradient: str | None = None, *, returns: str = FLOATING,
        gives: str = "Tensor", raises: str = "", **about):  # fmt: skip
    r"""Give a function's docstring its sections, after a sentence and before an example.

    If it has sections already, a function's or a class's, only the parameters that they do not describe are added.

    Parameters
    ----------
    formula : str
        TeX of the result; `x` is the first tensor, `y` the second.
    gradient : str
        TeX of the gradient, `g` being that of the result; several inputs one after the other.
    returns : str
        What is returned. Default: what functions of one number return.
    gives : str
        Its type.
    raises : str
        `"RuntimeError: if ..."`, one a line.
    **about
        Of parameters that the glossary does not describe, or not rightly: a sentence, or type and sentence
        divided by `": "`.
    """

    def describe(one, text):
        if "---\n" in text and not formula:
            return _completed(text, one, about)
        summary, _, example = text.partition(">>>")
        lines = [_clean(summary), "", "Parameters", "----------"]
        for name, default in _parameters(one):
            lines.append(f"{name} : {_says(name, default, about, GLOSSARY)}")
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
        return "\n".join(lines)

    return _writes(describe)


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

    def describe(one, text):
        own, there = dict(sections(text)), sections(twin.__doc__ or "")
        own["Parameters"] = _described(one, about, own.get("Parameters", ""), there.get("Parameters", ""))
        if not isinstance(one, type):
            if returns is not None:
                kind = gives or there.get("Returns", "Tensor").partition("\n")[0]
                own["Returns"] = f"{kind}\n    {returns}"
            for heading in ("Returns", "Raises", "Notes")[: 2 + notes]:
                if heading in there:
                    own.setdefault(heading, there[heading])
        elif isinstance(twin, type):
            for heading in {"Raises", "Attributes"} & there.keys():
                own.setdefault(heading, there[heading])
        return joined(own)

    return _writes(describe)


def _writes(describe):
    """A decorator that gives what it decorates the docstring `describe(it, the one that it has)`.

    An operation's is written when it is first read, which its published function sees to: writing all of them took an
    eighth of the time of importing the package.
    """

    def decorate(one):
        text = one.__doc__ or ""
        later = one.__module__.startswith("lucid.ops.")
        one.__doc__ = functools.partial(describe, one, text) if later else describe(one, text)
        return one

    return decorate


HEADINGS = {"": ""} | {
    one: f"{one}\n{'-' * len(one)}\n"
    for one in ("Parameters", "Returns", "Raises", "Attributes", "Notes", "References", "Examples")
}  # in their order, and as they stand


@functools.lru_cache(8)  # twins come one after the other
def sections(text: str) -> dict[str, str]:
    """A docstring's sections by heading; what stands before them under ""."""
    *before, last = _clean(text).split("\n---")
    found, heading = {}, ""
    for piece in before:
        body, _, following = piece.rpartition("\n")
        found[heading], heading = body.lstrip("-").strip("\n"), following
    found[heading] = last.lstrip("-").strip("\n")
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


def _completed(text: str, one, about: dict) -> str:
    """A docstring with sections, its parameters completed. Nothing is taken apart: that costs a third of the time."""
    indent = "\n    " if text[-5:] == "\n    " else "\n"
    start = text.find(f"{indent}Parameters{indent}---")
    if start < 0:
        start = text.rfind("\n\n", 0, text.index("---\n"))
        text = f"{text[:start]}\n{indent}Parameters{indent}----------{text[start:]}"
    limit = end = text.find("\n\n", start + 9) % (len(text.rstrip()) + 1)
    glossary = GLOSSARY | OF_CLASSES if isinstance(one, type) else GLOSSARY
    for name, default in reversed(_parameters(one)):
        for head in (f"{indent}{name} :", f", {name} :", f"{indent}{name}, ", f", {name}, "):
            if (at := text.find(head, start, limit)) > 0:
                end = text.rfind("\n", 0, at + 1)
                break
        else:
            if name[0] != "_":
                entry = indent + f"{name} : {_says(name, default, about, glossary)}".replace("\n", indent)
                text, limit = text[:end] + entry + text[end:], limit + len(entry)
    return text


def _described(one, about: dict, own: str, twins: str) -> str:
    """The section of the parameters that a function or class has: described in `about`, in its own section, which stays
    as it is, in its twin's, or by the glossary."""
    known, found = {}, {}  # by the names that a description is for: those of them that are here, and what it says
    for text in (own, twins):
        for entry in entries(text):
            names = entry.partition("\n")[0].partition(" :")[0]
            for name in names.replace("*", "").split(", "):
                known.setdefault(name, (names, entry[len(names) :], text is own))
    glossary = GLOSSARY | OF_CLASSES if isinstance(one, type) else GLOSSARY
    for name, default in _parameters(one):
        plain = name.lstrip("*")
        if plain in about or plain not in known:
            if plain[0] != "_" or plain in about:
                found[plain] = (name,), f" : {_says(plain, default, about, glossary)}"
            continue
        names, says, whole = known[plain]
        if whole:
            found[names] = (names,), says
        else:
            if default is _EMPTY:  # as the twin's may be left out
                says = _needed(says)
            found.setdefault(names, ([], says))[0].append(name)
    for names, says, whole in known.values():
        if whole:  # of no parameter: a test's to see
            found.setdefault(names, ((names,), says))
    return "\n".join([", ".join(names) + says for names, says in found.values()])


def _says(name: str, default, about: dict, glossary: dict) -> str:
    """What stands behind a parameter's name: its type, and a sentence."""
    kind = text = ""
    if name in about:
        kind, colon, text = about[name].partition(": ")
        if not colon:
            kind, text = "", kind
        elif default is _EMPTY:
            kind = _needed(kind)
    if not kind and name in glossary:
        kind, sentence = glossary[name]
        text = text or sentence
        if default is not _EMPTY:
            kind += ", optional"
    return f"{kind or _kind(default)}\n    {text}" if text else kind or _kind(default)


def _needed(kind: str) -> str:
    """The type of a parameter that may not be left out, where it may be elsewhere."""
    return kind.replace("Tensor, optional", "Tensor or None", 1).replace(", optional", "", 1)


def _clean(text: str) -> str:
    """A docstring's text without its indentation, if all of its lines have it; the first has none."""
    indented = text[-5:] == "\n    " or text.count("\n") == text.count("\n    ") + text.count("\n\n")
    return (text.replace("\n    ", "\n") if indented else text).strip()


def _parameters(one) -> list[tuple]:
    """Names and defaults, read off the code: `inspect` would cost a fifth of the package's import."""
    function = one
    if isinstance(one, type):  # those of tensors make themselves in `__new__`
        function = one.__new__ if hasattr(one.__new__, "__code__") else one.__init__
    code, values = function.__code__, function.__defaults__ or ()
    given, names = code.co_argcount, code.co_varnames
    found = list(zip(names, (_EMPTY,) * (given - len(values)) + values))
    if code.co_flags & CO_VARARGS:
        found.append((f"*{names[given + code.co_kwonlyargcount]}", _EMPTY))
    if code.co_kwonlyargcount:
        defaults = function.__kwdefaults__ or {}
        found += [(name, defaults.get(name, _EMPTY)) for name in names[given : given + code.co_kwonlyargcount]]
    return found if function is one else found[1:]


CO_VARARGS = 0x04  # of a code object's flags, as in `inspect`
_EMPTY = object()


def _kind(default) -> str:
    """What a parameter's default says of its type."""
    if default is _EMPTY:
        return "Tensor or number"
    if default is None:
        return "optional"
    return f"{type(default).__name__}, optional"
