"""What every call passes through; see core.pyx for the rooms."""

from collections.abc import Callable
from typing import Any

import numpy as np

# ---- memory

class NestedError(TypeError, RecursionError):
    """A sequence holds itself. PyTorch raises TypeError, Python RecursionError: this is both."""

class OutOfMemoryError(RuntimeError, MemoryError):
    """A tensor is too large to hold. PyTorch raises RuntimeError, Python MemoryError: this is both."""

class Block:
    """One piece of aligned memory; the base object of the arrays that live in it."""

def ramp(n: int, dtype: np.dtype, start: float, step: float, end: float, half: int) -> np.ndarray | None:
    """`start + i * step`, and from `half` on as far below `end`, computed in double precision.

    None for more than 2 ** 31 elements, or a dtype other than int64 (whose numbers must be exact, and start from the
    front), float32 and float64.
    """

def empty(shape: Any, dtype: np.dtype, order: Any = "C") -> np.ndarray:
    """An uninitialised array of `shape` (a tuple of ints) in C or Fortran order.

    Raises RuntimeError for a negative size, OutOfMemoryError for a size that no memory can hold, TypeError for one beyond
    64 bits.
    """

def memory_stats() -> dict[str, int]:
    """Counts of the caching allocator, in bytes and calls; arrays under 4 KiB are not counted."""

def empty_cache() -> None:
    """Give all cached memory back to the system."""

def set_cache_limit(nbytes: int) -> None:
    """Keep at most `nbytes` of freed memory for reuse."""

# ---- flat

class Flat:
    """The memory of an array as one row of `n` elements from `data` on, exported through the buffer protocol."""

def flat(array: np.ndarray, moved: bool = False) -> Flat:
    """The memory of a non-empty array as one row for a kernel.

    A dense array gives its elements in memory order. Any other gives the row that its elements lie in; `span`
    tells where its first element is. With `moved` the dtype is an integer (or complex128) of the same size.

    Raises TypeError for a dtype that kernels do not compute in.
    """

def set_halves(address: int) -> None: ...
def set_copies(cast: Callable, converter: int, copier: int) -> None:
    """The function of `lucid/ops/_frame.py` that converts an array to another dtype, and the addresses of those that convert
    what is contiguous and copy what lies anyhow.
    """

def move(values: np.ndarray, target: np.ndarray) -> None:
    """Copy elements to an array of their dtype, to whose shape they broadcast; the memory must not overlap."""

def move_piece(source: np.ndarray, from_: tuple, target: np.ndarray, into: tuple) -> None:
    """`move(source[from_], target[into])`, without an array for either where the indices are slices."""

def zipped(x: np.ndarray, y: np.ndarray, target: np.ndarray) -> bool:
    """Copy two arrays of one dtype, shape and strides to the first and the second elements of a target's last dimension, which it
    has more than they. False, and nothing is done, for others.
    """

def copied(array: np.ndarray) -> np.ndarray:
    """A C-contiguous copy."""

def fill(target: np.ndarray, value: Any) -> None:
    """Set all elements to a value that NumPy can put there."""

def contiguous(values: np.ndarray) -> np.ndarray:
    """The array, or a C-contiguous copy of it."""

def native(values: np.ndarray) -> np.ndarray:
    """An array that kernels can read: aligned, with strides that are whole elements."""

def cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The array in another dtype, as PyTorch converts: floats are truncated, complex numbers lose their imaginary part."""

def row(values, dtype: np.dtype | None = None) -> Flat | None:
    """The elements of a tensor or array, in order, as one row for a kernel, copied where they lie otherwise.

    None for None, as kernels take what there is none of. With `dtype` they are converted to it.
    """

def rows_as_they_lie(array: np.ndarray, others: Any) -> list | None:
    """Rows for a kernel of a float32 or float64 array and of others of its shape and dtype (None for None): None where one of them
    is of another kind, not contiguous, or empty.
    """

def span(array: np.ndarray) -> int:
    """Where an array's first element lies in its `flat` row, in elements."""

def extent_of(array: np.ndarray) -> tuple[int, int]:
    """`extent`, for Python."""

def inside(piece: np.ndarray, whole: np.ndarray) -> bool:
    """Whether an array lies in memory between the first and the last element of another."""

# ---- plan

def set_shapes(function: Callable) -> None:
    """The function that finds the shape to which shapes broadcast, or says which do not."""

def memory_order(shape, strides) -> list[int]:
    """The dimensions from the outermost in memory to the innermost, as the strides of operands have them."""

def layout(arrays) -> tuple[tuple[int, ...], np.ndarray | None, list[int] | None]:
    """The shape that arrays are broadcast to, how a kernel walks over them, and the order of the result's dimensions.

    The walk is the plan that kernels take: `[ndim, *sizes, offset, *strides of each operand]`, in elements, over as few
    dimensions as possible, for a result that is dense in that order. It is None when every operand is one row in it; the
    order is None too where all are dense and of one shape.
    """

def ordered_empty(shape, order, dtype: np.dtype) -> np.ndarray:
    """An uninitialised array that is dense with its dimensions in this order in memory; None: as they are."""

def channels_last(array: np.ndarray) -> bool:
    """Whether the strides of a batch of images (4 dimensions) or volumes (5) put the channels of a pixel beside each other."""

# ---- product

def product_plan(a: np.ndarray, b: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The shape of `a @ b` and the sizes and strides that `linalg.bmm` takes, from `batch` to `c_row`."""

# ---- tensor

class Version:
    """How often a storage was written to; shared by all tensors that look at it."""

    count: int

class TensorBase:
    """The fields of a tensor.

    array          the data: a NumPy array, whose shape and strides are the tensor's
    _requires_grad whether gradients flow to it
    _node, _slot   the node that made it, and which of the node's outputs it is
    _base          the tensor that this one is a differentiable view of
    _base_node     the node that `_base` had when `_node` was made: when it has another, `_node` is out of date
    _counter       the version counter, made when somebody first asks for it
    _view          what may be done to it in place, if it is a view: see view.pxi
    _extra         what few tensors have: hooks
    """

    array: np.ndarray
    shape: tuple[int, ...]
    ndim: int
    dtype: Any
    _requires_grad: bool
    _inference: bool
    _view: int
    _slot: int
    _grad: Any
    _node: Any
    _base: Any
    _base_node: Any
    _counter: Any
    _extra: Any

def set_tensor_type(cls: type, size: type, dtypes: dict[int, Any]) -> None:
    """The class that `wrap` makes instances of, that of their shapes, and their dtypes by NumPy's type numbers."""

def wrap(array: np.ndarray) -> TensorBase:
    """A tensor, outside any graph, that holds `array` itself."""

def requires_grad(t: TensorBase) -> bool:
    """Whether gradients flow to `t`: by its own flag, or since its base was written to in a graph."""

def version(t: TensorBase) -> int:
    """How often the storage of `t` was written to."""

def version_of(t: TensorBase) -> Version:
    """The version counter of `t`, made now if nobody asked for it before."""

def bump(t: TensorBase) -> None:
    """Count one more write to the storage of `t`."""

def versions(values: tuple) -> list[int] | None:
    """The versions of the tensors among `values`, also inside sequences; None where none was ever written to."""

def unchanged(values: tuple, before: Any) -> bool:
    """Whether `versions(values)` is still what it was."""

def is_grad_enabled() -> bool:
    """Whether operations of this thread are recorded."""

def set_grad(mode: bool) -> bool:
    """Switch recording in this thread; returns what it was."""

def is_inference() -> bool:
    """Whether this thread is in inference mode."""

def set_inference(mode: bool) -> bool:
    """Switch inference mode in this thread; returns what it was."""

def autocasting() -> bool:
    """Whether autocast is on in this thread."""

def in_dual_level() -> bool:
    """Whether derivatives are computed beside the values in this thread (`autograd.forward_ad`)."""

def set_autocast(mode: bool) -> bool:
    """Switch autocast in this thread: whether calls go through `autocaster`; returns what it was."""

def set_forward_ad(mode: bool) -> bool:
    """Switch forward mode in this thread: whether calls go through `differentiator`; returns what it was."""

def needs_gradient(value: Any) -> bool:
    """Whether a value is, or holds, a tensor that requires grad."""

def recording(args: tuple) -> bool:
    """Whether a call with these arguments goes into the graph: recording is on and one of them requires grad."""

# ---- override

def disabled_torch_function(func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The `__torch_function__` of classes whose instances are treated as plain tensors: calls the function."""

def set_elsewhere(function: Callable, device: Any) -> None:
    """Say what `function(published, args, kwargs)` gives where a call names another device than this one; NotImplemented if it sees to it."""

def set_interceptor(function: Callable) -> None:
    """Say what `function(func, args, kwargs)` answers a call that something overrides."""

def set_batched_type(cls: type) -> None:
    """The class of gradients that stand for a batch of them."""


def set_overrides_off(level: int) -> int:
    """Switch overrides in this thread: 0 on, 1 off for objects, 2 for modes too; returns what it was."""

def overrides_state() -> int:
    """How far overrides are off in this thread; see `set_overrides_off`."""

def let_through(mode: bool) -> None:
    """Have the next call in this thread not shown to a mode, which so sees what the one that it was shown calls in turn."""

def set_function_mode(mode: bool) -> bool:
    """Say whether there are modes that every call in this thread is shown to; returns what was said before."""

def overrides(value: Any) -> bool:
    """Whether a value, or one in a sequence, has a `__torch_function__` that is asked."""

def make_overridable(function: Callable, op: OpBase | None = None) -> Published:
    """A function that is not an operation's, as one that can be overridden."""

class Attribute:
    """A property of tensors that can be overridden: `getter(tensor)`, `setter(tensor, value)`, `deleter(tensor)`."""

# ---- view

def strided(array: np.ndarray, shape: Any, strides: Any, offset: int = 0) -> np.ndarray:
    """A view of `array`'s memory: `offset` and `strides` in elements, the offset counted from its first element.

    The caller has made sure that it stays inside the memory.
    """

#: What `TensorBase._view` may be: writable, made with recording off, one of several, returned by a Function, unrecorded.
view_states: tuple[int, int, int, int, int]

def empty_like(array: np.ndarray, dtype: np.dtype) -> np.ndarray | None:
    """An uninitialised array with an array's shape and strides, if those leave no gaps and no two elements meet; None otherwise."""

def view_of(base: TensorBase, array: np.ndarray) -> TensorBase | None:
    """A tensor over a piece of another's memory: they share the version counter, and in-place writes reach both."""

def view(base: TensorBase, shape: Any, strides: Any, offset: int = 0) -> TensorBase | None:
    """`view_of` what `strided` makes."""

def reshaped(base: TensorBase, shape: Any, copying: bool = False) -> TensorBase | None:
    """A tensor in another shape, of which one size may be -1: a view, or a copy if that may be; None where there is none."""

def transposed(base: TensorBase, i: int, j: int) -> TensorBase | None:
    """Two dimensions exchanged; None where there are none of that number."""

def indexed(base: TensorBase, index: Any) -> TensorBase | None:
    """`base[index]` for ints, slices, None and one Ellipsis; None where anything else is among them."""

def set_join(address: int) -> None:
    """The address of the function that joins the indices of several dimensions: `joiner` of the module of indices."""

def index_arrays(index: Any, nd: int) -> tuple[tuple, tuple] | None:
    """Of an index that is tensors of int64 and whole dimensions, at most `nd`: its arrays (None for whole dimensions) and its
    tensors. None for any other index, and for one without tensors."""

def joined_index(array: np.ndarray, arrays: tuple, raw: bool) -> tuple | None:
    """Arrays that pick neighbouring dimensions of an array as one index of these seen as one: this, the shape of what is picked,
    and the sizes (outer, axis, inner) before, within and after these dimensions.

    With `raw` a single one comes back as it is, unchecked. None where they are no contiguous int64 of one shape, no neighbours
    or reach beyond the array.
    """

def permuted(base: TensorBase, order: Any) -> TensorBase | None:
    """The dimensions in another order; None where it is none."""

def expanded(base: TensorBase, size: Any) -> TensorBase | None:
    """Dimensions of size 1 seen as larger; None where they do not fit."""

def squeezed(base: TensorBase, dim: Any) -> TensorBase | None:
    """Without dimension `dim` (or, with None, any) of size 1; None where there is no such dimension."""

def unsqueezed(base: TensorBase, dim: int) -> TensorBase | None:
    """With a dimension of size 1 put in at `dim`; None where there is no such place."""

def selected(base: TensorBase, dim: int, index: int) -> TensorBase | None:
    """The slice at `index` of a dimension; None where there is none."""

def narrowed(base: TensorBase, dim: int, start: int, length: int) -> TensorBase | None:
    """`length` elements of a dimension from `start` on; None where they are not there."""

def sections(base: TensorBase, at: int, lengths: Any) -> list:
    """Consecutive pieces of a dimension, which are there, none of which may be written to in a graph."""

def slices(base: TensorBase, at: int) -> list:
    """All slices of a dimension, which is there, none of which may be written to in a graph."""

def joined(tensors: Any, dim: int, stacked: bool) -> TensorBase | None:
    """`cat` (or, `stacked`, `stack`) of contiguous tensors of one dtype whose shapes fit; None for any others."""

def overwritable(target: TensorBase) -> bool:
    """Whether a tensor may be written to as one row of memory, without a trace in any graph."""

def zeroed(target: TensorBase) -> bool:
    """Set a tensor of less than 512 KiB, one row outside any graph, to zero; False, and nothing is done, for any other."""

def overwritten(target: TensorBase, source: TensorBase) -> bool:
    """Copy a tensor over another of the same shape and dtype, both small, contiguous and outside any graph.

    False, and nothing is done, where they are not.
    """

# ---- graph

def set_graph_types(rule_node: Any, refresh: Any) -> None:
    """The class of recorded nodes, and what brings the node of an outdated view up to date."""

def set_graph_ops(sum_to: Any, cast: Any, add: Any) -> None:
    """The operations that make a gradient fit its input, and that add gradients that meet."""

class OpBase:
    """What recording needs of an operation's declaration; see `lucid.autograd.op.Op`."""

    forward: Any
    function: Any
    path: str
    name: str
    kind: str
    parameters: tuple
    keyword_only: tuple
    rules: list
    joint: Any
    places: dict
    positional: int
    required: int
    inplace_at: int
    out_at: int
    value_at: int
    out_apart: bool
    out_dtype: bool
    may_overlap: bool
    may_share: bool
    defaults_in_order: list
    kinds: bytes | None

    def bind(self, args: tuple, kwargs: dict) -> list:
        """The values of all parameters in order. TypeError where PyTorch raises it."""

    def run(self, values: list) -> Any:
        """The forward function on the values of all parameters."""

class NodeBase:
    """The fields of a node; see `lucid.autograd.node.Node`."""

    op: Any
    calls: Any
    joint: Any
    hooks: Any
    stack: Any
    edges: list
    outputs: int
    sequence: int

def edge(x: TensorBase) -> tuple:
    """Where the gradient of a tensor that requires one goes: (node or leaf, output of the node, shape, dtype)."""

def make_node(op: OpBase, values: Any) -> NodeBase | None:
    """The node of a call, still without its result; None where no input that needs a gradient has a rule."""

def set_packing(wanted: bool) -> None:
    """Whether nodes show what they save to `Node.pack`."""

def set_node_stacks(wanted: bool) -> None:
    """Whether nodes remember where they were made."""

def alias_of(tensor: Any) -> Any:
    """A tensor over the same memory and version, outside the graph; anything else as it is."""

def finish_node(node: NodeBase, out: Any) -> None:
    """Give the rules that name the result a tensor over its memory: never the result itself, which holds the node."""

def record(op: OpBase, values: Any) -> Any:
    """Compute with recording off, then hang a node on each differentiable result."""

KINDS: dict[str, int]
MISSING: object

def set_autocaster(function: Callable) -> None:
    """Say what `function(op, values)` computes a call while autocast is on."""

def set_differentiator(function: Callable) -> None:
    """Say what `function(op, values, inplace)` computes a call in a dual level."""

def call_with(op: OpBase, values: list) -> Any:
    """A call with the values of all parameters, whatever detours are on."""

def call_next(op: OpBase, values: list) -> Any:
    """A call with the values of all parameters, through autocast where that is on."""

class Published:
    """A function of the package; see `make_call`, `make_inplace` and `make_overridable`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __get__(self, x: Any, kind: Any) -> Any: ...
    @property
    def op(self) -> OpBase:
        """The operation that the function is. AttributeError if it is none."""
    @property
    def vjp(self) -> Callable:
        """Declares gradients: `Op.vjp`."""
    @property
    def vjp_joint(self) -> Callable:
        """Declares gradients by one rule: `Op.vjp_joint`."""
    def dress(self, like: Callable) -> Published:
        """Take the name, signature and attributes of a function; returns this one."""

def make_call(op: OpBase) -> Published:
    """The function that is published for `op`."""

def overlaps(out: np.ndarray, values: Any, apart: bool = False) -> bool:
    """Whether an array and a dense one of `values` share memory; one that lies just as `out` does only if `apart`."""

def run_into(op: OpBase, values: Any, target: TensorBase) -> Any:
    """The forward function on the values of all parameters; its result is made in `target` where its kernel can."""

def make_inplace(op: OpBase) -> Published:
    """The in-place form of `op`; `op.run_inplace(values)` does what is not plain, and what is recorded."""

def make_operator(function: Any, reflected: bool, foreign: Any, own: bool, checked: bool = True) -> Callable:
    """A binary operator of tensors. `foreign(function, reflected, x, y)` is asked when the other operand is neither a
    tensor nor an int or float; it may return NotImplemented. One that is its `own` is overridden as such, others as
    their function.
    """

def has_half(values: Any) -> bool:
    """Whether the tensors among values, in sequences too, are of one dtype of half precision where they are not integers."""

def in_float32(function: Any, args: Any, kwargs: dict = {}) -> Any:
    """A function of tensors that has its steps rounded once: half precision goes in as float32, and float32 comes out as that."""

def apply_rules(node: NodeBase, g: Any, create_graph: bool) -> list:
    """The gradients of a node's inputs. Of half precision, rules of several steps see float32: it is rounded once."""

def send(place: tuple, gradient: TensorBase, ready: dict, leaves: dict, heap: list, needed: dict | None) -> None:
    """Bring a gradient to where it goes: in the shape and dtype of the input, added to what is there already."""

def lies_as(gradient_: TensorBase, leaf_: TensorBase) -> bool:
    """Whether a gradient has its leaf's strides where those are dense, or else is contiguous."""

def owned(entry: list) -> bool:
    """Whether nobody but an entry [leaf, gradient] holds the gradient, so that the leaf may keep it."""

def set_node_watcher(watcher: Callable | None) -> None:
    """Have `watcher(node)` called before each node that any thread runs; what it returns, if not None, is called after it, if it raises too."""

def drain(
    heap: list,
    ready: dict,
    leaves: dict,
    needed: dict | None,
    retain: bool,
    create_graph: bool,
    visit: Any,
    run_post_hooks: Any,
) -> None:
    """Run the nodes of `heap`, newest first, and send on what their rules return.

    `visit(node, gradients)` sees the nodes that have hooks or whose gradient is asked for, before they run. Where not all have
    to, `needed` has those that do with True, and with False those whose gradients alone are asked for.
    """

# ---- frame

#: The grains of kernels that memory bounds, and of those that arithmetic does.
grains: tuple[int, int]

class Kernel:
    """A kernel by dtype.

    table    the specialisation for NumPy's type number, or None: called with `Flat` rows
    code     picks the op among those that the kernel has
    result   the dtype of the result where it is not the operands' (bool for predicates), or None
    tasks    what the specialisations run: called here directly for dense operands, which saves the memoryviews, half
             of the cost of a small call
    grain    how many elements a thread takes at a time
    halves   whether that is done for half precision too, by float32's task
    exact    the operand that half precision takes as it is where it is one number (-1: none); all others are rounded to the
             tensors' dtype first, as PyTorch's are
    mixes    whether integers (1) or also bools (2) beside floating operands are simply converted to their dtype
    numbers  whether the first operand may be a number beside a tensor (1), or both may be numbers (2)
    """

    name: str
    table: tuple
    code: Any
    result: Any
    halves: bool
    exact: int
    mixes: int
    numbers: int
    def __init__(
        self,
        name: str,
        table: tuple,
        code: Any = None,
        result: Any = None,
        tasks: dict | None = None,
        grain: int = ...,
    ) -> None: ...
    def forget(self, num: int) -> None:
        """Let another function than the task do what is of this type number."""

def set_general(unary: Any, unary_param: Any, binary: Any, backward: Any) -> None:
    """The functions of `lucid/ops/_frame.py` that do what is not one dense row of a dtype the kernel has."""

def set_default_dtype(dtype: np.dtype) -> None:
    """The floating dtype to which integers are promoted beside a floating number."""

def unary(kernel: Kernel, x: Any) -> TensorBase:
    """`kernel` over the elements of `x`."""

def unary_param(kernel: Kernel, x: Any, p: complex = 0, q: complex = 0) -> TensorBase:
    """`kernel` over the elements of `x`, with two numbers."""

def binary(kernel: Kernel, x: Any, y: Any) -> TensorBase:
    """`kernel` over pairs of elements.

    A Python number beside a floating tensor, or an int beside one of integers, takes the tensor's dtype right here.
    """

def backward(kernel: Kernel, g: Any, x: Any, p: float = 0, q: float = 0) -> TensorBase:
    """The gradient kernel of an activation: `g` and what was saved, both of one dense layout, and two numbers."""

def ternary(kernel: Kernel, x: Any, y: Any, z: Any, p: float) -> Any:
    """`kernel` over triples of elements, of tensors of one dtype that broadcast, with a number; None otherwise.

    `y` and `z` may be numbers too, of full precision, or `z` alone.
    """

def accumulate(add: Kernel, target: TensorBase, x: TensorBase) -> bool:
    """Add `x` to `target` in place, where both are dense and of one shape and dtype; returns whether it was done."""

def reduce(kernel: Kernel, x: TensorBase, dim: Any, keepdim: bool) -> TensorBase | None:
    """A reduction of all elements (None), along one dimension, or along several (a tuple); of a large tensor, several that
    follow each other.

    None where the general way has to be taken.
    """

def where(kernel: Kernel, condition: TensorBase, x: Any, y: Any) -> TensorBase | None:
    """Elements of one of two operands, tensors of one dtype that broadcast or one of them a number; None otherwise."""

def from_numbers(data: list, dtype: np.dtype, given: bool) -> np.ndarray | None:
    """An array of nested lists of bools alone, ints alone, or floats and ints; None for anything else.

    `dtype` is the one that is asked for where it is `given`, and otherwise that of floats.
    """

def check_dim(op: str, dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError when out of range."""

def fold_dim(array: np.ndarray, dim: int) -> tuple[int, int, int]:
    """The sizes of a shape before, at and after a dimension, the others multiplied together."""

def tensor_argument(name: str, value: Any, position: int = 1, argument: str = "input") -> TensorBase:
    """The value, if it is a tensor; TypeError otherwise."""
