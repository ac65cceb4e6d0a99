"""The file of an exported program: a zip archive of JSON, and of weights as bytes."""

from __future__ import annotations

import io
import json

from lucid import Tensor, serialization
from lucid.export.program import ExportedProgram
from lucid.export.values import DTYPES

__all__ = ["load", "save"]

SCHEMA = 8  # PyTorch's number of the way in which the JSON is written
STRIDED = 7  # its number of the layout
NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
WRITTEN_ANEW = ("data/weights/", "data/constants/", "extra/", "byteorder")


def load(f, *, extra_files: dict | None = None, expected_opset_version: dict | None = None) -> ExportedProgram:
    """Read a program that `torch.export.save` wrote. Nothing in the file is executed.

    Parameters
    ----------
    f : str, path or binary file
        Where it is.
    extra_files : dict, optional
        Names of other texts in the archive; their values are set to them.
    expected_opset_version : dict, optional
        Accepted for PyTorch's sake.

    Returns
    -------
    ExportedProgram
        `load(f).module()` is what to call.

    Raises
    ------
    ValueError
        If the file is damaged, or of a version of PyTorch that wrote another format (before 2.9).
    NotImplementedError
        If the program calls an operator that Lucid does not have; it is named.

    Examples
    --------
    With PyTorch, where the model is::

        program = torch.export.export(model.eval(), (torch.randn(1, 3, 224, 224),))
        torch.export.save(program, "model.pt2")

    Without it, where the model is used::

        model = lucid.export.load("model.pt2").module()
        with lucid.inference_mode():
            scores = model(lucid.randn(1, 3, 224, 224))
    """
    with serialization.opened(f) as archive:
        names = set(archive.namelist())
        described = [name for name in names if name.endswith("/models/model.json")]
        if len(described) != 1:
            raise ValueError("export.load: an archive, but none that torch.export.save of PyTorch 2.9 or later wrote: no models/model.json")
        root = described[0].removesuffix("models/model.json")
        for name in extra_files or ():
            if f"{root}extra/{name}" in names:
                extra_files[name] = archive.read(f"{root}extra/{name}").decode()
        text = _json(archive, described[0])
        if text["schema_version"]["major"] != SCHEMA:
            raise ValueError(f"export.load: the program is written in schema {text['schema_version']}; {SCHEMA} is read")
        records = serialization.Records(archive, root)
        state, constants = _tensors(records, "weights"), _tensors(records, "constants")
        files = {name.removeprefix(root): archive.read(name) for name in archive.namelist() if not name.removeprefix(root).startswith(WRITTEN_ANEW)}
    examples = files.get("data/sample_inputs/model.pt")
    inputs = serialization.load(io.BytesIO(examples)) if examples else None
    try:
        program = ExportedProgram(text, state, constants, inputs, files)
        program.module()  # names that no module can have are found now
        return program
    except (LookupError, TypeError, AttributeError, RecursionError, StopIteration) as error:
        raise ValueError(f"export.load: a damaged file: {type(error).__name__}: {error}") from None


def save(ep: ExportedProgram, f, *, extra_files: dict | None = None, opset_version: dict | None = None, pickle_protocol: int = 2) -> None:
    """Write a program that `export.load` read, with the present weights. PyTorch's `torch.export.load` reads it too.

    Parameters
    ----------
    ep : ExportedProgram
        The program. What is trained, `ep.module()`, has its weights.
    f : str, path or binary file
        Where it goes. A file of that name is replaced only once the new one is complete.
    extra_files : dict of str to (str or bytes), optional
        Other files to put into the archive, by their names.
    opset_version, pickle_protocol : optional
        Accepted for PyTorch's sake.

    Raises
    ------
    TypeError
        If `ep` is no program: Lucid does not export modules.
    ValueError
        If a weight is of another dtype or shape than the program was exported for.

    Examples
    --------
    ::

        program = lucid.export.load("model.pt2")
        train(program.module())
        lucid.export.save(program, "trained.pt2")
    """
    if not isinstance(ep, ExportedProgram):
        raise TypeError(
            f"export.save: a {type(ep).__name__} is no program that export.load read, and Lucid exports none: save its weights, "
            "lucid.save(module.state_dict(), f)"
        )
    _check(ep)
    parameters = ep.graph_signature.parameters
    tensors = {**_described(ep.state_dict, "weights", "weight", parameters), **_described(ep.constants, "constants", "tensor", parameters)}
    extra = {f"extra/{name}": data for name, data in (extra_files or {}).items()}
    serialization.store(f, {**ep.files, **tensors, **extra})


def _check(program: ExportedProgram) -> None:
    """Whether tensors are still what the program was exported for."""
    tensors = {**program.state_dict, **program.constants}
    for spec in program.graph_signature.input_specs:
        tensor, meta = tensors.get(spec.target), program._graph.written["tensor_values"].get(getattr(spec.arg, "name", ""))
        if tensor is not None and meta is not None:
            sizes = [one.get("as_int") for one in meta["sizes"]]
            if NUMBERS[tensor.dtype] != meta["dtype"] or [*tensor.shape] != sizes:
                raise ValueError(
                    f"export.save: {spec.target} is of {tensor.dtype} and shape {tuple(tensor.shape)}, and the program was exported for "
                    f"{DTYPES[meta['dtype']]} and {tuple(sizes)}"
                )


def _described(tensors: dict[str, Tensor], kind: str, word: str, parameters: tuple[str, ...]) -> dict:
    """The files of tensors: their storages, and what says where in these each is."""
    writer, config = serialization.Writer(), {}
    for name, tensor in tensors.items():
        number, offset, array = writer.storage(tensor.array)
        strides = [step // array.itemsize for step in array.strides] if array.size else tensor.stride()
        config[name] = {
            "path_name": f"{word}_{number}", "is_param": name in parameters, "use_pickle": False,
            "tensor_meta": {
                "dtype": NUMBERS[tensor.dtype], "sizes": [{"as_int": size} for size in tensor.shape], "requires_grad": tensor.requires_grad,
                "device": {"type": "cpu", "index": None}, "strides": [{"as_int": step} for step in strides],
                "storage_offset": {"as_int": offset}, "layout": STRIDED,
            },
        }  # fmt: skip
    rows = {f"data/{kind}/{word}_{number}": row for number, row in enumerate(writer.storages)}
    return {**rows, f"data/{kind}/model_{kind}_config.json": json.dumps({"config": config}, indent=2)}


def _json(archive, name: str):
    try:
        return json.loads(archive.read(name))
    except ValueError as error:
        raise ValueError(f"export.load: a damaged file: {name}: {error}") from None


def _tensors(records: serialization.Records, kind: str) -> dict:
    """The parameters and buffers, or the constants, of an archive by their names."""
    config = _json(records.archive, f"{records.root}data/{kind}/model_{kind}_config.json")["config"]
    made = {}
    for name, described in config.items():
        if described["use_pickle"]:
            raise ValueError(f"export.load: {name} is no plain tensor, but an object that PyTorch pickled, which is not read")
        meta = described["tensor_meta"]
        row = records.row(f"{kind}/{described['path_name']}", DTYPES[meta["dtype"]])
        sizes, strides = ([one["as_int"] for one in meta[key]] for key in ("sizes", "strides"))
        tensor = records.tensor(row, meta["storage_offset"]["as_int"], sizes, strides, False)
        made[name] = records.parameter(tensor, meta["requires_grad"]) if described["is_param"] else tensor
    return made
