"""The operations, one file per family. Importing this package declares the families that every program needs, and
gives Tensor its methods; the families in `LATER` are declared when the first of their names is asked for.
"""

import os
from importlib import import_module

from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED
from lucid.ops import (  # noqa: F401
    activation,
    arithmetic,
    comparison,
    complex,
    conversion,
    creation,
    exponentials,
    extremes,
    indexing,
    joining,
    linalg,
    magnitude,
    masks,
    methods,
    permutation,
    pieces,
    random,
    reduction,
    scatter,
    shape,
    storage,
    view,
)

# All of these load together, on the first name or method that is not there yet: 22 of 48 ms of importing this package.
# A family may stand here unless one that does not imports it.
LATER = (
    "attention", "bessel", "circular", "classification", "convolution", "copies", "decompositions", "distance",
    "dropout", "einsum", "embedding", "factors", "fft", "folding", "gamma", "grids", "inverses", "loss", "margins", "masked",
    "matrices", "natives", "normalization", "norms", "padding", "polynomials", "pooling", "products", "recurrent",
    "resampling", "scans", "selection", "softmax", "sorting", "special", "statistics", "stft", "windows",
)  # fmt: skip

methods.attach(LATER)


def load_all() -> None:
    """Declare the families in LATER, if that was not done yet."""
    global loaded
    if not loaded:
        for family in LATER:
            import_module(f"lucid.ops.{family}")
        methods.attach_rest(LATER)
        loaded = True


loaded = False
Supplied.load_all = load_all


def declared(namespace: str) -> dict:
    """The functions whose path lies directly in a namespace of PyTorch's, of the families that are loaded."""
    found = {}
    for path, spec in DECLARED.items():
        parent, _, name = path.rpartition(".")
        if parent == namespace and not name.startswith("_"):
            found[name] = spec.named.get(path, spec.function)
    return found | methods.inplace_functions(namespace)


def published(namespace: str) -> dict:
    """The functions whose path lies directly in a namespace of PyTorch's: "" or "nn.functional", say."""
    load_all()
    return declared(namespace)


def load_library(path: str) -> None:
    """Load operators that were compiled for PyTorch: of torchvision's there are others, else OSError, so that packages do without."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != "torchvision" or not name.startswith("_C."):
        raise OSError(f"ops.load_library(): {path} is compiled for PyTorch")
    import_module("lucid.vision")


def __getattr__(name: str):
    """The namespaces of operators that packages defined by `library.custom_op`, and PyTorch's, `aten`."""
    import sys

    library = import_module("lucid.library") if name == "aten" else sys.modules.get("lucid.library")
    if library is not None and name in library.NAMESPACES:
        return library.NAMESPACES[name]
    raise AttributeError(f"module 'lucid.ops' has no attribute {name!r}")
