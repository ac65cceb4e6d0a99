"""How an operation is declared, and the seam from its forward function to the graph.

    @op("nn.functional.leaky_relu")
    def leaky_relu(input_, negative_slope=0.01, inplace=False):
        ...checks, one kernel call...

    leaky_relu.vjp(input_=lambda g, input_, negative_slope: _leaky_relu_backward(g, input_, negative_slope))

The path is PyTorch's: it says where the function is published and which function of PyTorch judges it. A rule's
own parameters are the list of what is saved: the function's parameters by name, `out` for its result, `first` and
`indices` for the first and last of several; where the shape, dtype or layout of a tensor suffices,
`input_shape`, `other_dtype`, `input_layout`, which keep no tensor. Rules are written with operations, so gradients can
be differentiated again. A rule never sums a gradient that was broadcast, nor casts one: the engine does, once.

Two parameters mean something to the declaration. `out` (keyword-only): the result is written to the tensor given
there; the function itself never sees it. `inplace`: the result is written to the first argument. Both are thus
nothing that an operation has to care about.

The declared function stays a plain function to the outside: its signature, docstring and pickling are its own.
"""

from __future__ import annotations

import functools

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.history import past_of, rewrite
from lucid.autograd.node import Supplied
from lucid.autograd.writes import (
    check_apart,
    check_out,
    check_recordable,
    check_same,
    check_writable,
    overlaps_itself,
    write,
    write_out,
)
from lucid.tensor import Tensor

DECLARED: dict[str, Op] = {}  # by path, of the families that are loaded; `REGISTRY` is the same with all of them


def __getattr__(name: str):
    if name == "REGISTRY":
        Supplied.load_all()
        return DECLARED
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


CO_VARARGS = 0x04  # of a code object's flags, as in `inspect`
# Other spellings of a parameter that PyTorch accepts too, some of them in one of its overloads alone.
SPELLINGS = {
    "input": ("input_", "A", "tensor"), "from": ("from_",), "axis": ("dim",), "keepdims": ("keepdim",), "x1": ("input_",),
    "x2": ("other",), "other": ("B",), "split_size": ("split_size_or_sections",), "self": ("input_",), "x": ("input_",), "b": ("B",),
    "sections": ("indices_or_sections",), "indices": ("indices_or_sections",), "tensor_indices_or_sections": ("indices_or_sections",),
    "element": ("elements",), "test_element": ("test_elements",), "input2": ("tau", "L"), "input3": ("other",),
}  # fmt: skip
SPELLED = {
    name: [other for other, names in SPELLINGS.items() if name in names] for names in SPELLINGS.values() for name in names
}
# Once factors stood before the tensors that they belong to: `x.add_(0.1, y)` for `x.add_(y, alpha=0.1)`.
OLDER = {
    "add": "alpha", "sub": "alpha", "addcmul": "value", "addcdiv": "value",
    **dict.fromkeys(("addmm", "addmv", "addr", "addbmm", "baddbmm"), ("beta", "alpha")),
}  # fmt: skip


# Names in both of these namespaces are one function in PyTorch too, but for some.
SHARED = {"", "nn.functional"}
APART = {"celu", "relu", "rms_norm", "selu", "sigmoid", "tanh", "threshold"}


# What a parameter takes that is annotated with these words; of a sequence the first element has to be an int. Without
# an annotation, or with another, anything. PyTorch's own Python reads some by their truth, or looks them up, and
# refuses none.
TAKEN = {"bool": "bool", "int": "int", "float": "bool int float complex", "str": "str", "None": "None", "tuple": "tuple", "Tensor": ""}
# Families whose operations have read their arguments before they write: `out=` may share memory with those, as in PyTorch.
READ_FIRST = frozenset((
    "copies", "decompositions", "einsum", "extremes", "factors", "fft", "inverses", "linalg", "matrices", "natives",
    "normalization", "norms", "pooling", "products", "reduction", "shape", "softmax", "statistics",
))  # fmt: skip
LOOKED_UP = {"inplace", "return_indices", "reduction", "mode", "padding_mode", "compute_mode"}


@functools.cache
def refused(annotation: str, looked_up: bool) -> int:
    """The kinds of value that a parameter refuses, as `core.OpBase.kinds` has them."""
    words = set(annotation.split(" | "))
    if not words - {"Tensor", "None"} or not TAKEN.keys() >= words or looked_up and annotation in ("bool", "str"):
        return 0
    taken = {kind for word in words for kind in TAKEN[word].split()}
    return sum(bit for kind, bit in core.KINDS.items() if kind not in taken)


class Op(core.OpBase):
    """The declaration of an operation.

    Attributes
    ----------
    path : str
        PyTorch's path of the function, such as `nn.functional.relu`, `linalg.inv` or `Tensor.view`.
    function : callable
        What is published: records, writes to `out`, works in place.
    forward : callable
        The function as it was written.
    parameters : tuple of str
        All parameter names; the first `positional` of them may be given by position.
    rules : list of (position, rule, positions of what it names)
        The gradient rule of each differentiable parameter.
    kind : {"rule", "composite", "none"}
        Where gradients come from: rules, the operations it is made of, or nowhere.
    """

    RESULTS = {"out": -1, "indices": -2, "first": -3}  # positions that stand for the result, the last and the first of several

    def __init__(
        self, path: str, forward, kind: str, view: bool, aliases: tuple, own: tuple = (), out: str = "cast",
        wide: bool = False,
    ):  # fmt: skip
        code = forward.__code__
        self.path, self.name, self.kind, self.view, self.aliases = path, path.rpartition(".")[2], kind, view, aliases
        given, named = forward.__defaults__ or (), forward.__kwdefaults__ or {}
        annotations = forward.__annotations__
        k = code.co_argcount
        self.forward = forward
        self.positional, self.required = k, k - len(given)
        self.variadic = bool(code.co_flags & CO_VARARGS)
        self.parameters = names = code.co_varnames[: k + code.co_kwonlyargcount]
        self.keyword_only = names[k:]
        self.defaults = dict(zip(names[k - len(given) : k], given)) | named
        self.defaults_in_order = [self.defaults.get(name, core.MISSING) for name in names]
        self.position = dict(zip(names, range(len(names))))
        free = LOOKED_UP if path.startswith("nn.") else ()
        kinds = bytes([refused(annotations.get(name, ""), name in free) for name in names])
        self.kinds = kinds if any(kinds) else None
        spelled = {other: self.position[name] for name in reversed(names) if name in SPELLED for other in SPELLED[name]}
        self.places = spelled | self.position
        self.out_at = -1 if "out" in own else self.position.get("out", -1)
        self.out_rule, self.out_apart, self.out_dtype = out, "apart" in out, "dtype" in out
        self.may_overlap, self.may_share = "overlap" in out, "share" in out
        usual = None if forward.__module__.rpartition(".")[2] in READ_FIRST else False
        said = self.out_apart or (False if "step" in out else None if "read" in out else usual)
        self.apart = usual if "rest" in out else said, usual if "first" in out else said
        self.rest_apart = bool(self.apart[1])
        self.wide = wide
        self.value_at = self.position.get("value", -1)
        self.older = OLDER.get(path)
        self.rules = []
        self.named = {}  # the published functions of the aliases, by path
        self.joint = None
        self.inplace_at = len(self.parameters)
        if "inplace" not in own:
            self.inplace_at = self.position.get("inplace", self.inplace_at)

    # ------------------------------------------------------------------------------------------ declaring

    def vjp(self, **rules) -> None:
        """Declare the gradient of each named parameter: `name=rule(g, *named values)`."""
        for name, rule in rules.items():
            self.rules.append((self.position[name], rule, self._named(rule, 1)))
        self.rules.sort(key=lambda entry: entry[0])

    def vjp_joint(self, *inputs, crossed: bool = False):
        """Declare one rule for several inputs: `rule(g, needs, *named values)` returns a gradient for each.

        `needs` says for each input whether its gradient is wanted; None is returned for one that is not. An
        input that is a sequence of tensors gets a sequence of gradients, and a sequence in `needs`. `crossed` says that
        the rule reads each of the first two inputs for the gradient of the other alone (of itself but shape and dtype).
        """
        self.crossed = crossed

        def declare(rule):
            self.joint = (tuple(self.position[name] for name in inputs), rule, self._named(rule, 2))
            return rule

        return declare

    def refuse_gradients(self, error: type[Exception]) -> None:
        """Have every gradient raise an exception: there is no derivative."""

        def rule(g):
            raise error(f"the derivative for {self.name.lstrip('_')} is not implemented")

        self.rules = [(at, rule, ()) for at in range(len(self.parameters)) if at != self.out_at]

    def _named(self, rule, skipped: int) -> tuple:
        code = rule.__code__
        return tuple(self._place(name) for name in code.co_varnames[skipped : code.co_argcount])

    def _place(self, name: str) -> int:
        """Where the value that a rule names comes from, as `core.one_call` reads it."""
        if name in self.position and name != "out":
            return self.position[name]
        if name in self.RESULTS:
            return self.RESULTS[name]
        for i, aspect in enumerate(("shape", "dtype", "layout")):
            stem = name.removesuffix(aspect)
            at = self.position.get(stem, self.position.get(stem.removesuffix("_")))
            if stem != name and at is not None:
                return -4 - 4 * at - i
        raise NameError(f"{self.path}: a rule names {name!r}, which is no parameter, nor an aspect of one")

    # ------------------------------------------------------------------------------------------ calling

    def run_out(self, values: list):
        """Compute and write the result to `out`; returns that."""
        out = values[self.out_at]
        values[self.out_at] = None
        many = isinstance(out, (tuple, list))
        for one in out if many else (out,):
            check_out(self.name, one, values, self.apart)
        if not many:
            if self.out_dtype:
                self.settle_dtype(values, out, "Expected out tensor to have dtype {0}, but got {1} instead")
            return self.write_out(out, core.run_into(self, values, out), values)
        result = self.run(values)
        if len(out) != len(result):
            raise TypeError(f"{self.name}(): 'out' needs {len(result)} tensors, got {len(out)}")
        for target in out:  # before any is written to
            check_writable(self.name, target)
        if "all" not in self.out_rule:
            for target, one in zip(out, result):
                check_same(self.name, target, one)
        for target, one in zip(out, result):
            write_out(self.name, target, one, self.out_rule)
        return type(result)(*out) if hasattr(result, "_fields") else tuple(out)

    def settle_dtype(self, values: list, target: Tensor, complaint: str) -> None:
        """The dtype that is asked for has to be that of what is written to, which else decides (unless it may be cast to, and holds less)."""
        at = self.position["dtype"]
        if values[at] is not None:
            dtype = dtypes.as_dtype(values[at])
            if dtype is not target.dtype:
                raise RuntimeError(f"{self.name}(): {complaint.format(dtype.name, target.dtype.name)}")
        elif "cast" not in self.out_rule or (
            isinstance(values[0], Tensor) and values[0].dtype.kind > 1 and dtypes.promote_types(values[0].dtype, target.dtype) is target.dtype
        ):
            values[at] = target.dtype

    def write_out(self, out: Tensor, result, values: list) -> Tensor:
        """Write the result of the values to `out`; returns that."""
        rule = self.out_rule
        if "modulus" in rule and values[0].dtype.is_complex:
            rule = "cast"
            if out.dtype.is_complex:
                check_same(self.name, out, values[0])
        elif "bound" in rule and not isinstance(values[1], Tensor):
            rule = "same"
        elif "real" in rule and values[0].dtype.is_complex:
            rule = "cast"
        elif "kind" in rule and out.dtype.is_complex and not result.dtype.is_complex:
            raise RuntimeError(f"{self.name}(): expects a floating point out tensor, but got {out.dtype.name}")
        write_out(self.name, out, result, rule)
        return out

    # ------------------------------------------------------------------------------------------ in place

    def _fill_shared(self, target: Tensor, values: list) -> Tensor:
        """Fill a tensor whose elements share memory: only what changes is written, as the same number everywhere."""
        check_writable(self.name, target, overlapping=True)
        old, new = target.array, self.run(values).array
        changed = (new != old) & ((new == new) | (old == old))
        old[changed] = new[changed]
        core.bump(target)
        return target

    def run_inplace(self, values: list):
        """Compute and write the result to the first argument, whose history then begins with this operation."""
        target = values[0]
        if not isinstance(target, Tensor):
            raise TypeError(f"{self.name}_(): argument 'input' must be Tensor, not {type(target).__name__}")
        if self.out_dtype:
            self.settle_dtype(values, target, "Bad in-place call: output tensor dtype {0} and input tensor dtype {1} should match")
        if not self.may_overlap:
            others = [one for i, one in enumerate(values) if 0 < i != self.value_at]
            check_apart(f"{self.name.lstrip('_')}_", target, others, self.rest_apart)
        if not core.recording(tuple(values)):
            if self.may_share and overlaps_itself(target.array):
                return self._fill_shared(target, values)
            check_writable(self.name, target)
            return self.write_result(target, core.run_into(self, values, target))
        if self.kind != "rule":  # what it is made of is recorded; the write itself is one more operation
            check_recordable(target)
            past = past_of(target)
            past.array, past._counter = Supplied.copied(target.array), None
            made = self.run([past, *values[1:]])
            self.check_dtype(target, made)
            return rewrite(target, Supplied.replaced.op, [target, made])
        return rewrite(target, self, values)

    def check_dtype(self, target: Tensor, result: Tensor) -> None:
        """RuntimeError where the result has to be of the target's dtype and is not."""
        if "same" in self.out_rule and isinstance(result, Tensor):
            check_same(self.name, target, result)

    def write_result(self, target: Tensor, result) -> Tensor:
        """Write a result to the target; returns that."""
        self.check_dtype(target, result)
        write(self.name, target, result)
        return target


# ---------------------------------------------------------------------------------------------- declaring


def overridable(function, spec=None):
    """A function that binds its own arguments, as one that `__torch_function__` can override."""
    return core.make_overridable(function, spec).dress(function)


class Stated:
    """What `inspect` finds as `__wrapped__` of a method: the signature of the function it stands for, some parameters
    left out, or that of a text such as "(start=0, end=None)"."""

    def __init__(self, function=None, without: tuple = (), text: str = ""):
        self.function, self.without, self.text = function, without, text

    @property
    def __signature__(self):
        import inspect

        if self.text:
            scope: dict = {}
            exec(f"def stated{self.text}: pass", scope)
            return inspect.signature(scope["stated"])
        found = inspect.signature(self.function)
        return found.replace(parameters=[one for name, one in found.parameters.items() if name not in self.without])


def _in_float32(forward, dtype_at: int):
    """The forward function of what is made of operations and rounds half precision once."""

    @functools.wraps(forward)
    def widened(*args, **kwargs):
        if kwargs.get("dtype") is not None or 0 <= dtype_at < len(args) and args[dtype_at] is not None:
            return forward(*args, **kwargs)
        return core.in_float32(forward, args, kwargs)

    return widened


def op(
    path: str, *, gradient: bool | type[Exception] = True, composite: bool = False, view: bool = False, aliases: tuple = (),
    own: tuple = (), out: str = "cast", wide: bool = False,
):  # fmt: skip
    """Declare the operation that is PyTorch's `path`.

    Parameters
    ----------
    path : str
        PyTorch's path: `exp`, `nn.functional.relu`, `linalg.inv`, `Tensor.view`.
    gradient : bool or type of exception, optional
        False for an operation whose result is constant or discrete: it is never recorded. An exception where PyTorch has no
        derivative: the operation is recorded, and a backward pass raises it.
    composite : bool, optional
        True where the function is made of operations, which are recorded themselves.
    view : bool, optional
        Whether the result shares memory with the input.
    aliases : tuple of str, optional
        Other paths of the same function.
    own : tuple of str, optional
        Of `out` and `inplace`, those that the function takes care of itself.
    out : str, optional
        What `out=` may be, in words: "cast", of any dtype that the result can be cast to (where it cannot, PyTorch's
        exception is a RuntimeError, or a "TypeError"), but with "bound" of its own if the bound is a number, and with "kind"
        no complex one for a real result; "any", of any; "same", of the result's own, but with "modulus" of any real one that
        it can be cast to, or the input's, if that is complex, and with "real" only where the input is; "dtype", of the dtype
        that the parameter of that name asks for, or else the one that decides (or, with "cast", if it holds less, may be cast to). Of several
        results each has to have its own dtype unless the rule is for "all".
        What is written to, in place too, may lie where an argument does, but not meet it in part; with "apart" neither. As
        `out=` it may meet any where all are "read" first, which is so in the families of `READ_FIRST`, unless their elements
        are read and written in "step". "first" and "rest" before these words say that they are for the first argument or for
        the others. With "overlap" the tensor of the in-place form may meet any, and with "share" its elements may share
        memory (an expanded tensor), as all that are written to get one number.
    wide : bool, optional
        Whether the rules, or what a composite is made of, see half precision as float32, so that several steps are
        rounded once. Where a gradient is itself recorded, all rules do. Not for functions that draw numbers or write.
    """
    kind = "composite" if composite else "rule" if gradient else "none"

    def declare(forward):
        spec = Op(path, forward, kind, view, aliases, own, out, wide)
        if not isinstance(gradient, bool):
            spec.refuse_gradients(gradient)
        if wide and composite:
            spec.forward = _in_float32(forward, spec.position.get("dtype", -1))
        call = overridable(forward, spec) if spec.variadic else core.make_call(spec).dress(forward)
        call.__name__ = spec.name
        spec.function = call
        for one in (path, *aliases):
            if one in DECLARED:
                raise ValueError(f"{one} is declared twice")
            DECLARED[one] = spec
            namespace, _, name = one.rpartition(".")
            if one is not path and (name != spec.name or {namespace, path.rpartition(".")[0]} != SHARED or name in APART):
                spec.named[one] = twin(call, namespace, name)
        return call

    return declare


def _intercept(func, args: tuple, kwargs: dict):
    """What a call gives that a `__torch_function__` overrides."""
    from lucid import overrides

    return overrides._intercept(func, args, kwargs)


core.set_interceptor(_intercept)


def twin(function, namespace: str, name: str):
    """A declared function under another name, or as a method ("Tensor"): the same, and another object to tell overrides of."""
    spec = function.op
    made = overridable(spec.forward, spec) if spec.variadic else core.make_call(spec).dress(function)
    made.__name__ = name
    if namespace == "Tensor":
        made.__qualname__ = f"Tensor.{name}"
    else:
        made.__module__, made.__qualname__ = ".".join(filter(None, ("lucid", namespace))), name
    return made


def inplace(function, name: str):
    """The in-place method of a declared function."""
    spec = function.op
    method = core.make_inplace(spec).dress(function)
    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__wrapped__ = Stated(spec.forward, ("inplace", "out"))
    method.__doc__ = f"In-place form of `{spec.path}`."
    return method
