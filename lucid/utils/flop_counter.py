"""How many floating-point operations a block takes, by module: those of products, convolutions and recurrent layers."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from lucid.autograd.op import REGISTRY
from lucid.observers import Observer
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_leaves, tree_map
from lucid.utils.module_tracker import ModuleTracker

__all__ = ["FlopCounterMode", "flop_registry", "register_flop_formula"]

# Formulas of programs: `formula(*shapes of arguments, out_shape=...)`, or of the values themselves with `_get_raw`, by operation.
flop_registry: dict[Any, Callable] = {}

SUFFIXES = ("", "K", "M", "B", "T")
FUSED = {"addmm": "aten.addmm", "baddbmm": "aten.baddbmm"}  # within which a product has another name


def _of_product(a: Tensor, b: Tensor, out: Tensor, name: str) -> tuple:
    flops = 2 * out.numel() * a.shape[-1] if b.ndim > 1 else 0  # matrices by vectors are not counted, as PyTorch's are not
    backward = "aten.bmm" if name == "aten.bmm" else "aten.mm"
    return name, flops, backward, flops * (a.requires_grad + b.requires_grad)


def _of_convolution(given: dict, out: Tensor) -> tuple:
    geometry = given["geometry"]
    flops = 2 * geometry.n * geometry.c_out * math.prod(geometry.out_size) * geometry.c_in // geometry.groups * math.prod(geometry.kernel)
    operands = [one for one in given.values() if isinstance(one, Tensor) and one.ndim > 1]
    return "aten.convolution", flops, "aten.convolution_backward", flops * sum(one.requires_grad for one in operands)


def _of_recurrent_layer(given: dict, out: tuple) -> tuple:
    rows = given["x"].numel() // given["x"].shape[-1]
    first = len(given["hidden"]) if given["sizes"] is None else given["sizes"][0]  # rows of the first step, whose state is given
    of_x, of_h = 2 * rows * given["w_ih"].numel(), 2 * given["w_hh"].numel()
    backward = of_x * (given["w_ih"].requires_grad + given["x"].requires_grad) + of_h * rows * given["w_hh"].requires_grad
    backward += of_h * (rows if given["hidden"].requires_grad else rows - first)
    return "aten.addmm", of_x + of_h * rows, "aten.mm", backward


# Of the operations that have rules of gradients, which all others come down to: what they are called, their number of
# operations, and the same of their gradients.
FORMULAS = {
    "matmul": lambda given, out: _of_product(
        given["input_"], given["other"], out, "aten.bmm" if max(given["input_"].ndim, given["other"].ndim) > 2 < given["other"].ndim else "aten.mm"
    ),
    "_weighted_values": lambda given, out: _of_product(given["weights"], given["value"], out, "aten.bmm"),
    "nn.functional.linear": lambda given, out: _of_product(
        given["input_"], given["weight"], out, "aten.mm" if given["bias"] is None else "aten.addmm"
    ),
    "_conv": _of_convolution,
    "_conv_input": _of_convolution,
    "_conv_weight": _of_convolution,
    "_recurrent_layer": _of_recurrent_layer,
}  # fmt: skip


def _counted(func, args: tuple, kwargs: dict, result) -> tuple | None:
    formula = FORMULAS.get(func.op.path)
    return formula and formula(dict(zip(func.op.parameters, func.op.bind(args, kwargs))), result)


def flops_of(func, args: tuple, kwargs: dict, result) -> int:
    """The floating-point operations of a call, without those of operations within it; 0 where they are not counted."""
    found = _counted(func, args, kwargs, result)
    return found[1] if found else 0


def _shape(value):
    return value.shape if isinstance(value, Tensor) else value


def _by_operation(formulas: dict) -> dict:
    return {getattr(func, "op", func): formula for func, formula in formulas.items()}


def register_flop_formula(targets, get_raw: bool = False) -> Callable:
    """Say how the operations of a function are counted.

    Parameters
    ----------
    targets : callable or list of callable
        Functions of Lucid, or of `library.custom_op`.
    get_raw : bool, optional
        Give the formula the arguments and `out_val` themselves, rather than the shapes of tensors and `out_shape`.

    Returns
    -------
    callable
        Decorator of the formula, which returns the number.

    Examples
    --------
    >>> from lucid.utils import flop_counter
    >>> @flop_counter.register_flop_formula(lucid.exp)
    ... def of_exp(shape, *args, out_shape, **kwargs):
    ...     return 10 * shape.numel()
    >>> with flop_counter.FlopCounterMode(display=False) as counter:
    ...     y = lucid.exp(lucid.zeros(2, 3))
    >>> counter.get_total_flops()
    60
    >>> del flop_counter.flop_registry[lucid.exp]
    """

    def register(formula):
        formula._get_raw = get_raw
        for one in targets if isinstance(targets, (list, tuple)) else (targets,):
            if not callable(one):
                raise ValueError(f"register_flop_formula(targets): expected each target to be a function, got {type(one)}")
            if one in flop_registry:
                raise RuntimeError(f"duplicate registrations for {one}")
            flop_registry[one] = formula
        return formula

    return register


class FlopCounterMode(Observer):
    """A block whose floating-point operations are counted: of products, convolutions and recurrent layers, and of their gradients.

    A multiplication and an addition are two. Products of matrices by vectors are not counted.

    Parameters
    ----------
    mods : optional
        Accepted: modules are found as they are called.
    depth : int, optional
        How deep within each other the modules of the table are.
    display : bool, optional
        Print the table at the end.
    custom_mapping : dict, optional
        Formulas by function, as for `register_flop_formula`.

    Examples
    --------
    >>> from lucid.utils.flop_counter import FlopCounterMode
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    >>> with FlopCounterMode(display=False) as counter:
    ...     model(lucid.ones(2, 3)).sum().backward()
    >>> counter.get_total_flops(), counter.get_flop_counts()["Sequential.0"]
    (96, {'aten.addmm': 48, 'aten.mm': 48})
    """

    def __init__(self, mods=None, depth: int | None = 2, display: bool = True, custom_mapping: dict | None = None):
        if mods is not None:
            warnings.warn("mods argument is not needed anymore, you can stop passing it", stacklevel=2)
        self.depth, self.display = depth, display
        self.flop_counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        self.flop_registry = flop_registry | (custom_mapping or {})
        self.mod_tracker = ModuleTracker()
        self._within: list[str] = []

    def __enter__(self):
        self.flop_counts.clear()
        self._custom = _by_operation(self.flop_registry)
        self.mod_tracker.__enter__()
        self.attach()
        return self

    def __exit__(self, *error):
        self.detach()
        self.mod_tracker.__exit__(*error)
        if self.display:
            print(self.get_table(self.depth))

    # ------------------------------------------------------------------------------------------ what it sees

    def call(self, func, args, kwargs):
        self._within.append(func.op.path)
        return lambda result: self._called(func, args, kwargs, result)

    def _called(self, func, args, kwargs, result) -> None:
        self._within.pop()
        custom = self._custom.get(func.op)
        if result is None or any(REGISTRY.get(name) in self._custom for name in self._within):
            return
        if custom is not None:
            raw = getattr(custom, "_get_raw", False)
            shown = (args, kwargs) if raw else tree_map(_shape, (args, kwargs))
            self._add(func.op.path, custom(*shown[0], **shown[1], **({"out_val": result} if raw else {"out_shape": tree_map(_shape, result)})))
            return
        found = _counted(func, args, kwargs, result)
        if found is None:
            return
        name, flops, backward, backward_flops = found
        self._add(next((FUSED[one] for one in reversed(self._within) if one in FUSED), name), flops)
        node = next((one.grad_fn for one in tree_leaves(result) if isinstance(one, Tensor)), None)
        if node is not None:
            node.metadata["flops"] = backward, backward_flops

    def node(self, node):
        if "flops" in node.metadata:
            self._add(*node.metadata["flops"])

    def _add(self, name: str, flops: int) -> None:
        if flops:
            for parent in set(self.mod_tracker.parents):
                self.flop_counts[parent][name] += flops

    # ------------------------------------------------------------------------------------------ what it says

    def get_total_flops(self) -> int:
        """The number of all operations."""
        return sum(self.flop_counts["Global"].values()) if "Global" in self.flop_counts else 0

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """The numbers by module and by operation; `Global` has them all."""
        return {module: dict(counts) for module, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """The numbers as a table of text, of modules as deep within each other as `depth` says."""
        depth = self.depth if depth is None else depth
        total = self.get_total_flops()
        place = min(len(SUFFIXES) - 1, max(0, (len(str(total)) - 1) // 3)) if total else 0

        def row(indent: int, name: str, flops: int) -> tuple[str, str, str]:
            number = f"{flops / 1000**place:.3f}{SUFFIXES[place]}" if place else str(flops)
            return " " * indent + name, number, f"{flops / total:.2%}" if total else "0%"

        def rows_of(module: str, indent: int) -> list:
            counts = self.flop_counts[module]
            return [row(indent, module, sum(counts.values())), *(row(indent, f" - {name}", flops) for name, flops in counts.items())]

        modules = sorted(set(self.flop_counts) - {"Global"})
        rows = []
        whole = not total or any(sum(self.flop_counts[one].values()) >= total for one in modules)
        if not whole:
            rows += rows_of("Global", 0)
        for module in modules:
            if depth is None or module.count(".") < depth:
                rows += rows_of(module, module.count(".") + (not whole))
        rows = rows or [("Global", "0", "0%")]
        widths = [max(len(one[i]) for one in [("Module  ", "FLOP  ", "% Total  "), *rows]) for i in range(3)]
        lines = [
            f"{name:<{widths[0]}}  {flops:>{widths[1]}}  {share:>{widths[2]}}"
            for name, flops, share in [("Module", "FLOP", "% Total"), tuple("-" * width for width in widths), *rows]
        ]
        return "\n".join(lines)
