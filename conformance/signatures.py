"""What a function says it takes: parameter names, order, defaults; and how two such statements differ.

Design: PyTorch states its signatures in four places, none complete: Python functions in themselves, built-in ones in
their docstrings, operators in their native schemas, and everything overridable in the lambdas of `torch.overrides`.
Each place gives a list of forms (an op may be called in several ways). A subject agrees when it agrees with all forms
of one place: the docstrings have typing errors of their own, the schemas do not know what Python's layer renames.
Accepting more than PyTorch (a default where PyTorch has none, by position what PyTorch wants by name, one more keyword
with a default) is no difference. Special methods are called by Python's syntax, which knows no names: not compared.
"""

from __future__ import annotations

import ast
import enum
import inspect
import re
import types
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.overrides

EMPTY = inspect.Parameter.empty
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# Docstrings that name a type instead of the parameter: any name will do.
UNNAMED = {"int", "float", "bool", "str", "Tensor", "callable"}
# None says "as usual" here, in PyTorch's own schemas too, where its docstrings name what is usual.
USUAL = {"layout": ("strided",), "memory_format": ("preserve_format", "contiguous_format")}
# PyTorch's schemas say 1, the mean, and its functions compute 0, nothing, where it is left out.
LEFT_OUT = ("reduction", {"0", "1"})
# What the object is called in methods that are no Python functions.
RECEIVER = ("self", "input_", "input", "A", "L", "tensor")
# A parameter may be called otherwise on purpose: the name found -> (PyTorch's, the reason).
RENAMED = {
    "input_": ("input", "the project's own page calls it input_; input= is accepted too"),
    "A": ("input", "a function of linalg under an older name; input= is accepted too"),
    "tensor": ("input", "split calls it tensor; input= is accepted too"),
    "split_size_or_sections": ("split_size", "split's own name for it; split_size= is accepted too"),
    "from_": ("from", "a word of Python; **{'from': 0} is accepted too"),
}


@dataclass(frozen=True)
class Parameter:
    name: str
    default: str | None = None  # as text; None: it has none
    keyword: bool = False

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


@dataclass(frozen=True)
class Form:
    """One way to call a function. `rest`: it takes any number of positional arguments; `options`: any keywords."""

    parameters: tuple[Parameter, ...]
    rest: bool = False
    options: bool = False

    def __str__(self) -> str:
        parts = [str(p) for p in self.parameters if not p.keyword] + ["*args"] * self.rest
        keywords = [str(p) for p in self.parameters if p.keyword]
        star = ["*"] if keywords and not self.rest else []
        return f"({', '.join(parts + star + keywords + ['**kwargs'] * self.options)})"

    @property
    def bare(self) -> bool:
        """Nothing is stated but *args, **kwargs."""
        return self.rest and self.options and not self.parameters


ADDRESS = re.compile(r" (object )?at 0x[0-9a-f]+")


def text(default: Any) -> str:
    """A default as both sides would write it."""
    if isinstance(default, enum.Enum):
        return repr(default.value)
    if isinstance(default, (bool, str, type(None))):
        return repr(default)
    if isinstance(default, (int, float)):
        return repr(float(default)) if float(default) != int_or_none(default) else repr(int(default))
    if isinstance(default, (list, tuple)):
        return f"({', '.join(map(text, default))})"
    if callable(default) and hasattr(default, "__name__"):
        return default.__name__
    return ADDRESS.sub("", str(default)).rpartition(".")[2]


def int_or_none(value: float) -> int | None:
    return int(value) if value == value and abs(value) != float("inf") else None


def from_signature(found: inspect.Signature, bound: bool = False) -> Form:
    """A form of what `inspect` says; of a method the first parameter, its object, is left out."""
    parameters, rest, options = [], False, False
    for i, (name, parameter) in enumerate(found.parameters.items()):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            rest = True
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            options = True
        elif not (i == 0 and bound):
            default = None if parameter.default is EMPTY else text(parameter.default)
            parameters.append(Parameter(name, default, parameter.kind is inspect.Parameter.KEYWORD_ONLY))
    return Form(tuple(parameters), rest, options)


# -- the four places ---------------------------------------------------------------------------------------------------


def inspected(value: Any, member: bool = False) -> list[Form]:
    """What the object itself says, when that is more than *args."""
    if isinstance(value, type) and value.__init__ is object.__init__ and value.__new__ is object.__new__:
        return []  # it says `()`, and cannot be called
    try:
        signature = inspect.signature(value)
        first = next(iter(signature.parameters), "")
        form = from_signature(signature, member and (isinstance(value, types.FunctionType) or first in RECEIVER))
    except (ValueError, TypeError):
        return []
    return [] if form.bare else [form]


STATED = re.compile(r"^\s*(?:\.\. (?:\w+:)?(?:function|method):: )?([\w.]+)\((.*)\)\s*(?:->.*)?$")


def documented(value: Any, name: str) -> list[Form]:
    """The forms at the head of a docstring and in its `.. function::` lines."""
    doc = getattr(value, "__doc__", None)
    lines = doc.strip().splitlines() if isinstance(doc, str) else []
    heads = [line for i, line in enumerate(lines) if i == 0 or "function:: " in line or "method:: " in line]
    matches = [match for match in map(STATED.match, heads) if match and match[1].rpartition(".")[2] == name]
    forms = [parse(match[2]) for match in matches]
    return [form for form in forms if form is not None and not form.bare]


TYPE = re.compile(r"^(?:Tensor|Scalar|int|float|bool|str|Number|Generator)(?:\[\d*\]|\.\.\.)?\??\s+(?=\w)")


def parse(arguments: str) -> Form | None:
    """A form of the text between the parentheses, None where it is no Python."""
    arguments = ", ".join(TYPE.sub("", part.strip()) for part in split(arguments)).replace("...", "None")
    try:
        node = ast.parse(f"def f({arguments}): pass").body[0]
    except SyntaxError:
        return None
    assert isinstance(node, ast.FunctionDef)
    found = node.args
    plain = [*found.posonlyargs, *found.args]
    defaults = [None] * (len(plain) - len(found.defaults)) + list(found.defaults)
    parameters = [Parameter(a.arg, written(d)) for a, d in zip(plain, defaults)]
    parameters += [Parameter(a.arg, written(d), True) for a, d in zip(found.kwonlyargs, found.kw_defaults)]
    if parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    return Form(tuple(parameters), found.vararg is not None, found.kwarg is not None)


def split(arguments: str) -> list[str]:
    """Parts between commas outside of brackets."""
    parts, depth = [""], 0
    for letter in arguments:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


def written(node: ast.expr | None) -> str | None:
    if node is None:
        return None
    try:
        return text(ast.literal_eval(node))
    except ValueError:
        return ast.unparse(node).rpartition(".")[2]


@lru_cache(None)
def schemas() -> dict[str, list[Any]]:
    """Operator name -> its native schemas."""
    found: dict[str, list[Any]] = {}
    for schema in torch._C._jit_get_all_schemas():
        space, _, name = schema.name.partition("::")
        if space == "aten":
            found.setdefault(name, []).append(schema)
    return found


def native(path: str) -> list[Form]:
    """The forms of the operator's schemas that Python can call."""
    owner, _, name = path.rpartition(".")
    prefixes = {"": "", "Tensor": "", "nn.functional": "", "linalg": "linalg_", "fft": "fft_", "special": "special_"}
    if owner not in prefixes:
        return []
    prefix = prefixes[owner]
    forms = []
    for schema in schemas().get(prefix + name, []):
        kinds = {str(argument.type) for argument in schema.arguments}
        if any(argument.is_out for argument in schema.arguments):
            continue  # named otherwise than out where there are several
        if any("Dimname" in kind or kind == "str" for kind in kinds) or schema.overload_name.endswith(("_out", "out")):
            continue
        if schema.arguments and schema.arguments[0].name in ("a", "l", "n"):
            continue  # TorchScript's arithmetic of numbers and lists has the names of the operators
        parameters = []
        for argument in schema.arguments:
            known = argument.name
            if known == "self":
                if owner == "Tensor":
                    continue
                known = "input"
            default = text(argument.default_value) if argument.has_default_value() else None
            if known in ("dtype", "layout", "memory_format") and default is not None:
                default = "None"  # the schema has an internal number here
            parameters.append(Parameter(known, default, argument.kwarg_only))
        forms.append(Form(tuple(parameters)))
    return forms


@lru_cache(None)
def overrides() -> dict[Any, Callable]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.overrides.get_testing_overrides()


def overridable(value: Any, member: bool = False) -> list[Form]:
    """The form of the lambda that `torch.overrides` keeps for a function."""
    try:
        found = overrides().get(value)
    except TypeError:  # not hashable
        return []
    return inspected(found, member) if found else []


def stated(path: str, value: Any, torch_itself: bool = True) -> Iterator[list[Form]]:
    """Every place's forms of a callable, the most reliable first; places that state none are left out."""
    if not callable(value) and not isinstance(value, (staticmethod, classmethod)):
        return
    name, member = path.rpartition(".")[2], is_member(path)
    if name.startswith("__") and name not in ("__init__", "__call__"):
        return
    places = [lambda: inspected(value, member), lambda: documented(value, name)]
    if torch_itself:
        places += [lambda: native(path), lambda: overridable(value, member)]
    for place in places:
        if forms := place():
            yield forms


def is_member(path: str) -> bool:
    """Whether a path names a member of a class: nn.Module.train, Tensor.add."""
    owner = path.rpartition(".")[0].rpartition(".")[2]
    return owner[:1].isupper() or owner in ("device", "dtype", "finfo", "iinfo")


# -- the comparison ----------------------------------------------------------------------------------------------------


def difference(theirs: list[Form], mine: list[Form], known: set[str] = frozenset()) -> str:
    """How the subject's forms differ from PyTorch's, '' when they do not. `known`: names PyTorch accepts elsewhere."""
    if any(form.bare for form in mine):
        return "states nothing but *args, **kwargs"
    found = []
    for form in theirs:
        # With several forms of its own, the subject has to meet each of PyTorch's with one of them.
        complaints = [complaint(form, own) for own in mine]
        if all(complaints):
            found.append(min(complaints, key=len))
    wanted = {p.name for form in theirs for p in form.parameters} | known
    if not any(form.options or form.rest for form in theirs) and not wanted & UNNAMED:
        for own in mine:
            extra = [p for p in own.parameters if renamed(p.name, wanted) not in wanted]
            if extra := [p.name for p in extra if not p.keyword or p.default is None]:
                found.append(f"has {', '.join(extra)} besides")
    return "; ".join(dict.fromkeys(found))


def renamed(name: str, wanted: Collection[str] = ()) -> str:
    """PyTorch's name of a parameter, where that is not among the names wanted itself."""
    return RENAMED[name][0] if name in RENAMED and name not in wanted else name


def complaint(theirs: Form, mine: Form) -> str:
    """How one form falls short of another."""
    wanted = {p.name for p in theirs.parameters}
    own = {renamed(p.name, wanted): p for p in mine.parameters}
    places = {renamed(p.name, wanted): i for i, p in enumerate(p for p in mine.parameters if not p.keyword)}
    found, last = [], -1
    if theirs.rest and not mine.rest:
        found.append("takes no *args")
    for place, parameter in enumerate(theirs.parameters):
        name = parameter.name
        if name in UNNAMED and place < len(places):
            continue
        if name not in own:
            if not mine.options and not (mine.rest and not parameter.keyword):
                found.append(f"lacks {name}")
            continue
        usual = {own[name].default, parameter.default} == {"None", "False"} and name == "pin_memory"
        usual |= own[name].default == "None" and parameter.default in USUAL.get(name, ())
        usual |= name == LEFT_OUT[0] and {own[name].default, parameter.default} == LEFT_OUT[1]
        if parameter.default is not None and own[name].default != parameter.default and not usual:
            now = "none" if own[name].default is None else own[name].default
            found.append(f"default of {name} is {now}, not {parameter.default}")
        if not parameter.keyword and not theirs.rest:
            if name not in places:
                found.append(f"takes {name} by name only")
            elif places[name] < last:
                found.append(f"has {name} in another place")
            else:
                last = places[name]
    return "; ".join(found)


def compare(path: str, theirs: Any, mine: Any) -> tuple[str, str, str, str]:
    """'same', 'differs' or 'unknown'; PyTorch's signature, the subject's, and how they differ."""
    places = list(stated(path, theirs))
    own = next(stated(path, mine, torch_itself=mine is theirs), None) if mine is not None else None
    show = lambda forms: " or ".join(map(str, forms)) if forms else ""
    if own is None and mine is not None and not path.endswith("__") and says_nothing(mine):
        own = [Form((), rest=True, options=True)]
    if not places or own is None:
        return "unknown", show(places[0] if places else []), show(own), ""
    known = {p.name for forms in places for form in forms for p in form.parameters}
    answers = [difference(forms, own, known) for forms in places]
    if not all(answers):
        agreed = places[answers.index("")]
        return "same", show(agreed), show(own), ""
    return "differs", show(places[0]), show(own), answers[0]


def says_nothing(value: Any) -> bool:
    """Whether it states a signature, but only of *args and **kwargs."""
    try:
        kinds = [p.kind for name, p in inspect.signature(value).parameters.items() if name not in RECEIVER]
    except (ValueError, TypeError):
        return False
    return kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]
