"""The file of a TorchScript program: a zip archive of source text, and of the module that it belongs to."""

from __future__ import annotations

import ast
import enum

from lucid import Tensor, dtypes
from lucid.jit.program import Program, RecursiveScriptModule, ScriptClass, ScriptObject, new, parts
from lucid.nn import Parameter
from lucid.serialization import STORAGE_NAMES, Call, Reader, folder_of, opened

__all__ = ["STORAGES", "load"]

# PyTorch's names of storages in these files; in others some of them are bytes.
STORAGES = {
    **STORAGE_NAMES, dtypes.uint16: "UInt16Storage", dtypes.uint32: "UInt32Storage", dtypes.uint64: "UInt64Storage",
    dtypes.complex32: "ComplexHalfStorage",
}  # fmt: skip


def load(f, map_location=None, _extra_files: dict | None = None, _restore_shapes: bool = False) -> RecursiveScriptModule:
    """Read a module that `torch.jit.save` wrote, and its program.

    The program is TorchScript: calls of operators, loops and branches, as text. It is translated function by function when it is
    called first, and can do nothing but compute with tensors, numbers, strings and lists of them; nothing is imported, no code
    of Python or of the machine is in the file or executed.

    Parameters
    ----------
    f : str, path or binary file
        Where it is.
    map_location : optional
        Accepted for PyTorch's sake: there is one device.
    _extra_files : dict, optional
        Names of other files in the archive; their values are set to their bytes.
    _restore_shapes : bool, optional
        No effect.

    Returns
    -------
    RecursiveScriptModule
        A module: called, trained, asked for its `state_dict` as any other.

    Raises
    ------
    ValueError
        If the file is damaged, no such archive, of a version that PyTorch does not read either, or holds objects of compiled classes.
        (An operator that Lucid does not have raises NotImplementedError when it is called.)

    Examples
    --------
    Where PyTorch and the model's code are::

        torch.jit.save(torch.jit.script(model.eval()), "model.pt")

    Where neither is::

        model = lucid.jit.load("model.pt")
        with lucid.inference_mode():
            scores = model(lucid.randn(1, 3, 224, 224))
    """
    with opened(f) as archive:
        names = archive.namelist()
        if any(name.endswith("/model.json") for name in names):
            raise ValueError(
                "jit.load: the file has the format of PyTorch before 1.3, which present versions of PyTorch do not read "
                "either: save it anew with one that does"
            )
        root = folder_of(archive)
        if not any(name.startswith(f"{root}code/") for name in names):
            raise ValueError("jit.load: an archive, but none that torch.jit.save wrote: it has no code")
        for name in _extra_files or ():
            _extra_files[name] = archive.read(f"{root}extra/{name}") if f"{root}extra/{name}" in names else b""
        program = Program(archive, root)
        if f"{root}constants.pkl" in names:
            data = archive.read(f"{root}constants.pkl")
            with _Constants(archive, root, program) as reader:
                program.constants = reader.read(data)
            program.written = {"constants.pkl": data, **{f"constants/{name}": row for name, row in reader.storages.items()}}
        with _Objects(archive, root, program) as reader:
            module = reader.read(archive.read(f"{root}data.pkl"))
    if not isinstance(module, RecursiveScriptModule):
        raise ValueError(f"jit.load: a damaged file: it holds a {type(module).__name__}, not a module")
    return module


class _Objects(Reader):
    """Reads the module: what `load` reads, and objects of the program's classes."""

    def __init__(self, archive, root: str, program: Program):
        self.program, self.parameters = program, {}
        super().__init__(archive, root)

    def prepare(self) -> None:
        super().prepare()
        lists = ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist")
        self.known |= {("torch.jit._pickle", name): list for name in lists}
        self.values |= {("torch", name): dtype for dtype, name in STORAGES.items()}
        self.known["torch.jit._pickle", "restore_type_tag"] = lambda value, kind: value

    def named(self, module: str, name: str):
        if module != "__torch__" and not module.startswith("__torch__."):
            return super().named(module, name)
        found = self.program.named(f"{module}.{name}")
        if not isinstance(found, (ScriptClass, type)):
            raise ValueError(f"jit.load: a damaged file: {module}.{name} is no class")
        return found if isinstance(found, ScriptClass) else Call(found)  # an enumeration, a named tuple

    def called(self, function, arguments):
        return function(arguments) if isinstance(function, enum.EnumMeta) else super().called(function, arguments)

    def new(self, kind):
        if not isinstance(kind, ScriptClass):
            raise ValueError(f"jit.load: a damaged file: a new {type(kind).__name__}")
        return new(kind)

    def built(self, made, state) -> None:
        if isinstance(made, (RecursiveScriptModule, ScriptObject)) and "__setstate__" in made._script.definitions:
            made._script.call("__setstate__", made, state)
        elif isinstance(made, (RecursiveScriptModule, ScriptObject)):
            kinds = {name: kind for name, kind, _ in made._script.fields()}
            for name, value in state.items():
                if isinstance(value, (tuple, list, dict)) and name in kinds:
                    value = self._named(value, kinds[name])
                if isinstance(made, ScriptObject):
                    made._values[name] = value
                else:
                    made._write(name, self._owned(value) if name in made._script.parameters and isinstance(value, Tensor) else value)
        else:
            super().built(made, state)

    def _named(self, value, kind: ast.expr):
        """A value whose tuples are named ones where its type says so: the file has none."""
        name, inner = parts(kind)
        if name in ("Optional", "Union"):
            return self._named(value, inner[0]) if len(inner) == 1 else value
        if isinstance(value, list) and name == "List":
            value[:] = [self._named(one, inner[0]) for one in value]
        elif isinstance(value, dict) and name == "Dict":
            value.update({key: self._named(one, inner[1]) for key, one in value.items()})
        elif isinstance(value, tuple) and name == "Tuple":
            return tuple(self._named(one, its) for one, its in zip(value, inner))
        elif type(value) is tuple and name.startswith("__torch__"):
            return self.program.named(name)(*[self._named(one, its) for one, (_, its, _) in zip(value, self.program.fields(name))])
        return value

    def _owned(self, tensor: Tensor) -> Parameter:
        """A tensor as a parameter: the same one for modules that share it."""
        return self.parameters.setdefault(id(tensor), (Parameter(tensor, tensor.requires_grad), tensor))[0]


class _Constants(_Objects):
    """Reads the tensors that a program mentions as `CONSTANTS.c0`."""

    FOLDER = "constants"
