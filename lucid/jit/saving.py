"""Saving a program that `load` read: its code as it was, and what its modules and objects hold now."""

from __future__ import annotations

import ast
import enum

from lucid import Tensor, serialization
from lucid.jit.archive import STORAGES
from lucid.jit.program import CONTAINERS, Program, RecursiveScriptModule, ScriptObject, fits, parts
from lucid.jit.source import dotted

__all__ = ["save"]

LISTS = {"int": "build_intlist", "float": "build_doublelist", "bool": "build_boollist", "Tensor": "build_tensorlist"}


def save(m, f, _extra_files: dict | None = None) -> None:
    """Write a module that `jit.load` read to a file, which PyTorch's `torch.jit.load` reads too.

    The program is what it was; parameters, buffers and attributes are what they are now.

    Parameters
    ----------
    m : RecursiveScriptModule
        The module, or one that is inside it.
    f : str, path or binary file
        Where it goes. A file of that name is replaced only once the new one is complete.
    _extra_files : dict of str to (str or bytes), optional
        Other files to put into the archive, by their names.

    Raises
    ------
    NotImplementedError
        If `m` is no such module: Lucid compiles nothing.
    TypeError
        If an attribute is of another type than the program has it.

    Examples
    --------
    ::

        model = lucid.jit.load("model.pt")
        train(model)
        lucid.jit.save(model, "trained.pt")
    """
    if not isinstance(m, RecursiveScriptModule):
        raise NotImplementedError(
            f"jit.save: a {type(m).__name__} was not read by jit.load, and Lucid compiles nothing: save its weights, "
            "lucid.save(module.state_dict(), f)"
        )
    program = m._script.program
    extra = {f"extra/{name}": data for name, data in (_extra_files or {}).items()}
    written = {**_Writer(program).written(m, m.original_name), **program.texts, **program.written}
    serialization.store(f, {**written, **extra, "version": f"{program.version}\n"})


class _Writer(serialization.Writer):
    """Writes a module as PyTorch's compiler does: lists and dictionaries with their types, objects with what their classes name."""

    STORAGES = STORAGES

    def __init__(self, program: Program):
        super().__init__()
        self.program = program
        self.open: set = set()  # ids of the objects that are being written

    def is_parameter(self, tensor: Tensor) -> bool:
        return False  # the class says which attributes are

    def put(self, obj, where: str) -> None:
        if isinstance(obj, (RecursiveScriptModule, ScriptObject)):
            self.recall(obj) if id(obj) in self.memo else self.object(obj, where)
        else:
            super().put(obj, where)

    def object(self, value: RecursiveScriptModule | ScriptObject, where: str) -> None:
        """A module, or an instance of a class."""
        if id(value) in self.open:
            raise ValueError(f"jit.save: {where} holds itself")
        self.open.add(id(value))
        script = value._script
        module, _, name = script.path.rpartition(".")
        self.named(module, name)
        self.out += self.op.EMPTY_TUPLE + self.op.NEWOBJ
        if "__getstate__" in script.definitions:
            self.typed(script.call("__getstate__", value), script.definitions["__getstate__"].returns, f"{where}.__getstate__()")
        else:
            self.out += self.op.EMPTY_DICT + self.op.MARK
            for key, kind, constant in script.fields():
                if constant is None:
                    self.put(key, where)
                    self.typed(_attribute(value, key, where), kind, f"{where}.{key}")
            self.out += self.op.SETITEMS
        self.out += self.op.BUILD
        self.remember(value)

    def typed(self, value, kind: ast.expr, where: str) -> None:
        """A value of a type that the program has written."""
        name, inner = parts(kind)
        if name in ("Optional", "Union"):
            kind = next((one for one in inner if fits(value, one)), None) or next((one for one in inner if _suits(value, one)), kind)
            name, inner = parts(kind)
        if name == "float" and type(value) is int:
            value = float(value)
        if not _suits(value, kind):
            raise TypeError(
                f"jit.save: {where} is a {type(value).__name__}, but the program has it as a {ast.unparse(kind)}; save the "
                f"state_dict() instead"
            )
        if isinstance(value, enum.Enum):
            *module, name = dotted(kind)
            self.named(".".join(module), name)
            self.put(value.value, where)
            self.out += self.op.REDUCE
        elif name in ("List", "Dict") and id(value) not in self.memo:
            self.container(value, kind, where)
        elif isinstance(value, tuple):
            kinds = inner if name == "Tuple" else [one for _, one, _ in self.program.fields(name)]
            self.out += self.op.MARK
            for i, (one, its) in enumerate(zip(value, kinds)):
                self.typed(one, its, f"{where}[{i}]")
            self.out += self.op.TUPLE
        else:
            self.put(value, where)

    def container(self, value: list | dict, kind: ast.expr, where: str) -> None:
        """A list or a dictionary: a call of what makes one of the type."""
        name, inner = parts(kind)
        special = LISTS.get(parts(inner[0])[0]) if name == "List" else None
        self.named("torch.jit._pickle", special or "restore_type_tag")
        self.out += self.op.MARK + (self.op.EMPTY_LIST if name == "List" else self.op.EMPTY_DICT) + self.op.MARK
        if name == "List":
            for i, one in enumerate(value):
                self.typed(one, inner[0], f"{where}[{i}]")
            self.out += self.op.APPENDS
        else:
            for key, one in value.items():
                self.typed(key, inner[0], f"a key of {where}")
                self.typed(one, inner[1], f"{where}[{key!r}]")
            self.out += self.op.SETITEMS
        if not special:
            self.put(ast.unparse(kind), where)
        self.out += self.op.TUPLE + self.op.REDUCE
        self.remember(value)


def _attribute(owner, name: str, where: str):
    try:
        return owner._read(name)
    except KeyError:
        raise AttributeError(f"jit.save: {where} has no {name} any more, which the program needs") from None


def _suits(value, kind: ast.expr) -> bool:
    """Whether a value is of a type; an instance of a class is of any class, which may be an interface."""
    if isinstance(value, (RecursiveScriptModule, ScriptObject)) and isinstance(kind, ast.Attribute):
        return True
    return isinstance(value, CONTAINERS[name]) if (name := parts(kind)[0]) in CONTAINERS else fits(value, kind)
