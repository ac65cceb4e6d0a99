"""A TorchScript program: its classes and functions, and the modules and objects that it works with."""

from __future__ import annotations

import ast
import contextlib
import enum
import functools
import io
from collections import namedtuple
from collections.abc import Iterator

from lucid import Tensor, device
from lucid.jit import ScriptModule
from lucid.jit.operators import NEWEST, operator_of
from lucid.jit.source import Translator, dotted, parsed
from lucid.nn import Module

__all__ = ["Program", "RecursiveScriptModule", "ScriptClass"]


LISTS = ("__parameters__", "__buffers__", "__forward_pre_hooks__", "__forward_hooks__")  # of names, in a class


class ScriptClass:
    """A class of a program.

    Attributes
    ----------
    path : str
        Its full name, `__torch__.torch.nn.modules.linear.Linear`.
    parameters, buffers, forward_pre_hooks, forward_hooks : sequence of str
        Which attributes of a module are, and which methods.
    constants : dict
        Attributes that are the same in every instance.
    """

    def __init__(self, program: Program, path: str, node: ast.ClassDef, file: str):
        self.program, self.path, self.node, self.file = program, path, node, file
        self.bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        self.methods: dict = {}  # translated when they are called first
        self.definitions = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
        self.parameters = self.buffers = self.forward_pre_hooks = self.forward_hooks = ()
        self.constants: dict = {}
        for one in node.body:
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id in LISTS:
                setattr(self, one.targets[0].id.strip("_"), tuple(ast.literal_eval(one.value)))

    def __deepcopy__(self, memo) -> ScriptClass:
        return self

    def function(self, name: str):
        """The method of this name, not bound. AttributeError where there is none."""
        found = self.methods.get(name)
        if found is None:
            if name not in self.definitions:
                raise AttributeError(f"{self.path} has no method {name!r}")
            found = self.methods[name] = self.program.translator.function(self.definitions[name], self.file)
        return found

    def call(self, name: str, *arguments):
        """What a method gives, of which the first argument is the object."""
        return self.function(name)(*arguments)

    def fields(self) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
        """The names that the class annotates, their types and their values."""
        for one in self.node.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                yield one.target.id, one.annotation, one.value
            elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and not one.targets[0].id.startswith("__"):
                yield one.targets[0].id, None, one.value
            elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Subscript):  # __annotations__["0"] = ..., of what is no name
                yield ast.literal_eval(one.targets[0].slice), one.value, None


class ScriptObject:
    """An instance of a class of a program that is no module."""

    __slots__ = ("_script", "_values")

    def __init__(self, script: ScriptClass):
        self._script, self._values = script, {}

    def _read(self, name: str):
        return self._values[name] if name in self._values else self._script.constants[name]

    def __repr__(self) -> str:
        return f"<{self._script.path}>"


class RecursiveScriptModule(ScriptModule):
    """A module of a program that `jit.load` read: its parameters, buffers and modules have their names, its methods run the program.

    Attributes
    ----------
    original_name : str
        The name of the class that was compiled.
    code : str
        The program's text of `forward`.
    """

    def __init__(self, script: ScriptClass):
        super().__init__()
        self._script = script
        self._values = {}  # attributes that are no tensors of the module's
        for name in script.forward_pre_hooks:
            self.register_forward_pre_hook(functools.partial(script.call, name))
        for name in script.forward_hooks:
            self.register_forward_hook(functools.partial(script.call, name))

    def _write(self, name: str, value) -> None:
        """Set an attribute as the program does."""
        if isinstance(value, Module):
            self._modules[name] = value
        elif name in self._script.parameters and (value is None or isinstance(value, Tensor)):
            self._parameters[name] = value
        elif name in self._script.buffers and (value is None or isinstance(value, Tensor)):
            self._buffers[name] = value
        elif name == "training":
            self.training = value
        else:
            self._values[name] = value

    def _read(self, name: str):
        """An attribute that the program asks for."""
        own = self.__dict__
        for held in (own["_parameters"], own["_values"], own["_modules"], own["_buffers"]):
            if name in held:
                return held[name]
        if name == "training":
            return self.training
        return self._script.constants[name]

    def __getattr__(self, name: str):
        own = self.__dict__
        script = own.get("_script")
        if script is not None:
            for held in (own["_values"], script.constants):
                if name in held:
                    return held[name]
            if name in script.definitions:
                return functools.partial(script.function(name), self)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value) -> None:
        if name in self.__dict__.get("_values", ()):
            self._values[name] = value
        else:
            super().__setattr__(name, value)

    def __len__(self) -> int:
        return self._script.function("__len__")(self)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key) -> bool:
        return self._script.function("__contains__")(self, key)

    def forward(self, *args, **kwargs):
        """Run the program's `forward`."""
        return self._script.function("forward")(self, *args, **kwargs)

    @property
    def original_name(self) -> str:
        return self._script.path.rpartition(".")[2]

    @property
    def code(self) -> str:
        return ast.unparse(self._script.definitions["forward"])

    def save(self, f, _extra_files: dict | None = None) -> None:
        """Write the module to a file: `jit.save`."""
        from lucid.jit.saving import save

        save(self, f, _extra_files)

    def save_to_buffer(self, _extra_files: dict | None = None) -> bytes:
        """The bytes that `save` writes."""
        file = io.BytesIO()
        self.save(file, _extra_files)
        return file.getvalue()

    def _get_name(self) -> str:
        return "RecursiveScriptModule"

    def extra_repr(self) -> str:
        return f"original_name={self.original_name}"


class Program:
    """The classes and functions of an archive, by their full names.

    Parameters
    ----------
    archive : zipfile.ZipFile
    root : str
        The folder of an archive in which everything is.

    Attributes
    ----------
    version : int
        Of the file: what operators mean depends on it.
    texts : dict of str to bytes
        The files of code, as they are in the archive.
    constants : sequence
        What `CONSTANTS.c0` and so on are.
    written : dict of str to (bytes or ndarray)
        The files of the archive that hold these.
    """

    def __init__(self, archive, root: str):
        self.version = self._version(archive, root)
        self.texts = {name.removeprefix(root): archive.read(name) for name in archive.namelist() if name.startswith(f"{root}code/")}
        self.files: dict = {}  # definitions by name, for each file
        for name, text in self.texts.items():
            if name.endswith(".py"):
                nodes = parsed(text.decode(), name).body
                module = name.removeprefix("code/").removesuffix(".py").replace("/", ".")
                self.files[module] = {one.name: one for one in nodes if isinstance(one, (ast.ClassDef, ast.FunctionDef))}
        self.found: dict = {}
        self.constants: tuple = ()
        self.written = {"constants.pkl": b"\x80\x02)."}
        helpers = (field, set_field, invoke, new, scope, is_a, plain, fork)
        known = functools.partial(operator_of, version=self.version)
        self.translator = Translator(self.named, self.constant, known, {one.__name__: one for one in helpers})

    @staticmethod
    def _version(archive, root: str) -> int:
        names = [name for name in (f"{root}.data/version", f"{root}version") if name in archive.namelist()]
        text = archive.read(names[0]).decode("ascii", "replace").strip() if names else "unknown"
        if not text.isdecimal() or not 1 <= int(text[:9]) <= NEWEST:
            raise ValueError(f"jit.load: the file is of version {text}; those of the versions 1 to {NEWEST} are read")
        return int(text)

    def constant(self, at: int):
        """What `CONSTANTS.c0` and so on are."""
        if at >= len(self.constants):
            raise ValueError(f"jit.load: a damaged file: there is no constant {at} in it")
        return self.constants[at]

    def named(self, path: str):
        """A class, a function, or a member of an enumeration. ValueError where the archive has none of the name."""
        if path not in self.found:
            module, _, name = path.rpartition(".")
            node = self.files.get(module, {}).get(name)
            file = f"code/{module.replace('.', '/')}.py"
            if isinstance(node, ast.FunctionDef):
                self.found[path] = Function(self, node, file)
            elif node is not None:
                self.found[path] = self._class(ScriptClass(self, path, node, file))
            elif module.rpartition(".")[2] in self.files.get(module.rpartition(".")[0], ()):
                self.found[path] = self._member(self.named(module), name) or self._missing(path)
            else:
                self._missing(path)
        return self.found[path]

    def fields(self, path: str) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
        """The names, types and values that a class has written."""
        module, _, name = path.rpartition(".")
        return ScriptClass(self, path, self.files[module][name], "").fields()

    def _member(self, owner, name: str):
        """A member of an enumeration, or a method of a class; None where there is none."""
        if isinstance(owner, ScriptClass):
            return functools.partial(owner.call, name) if name in owner.definitions else None
        return getattr(owner, "__members__", {}).get(name)

    def _missing(self, path: str):
        if path.startswith("__torch__.torch.classes."):
            raise ValueError(f"jit.load: the program has an object of {path}, a compiled class, which Lucid does not have")
        raise ValueError(f"jit.load: a damaged file: there is no {path} in it")

    def _class(self, script: ScriptClass):
        value = lambda node: _value(self, node, script.file)
        name = script.path.rpartition(".")[2]
        if "NamedTuple" in script.bases:
            fields = {key: one for key, _, one in script.fields()}
            return namedtuple(name, fields, defaults=[value(one) for one in fields.values() if one is not None])
        if "Enum" in script.bases:
            return enum.Enum(name, {key: value(one) for key, _, one in script.fields()})
        script.constants = {key: value(one) for key, _, one in script.fields() if one is not None}
        return script


class Function:
    """A function of a program, translated when it is called first."""

    __slots__ = ("program", "node", "file", "function")

    def __init__(self, program: Program, node: ast.FunctionDef, file: str):
        self.program, self.node, self.file, self.function = program, node, file, None

    def __call__(self, *args):
        if self.function is None:
            self.function = self.program.translator.function(self.node, self.file)
        return self.function(*args)


def _value(program: Program, node: ast.expr, file: str):
    """What a constant expression is."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and dotted(one.func) not in (["annotate"], ["torch", "device"]):
            raise ValueError(f"jit.load: a damaged file: {file}: a constant that is computed")
    holder = ast.parse("def value():\n    return None").body[0]
    holder.body[0].value = node
    return program.translator.function(holder, file)()


# ------------------------------------------------------------------------------------------------- what programs do
# Each looks first whether the object is one of a program's: nothing else has attributes and methods for it.


def field(owner, name: str):
    """`owner.name`"""
    kind = type(owner)
    if kind is RecursiveScriptModule or kind is ScriptObject:
        try:
            return owner._read(name)
        except KeyError:
            raise ValueError(f"jit.load: a damaged file: a {owner._script.path} has no {name}") from None
    if isinstance(owner, tuple) and name in getattr(kind, "_fields", ()) or isinstance(owner, enum.Enum) and name in ("name", "value"):
        return getattr(owner, name)
    raise ValueError(f"jit.load: a damaged file: a {kind.__name__} is asked for its {name}")


def set_field(owner, name: str, value) -> None:
    """`owner.name = value`"""
    if type(owner) is RecursiveScriptModule:
        owner._write(name, value)
    elif type(owner) is ScriptObject:
        owner._values[name] = value
    else:
        raise ValueError(f"jit.load: a damaged file: {name} of a {type(owner).__name__} is set")


def invoke(owner, name: str, *arguments):
    """`owner.name(*arguments)`"""
    if type(owner) not in (RecursiveScriptModule, ScriptObject):
        raise ValueError(f"jit.load: a damaged file: the method {name} of a {type(owner).__name__} is called")
    return owner._script.function(name)(owner, *arguments)


def new(script):
    """An object without attributes."""
    if not isinstance(script, ScriptClass):
        raise ValueError("jit.load: a damaged file: an object of what is no class")
    return RecursiveScriptModule(script) if "Module" in script.bases else ScriptObject(script)


@contextlib.contextmanager
def scope(owner):
    """`with owner:`"""
    entered = invoke(owner, "__enter__")
    try:
        yield entered
    finally:
        invoke(owner, "__exit__", None, None, None)


def plain(value):
    """A number that may be a tensor."""
    return value.item() if isinstance(value, Tensor) else value


def fork(function, *arguments):
    """What would be computed beside: it is computed at once."""
    return function(*arguments)


KINDS = {"int": int, "float": float, "bool": bool, "str": str, "complex": complex, "Tensor": Tensor, "NoneType": type(None),
         "number": (int, float, complex), "Device": device}
CONTAINERS = {"List": list, "Dict": dict, "Tuple": tuple, "list": list, "dict": dict, "tuple": tuple}


def parts(kind: ast.expr) -> tuple[str, list[ast.expr]]:
    """The name of a type, and what stands in its brackets."""
    if isinstance(kind, ast.Subscript):
        return ".".join(dotted(kind.value)), kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
    return ".".join(dotted(kind)), []


def is_a(value, kinds: list[ast.expr]) -> bool:
    """`isinstance(value, kinds)`, of kinds as they are written."""
    return any(fits(value, kind) for kind in kinds)


def fits(value, kind: ast.expr) -> bool:
    """Whether a value is of a type as it is written."""
    if isinstance(kind, ast.Constant):  # None
        return value is kind.value
    if isinstance(kind, ast.Name):
        if kind.id == "Any":
            return True
        fitting = KINDS.get(kind.id) or CONTAINERS.get(kind.id, ())
        return isinstance(value, fitting) and not (type(value) is bool and kind.id in ("int", "number"))
    if isinstance(kind, ast.Attribute):
        path = ".".join(dotted(kind))
        script = getattr(value, "_script", None)
        return script.path == path if script is not None else type(value).__name__ == path.rpartition(".")[2]
    name, inner = parts(kind)
    if name == "Optional":
        return value is None or fits(value, inner[0])
    if name == "Union":
        return any(fits(value, one) for one in inner)
    if not inner or not isinstance(value, CONTAINERS.get(name, ())):
        return False
    if name in ("Tuple", "tuple"):
        return len(value) == len(inner) and all(map(fits, value, inner))
    values = [value.keys(), value.values()] if isinstance(value, dict) else [value]
    return all(fits(one, wanted) for several, wanted in zip(values, inner) for one in several)
