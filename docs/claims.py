"""What docstrings claim, in a form that tests can compare with what is so."""

import inspect
import re

from lucid import Tensor
from lucid.ops._doc import entries, sections


def heads(one, section: str) -> list[str]:
    """The first line of each of a section's entries."""
    return [entry.partition("\n")[0] for entry in entries(sections(inspect.getdoc(one) or "").get(section, ""))]


def fits(result, kind: str) -> bool:
    """Whether a result is of the type that a docstring names: "Tensor", "tuple of Tensor", "tuple of (Tensor, int)", ..."""
    if " or " in re.sub(r"\(.*?\)", "", kind):
        return any(fits(result, one) for one in re.split(r" or (?![^(]*\))", kind))
    outer, _, inner = kind.partition(" of ")
    if outer in ("tuple", "list"):
        if type(result) is not {"tuple": tuple, "list": list}[outer]:
            return False
        if inner[:1] == "(":
            kinds = re.split(r", (?![^(]*\))", inner[1:-1])
            return len(kinds) == len(result) and all(map(fits, result, kinds))
        return not inner or all(fits(one, inner) for one in result)
    if outer == "named tuple":
        return isinstance(result, tuple) and hasattr(result, "_fields") and all(fits(one, inner) for one in result)
    if outer == "callable":
        return callable(result)
    if outer == "context manager":
        return hasattr(result, "__enter__")
    if kind == "None":
        return result is None
    return kind.rpartition(".")[2] in (one.__name__ for one in type(result).__mro__)


def agrees(result, one) -> bool:
    """Whether a result is what the docstring says is returned: of one type, or several that have a name each."""
    found = [head.rpartition(" : ") for head in heads(one, "Returns")]
    if len(found) == 1 and not found[0][1]:
        return fits(result, found[0][2])
    kinds = {name: kind for names, colon, kind in found for name in (names if colon else kind).split(", ")}
    if not isinstance(result, tuple) or getattr(result, "_fields", tuple(kinds)) != tuple(kinds):
        return False
    return all(not colon or fits(each, kind) for each, (_, colon, kind) in zip(result, found))


# Words of which a parameter's type has one where an argument is of a class; None may be given for what is optional.
WORDS = (
    (type(None), ("optional", "None")),
    (Tensor, ("Tensor", "object")),
    (int, ("int", "number", "float", "complex", "bool")),  # of bool too, which is an int
    (float, ("float", "number", "inf")),
    (complex, ("complex", "number")),
    (str, ("str", "{", "'")),
    ((tuple, list), ("tuple", "list", "sequence", "(")),
)


def accepts(kind: str, argument) -> bool:
    """Whether an argument may be one of the type that a docstring names for a parameter."""
    words = next((words for which, words in WORDS if isinstance(argument, which)), ())
    return not words or kind in ("", "optional") or any(word in kind for word in words)
