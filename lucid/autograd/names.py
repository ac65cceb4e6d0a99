"""PyTorch's names of nodes, which programs that draw or print graphs read. Loaded when the first is asked for.

A node is named by its operation; where PyTorch has several functions for one here, by what the node saved, as long as it is there.
"""

from __future__ import annotations

SAME = {
    "_unfold": "Im2Col", "batch_norm": "NativeBatchNorm", "conv": "Convolution", "conv_input": "Convolution", "cross": "LinalgCross",
    "fold": "Col2Im", "group_norm": "NativeGroupNorm", "imag": "Select", "layer_norm": "NativeLayerNorm", "least": "LinalgLstsq",
    "linalg.cholesky": "LinalgCholeskyEx", "linalg.inv": "LinalgInvEx", "linalg.solve": "LinalgSolveEx", "logsigmoid": "LogSigmoid",
    "lu_found": "LinalgLuFactorEx", "masked": "Mul", "narrow": "Slice", "pick": "MaskedSelect", "piece": "AsStrided",
    "prelu": "PreluKernel", "relu6": "Hardtanh", "reshape": "View", "selu": "Elu", "softsign": "Div", "split_with_sizes": "Split",
    "square": "Pow", "squeeze": "SqueezeBackward1", "tanhshrink": "Sub", "to_dtype": "ToCopy",
}  # fmt: skip
LOSSES = {"mse": "MseLoss", "huber": "HuberLoss", "smooth_l1": "SmoothL1Loss", "bce": "BinaryCrossEntropy"}


def name_of(node) -> str:
    """The name of a node."""
    op, name = node.op, node.op.name.lstrip("_")
    found = DECIDED.get(op.path) or DECIDED.get(name) or SAME.get(op.path) or SAME.get(name)
    if callable(found):
        found = found(node)
    elif found is None:
        room = op.path.rpartition(".")[0]
        found = "".join([part.title() for part in name.split("_")])
        found = room.title() + found if room in ("linalg", "special") and name not in UNPREFIXED else found
    return found if "Backward" in found else found + "Backward0"


UNPREFIXED = frozenset(("erf", "erfc", "erfinv", "expit", "exp2", "expm1", "round", "softmax", "log_softmax"))


def _saved(node) -> dict:
    """What a node saved, by the names of the parameters; `input_shape` and the like of what of them was."""
    found = {}
    for rule, values, *_ in node.calls or ():
        places = node.op.joint[2] if node.op.joint is not None else next(places for _, one, places in node.op.rules if one is rule)
        for place, value in zip(places, values):
            if place >= 0:
                found[node.op.parameters[place]] = value
            elif place <= -4:
                at, aspect = divmod(-4 - place, 4)
                found[node.op.parameters[at] + ("_shape", "_dtype", "_layout", "")[aspect]] = value
    return found


def _rank(value, default: int) -> int:
    """The number of dimensions of a tensor that was saved."""
    return len(getattr(value, "shape", (0,) * default))


def _product(node) -> str:
    saved, known = _saved(node), len(node.edges[0][2])
    ranks = _rank(saved.get("input_"), known), _rank(saved.get("other"), known)
    if ranks == (1, 1):
        return "Dot"
    if max(ranks) == 2:
        return "Mm" if ranks[0] == ranks[1] else "Mv" if ranks[1] == 1 else "SqueezeBackward4"
    return "Bmm" if ranks == (3, 3) else "UnsafeView"


def _linear(node) -> str:
    rank = _rank(_saved(node).get("input_"), len(node.edges[0][2]))
    weight = node.op.parameters.index("weight")
    biased = len(node.edges) > weight + 1 or len(node.edges[-1][2]) == 1  # a bias is given, and has a gradient too
    return "Addmm" if rank == 2 and biased else "Mm" if rank == 2 else "View" if biased else "UnsafeView"


def _loss(node) -> str:
    saved = _saved(node)
    reduction = {"mean": "Mean", "sum": "Sum"}.get(saved.get("reduction"), "Abs")
    return reduction if saved.get("kind") == "l1" else LOSSES.get(saved.get("kind"), "MseLoss")


def _basic(node) -> str:
    """Of the indices, the last one that changes anything."""
    index = _saved(node).get("index", 0)
    index = index if isinstance(index, tuple) else (index,)
    for one in reversed(index):
        if one is None:
            return "Unsqueeze"
        if isinstance(one, slice):
            if one != slice(None):
                return "Slice"
        elif one is not Ellipsis:
            return "Select"
    return "Slice" if slice(None) in index else "Alias"


def _pool(name: str):
    """Of so many dimensions; of one PyTorch takes that for two, without the other."""

    def made(node) -> str:
        saved = _saved(node)
        windows, sizes = saved.get("windows"), saved.get("out_size") or saved.get("size")
        n = len(windows.size if windows else sizes or node.edges[0][2][2:])
        return name.format(n) if n > 1 else "SqueezeBackward1"

    return made


def _along(name: str):
    """Of all elements, or along dimensions."""
    return lambda node: f"{name}Backward{_saved(node).get('dim') is not None:d}"


def _by_tensor(name: str, parameter: str):
    """By a number, or by a tensor."""
    return lambda node: f"{name}Backward{hasattr(_saved(node).get(parameter), 'shape'):d}"


DECIDED = {
    "matmul": _product, "nn.functional.linear": _linear, "pair_loss": _loss, "index_basic": _basic,
    "cross_entropy": lambda node: "NllLoss" if len(node.edges[0][2]) < 3 else "NllLoss2D",
    "nll_loss": lambda node: "NllLoss" if len(node.edges[0][2]) < 3 else "NllLoss2D",
    "sum": _along("Sum"), "mean": _along("Mean"), "prod": _along("Prod"),
    "adaptive_avg_pool": _pool("AdaptiveAvgPool{}D"), "adaptive_max_pool": _pool("AdaptiveMaxPool{}D"), "avg_pool": _pool("AvgPool{}D"),
    "max_pool": _pool("MaxPool{}DWithIndices"), "max_scatter": _pool("MaxUnpool{}D"), "fractional_max_pool": _pool("FractionalMaxPool{}D"),
    "pow": _by_tensor("Pow", "exponent"), "clamp": _by_tensor("Clamp", "min"), "fmod": _by_tensor("Fmod", "other"),
    "remainder": _by_tensor("Remainder", "other"), "lerp": _by_tensor("Lerp", "weight"),
}  # fmt: skip
