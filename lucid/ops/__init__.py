"""The operations, one file per family. Importing this package declares them all and gives Tensor its methods."""

from lucid.autograd.op import REGISTRY
from lucid.ops import (  # noqa: F401
    activation,
    attention,
    comparison,
    complex,
    convolution,
    creation,
    decompositions,
    distance,
    elementwise,
    fft,
    indexing,
    linalg,
    loss,
    masked,
    methods,
    normalization,
    pooling,
    products,
    random,
    recurrent,
    reduction,
    shape,
    sorting,
    special,
    statistics,
    view,
    windows,
)

methods.attach()


def published(namespace: str) -> dict:
    """The functions whose declared path lies directly in a namespace of PyTorch's: "" or "nn.functional", say."""
    found = {}
    for path, spec in REGISTRY.items():
        parent, _, name = path.rpartition(".")
        if parent == namespace and not name.startswith("_"):
            found[name] = spec.function
    return found | methods.inplace_functions(namespace)
