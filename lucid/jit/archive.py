"""The file of a TorchScript program: a zip archive of source text, and of the module that it belongs to."""

from __future__ import annotations

import enum

from lucid import Tensor
from lucid.jit.program import Program, RecursiveScriptModule, ScriptClass, ScriptObject, new
from lucid.nn import Parameter
from lucid.serialization import Call, Reader, opened, root_of

__all__ = ["load"]


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
        If the file is damaged, or no such archive.
    NotImplementedError
        If the module holds objects of compiled classes. An operator that Lucid does not have raises it when it is called.

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
        root = root_of(archive)
        names = archive.namelist()
        if not any(name.startswith(f"{root}code/") for name in names):
            raise ValueError("jit.load: an archive, but none that torch.jit.save wrote: it has no code")
        for name in _extra_files or ():
            _extra_files[name] = archive.read(f"{root}extra/{name}")
        program = Program(archive, root)
        if f"{root}constants.pkl" in names:
            program.constants = _Constants(archive, root, program).read(archive.read(f"{root}constants.pkl"))
        module = _Objects(archive, root, program).read(archive.read(f"{root}data.pkl"))
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
        self.known["torch.jit._pickle", "restore_type_tag"] = lambda value, kind: value

    def named(self, module: str, name: str):
        if module != "__torch__" and not module.startswith("__torch__."):
            return super().named(module, name)
        found = self.program.named(f"{module}.{name}")
        return found if isinstance(found, ScriptClass) else Call(found)  # an enumeration, a named tuple

    def called(self, function, arguments):
        return function(arguments) if isinstance(function, enum.EnumMeta) else super().called(function, arguments)

    def new(self, kind):
        if not isinstance(kind, ScriptClass):
            raise ValueError(f"jit.load: a damaged file: a new {type(kind).__name__}")
        return new(kind)

    def built(self, made, state) -> None:
        if isinstance(made, RecursiveScriptModule):
            for name, value in state.items():
                made._write(name, self._owned(value) if name in made._script.parameters and isinstance(value, Tensor) else value)
        elif isinstance(made, ScriptObject):
            made._values.update(state)
        else:
            super().built(made, state)


    def _owned(self, tensor: Tensor) -> Parameter:
        """A tensor as a parameter: the same one for modules that share it."""
        return self.parameters.setdefault(id(tensor), (Parameter(tensor, tensor.requires_grad), tensor))[0]


class _Constants(_Objects):
    """Reads the tensors that a program mentions as `CONSTANTS.c0`."""

    FOLDER = "constants"
