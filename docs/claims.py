"""What docstrings claim, in a form that tests can compare with what is so."""

import inspect
import re

import lucid
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


def tensors_in(values) -> list[Tensor]:
    """Tensors, and those in sequences."""
    return [one for value in values for one in (value if isinstance(value, (tuple, list)) else (value,)) if isinstance(one, Tensor)]


def unfounded(one, result, arguments: dict) -> list[str]:
    """What the sentence under Returns says of the shape, dtype or memory of a result, and is not so."""
    text = " ".join(sections(inspect.getdoc(one) or "").get("Returns", "").split("\n")[1:]).strip()
    given, results = tensors_in(arguments.values()), tensors_in([result])
    if not given or not results or given[0] is not next(iter(arguments.values())) or arguments.get("out") is not None:
        return []
    first, asked = given[0], arguments.get("dtype") is not None
    shape = broadcast(given)
    claims = {
        r"^(A copy o|O)f the input's shape([.;]| and dtype)": lambda x: x.shape == first.shape,
        r"the input's (shape and )?dtype\.": lambda x: x.dtype is first.dtype,
        "the input's (shape and )?dtype; integers become int64": lambda x: x.dtype is lucid.sum(first).dtype,
        "; integers become the default floating dtype": lambda x: x.dtype is lucid.dtypes.to_floating(first.dtype),
        r"^Of the broadcast shape(\.| and the promoted dtype\.|, floating\.)$": lambda x: x.shape == shape,
        r"and the promoted dtype\.$": lambda x: x.dtype is promoted(arguments),
        r"^Bool\b": lambda x: x.dtype is lucid.bool,
        r"^(Of|Each) [^;]*, int64\.$": lambda x: x.dtype is lucid.int64,
        r"^0-d(, of|\.|$)": lambda x: x.ndim == 0,
        "^A copy: 1-d": lambda x: x.ndim == 1,
        r"^Complex(\.|, of size)": lambda x: x.is_complex(),
        "^Real|; real, of the input's precision": lambda x: not x.is_complex(),
        r", floating\.": lambda x: x.is_floating_point() or x.is_complex(),
        r"^A view(: it shares memory with the input)?\.|^Views": lambda x: not x.numel() or any(shared(x, one) for one in given),
        "^Of memory of its own|^A copy": lambda x: not x.numel() or not any(shared(x, one) for one in given),
        r"^The (input|tensor) itself\.": lambda x: x is first,
    }
    found = {claim for claim, holds in claims.items() if re.search(claim, text) and not all(map(holds, results))}
    return sorted(claim for claim in found if not (asked and "dtype" in claim))


def broadcast(tensors: list[Tensor]):
    """The shape that tensors broadcast to; None if they do not."""
    try:
        return lucid.broadcast_shapes(*[one.shape for one in tensors])
    except RuntimeError:
        return None


def shared(x: Tensor, y: Tensor) -> bool:
    """Whether tensors share a storage."""
    return x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()


def promoted(arguments: dict):
    """The dtype of the operands together: tensors, or a tensor and a number."""
    numbers = [arguments[name] for name in ("other", "exponent", "min", "max") if name in arguments]
    return lucid.dtypes.result_dtype((*tensors_in(arguments.values()), *numbers))
