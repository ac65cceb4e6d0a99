"""The file of an exported program: a zip archive of JSON, and of weights as bytes."""

from __future__ import annotations

import io
import json

from lucid import serialization
from lucid.export.program import ExportedProgram
from lucid.export.values import DTYPES

__all__ = ["load"]

SCHEMA = 8  # PyTorch's number of the way in which the JSON is written


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
            extra_files[name] = archive.read(f"{root}extra/{name}").decode()
        text = _json(archive, described[0])
        if text["schema_version"]["major"] != SCHEMA:
            raise ValueError(f"export.load: the program is written in schema {text['schema_version']}; {SCHEMA} is read")
        records = serialization.Records(archive, root)
        state, constants = _tensors(records, "weights"), _tensors(records, "constants")
        examples = f"{root}data/sample_inputs/model.pt"
        inputs = serialization.load(io.BytesIO(archive.read(examples))) if examples in names else None
    try:
        program = ExportedProgram(text, state, constants, inputs)
        program.module()  # names that no module can have are found now
        return program
    except (LookupError, TypeError, AttributeError, RecursionError, StopIteration) as error:
        raise ValueError(f"export.load: a damaged file: {type(error).__name__}: {error}") from None


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
