"""Recording. A call of an operation (`OpBase`) whose inputs need gradients leaves a node (`NodeBase`) behind; a node
turns the gradients of its outputs into those of its inputs by calling the operation's rules.

The declaration of operations, the engine and all rules are Python, in `lucid/autograd` and `lucid/ops`; here is the
bookkeeping between them, a third of whose cost it would otherwise be.
"""

cdef object rule_node_type = None
cdef object refresh_view = None
cdef object sum_to_op = None
cdef object cast_op = None
cdef object add_op = None


def set_graph_types(rule_node, refresh):
    """The class of recorded nodes, of which each operation has its own, and what brings the node of an outdated view up to date."""
    global rule_node_type, refresh_view
    rule_node_type, refresh_view = rule_node, refresh


def set_graph_ops(sum_to, cast, add):
    """The operations that make a gradient fit its input, and that add gradients that meet."""
    global sum_to_op, cast_op, add_op
    sum_to_op, cast_op, add_op = sum_to, cast, add


MISSING = object()    # where a parameter has neither value nor default


cdef enum:    # kinds of value; see `OpBase.kinds`
    BOOL_KIND = 1
    INT_KIND = 2
    FLOAT_KIND = 4
    COMPLEX_KIND = 8
    TEXT_KIND = 16
    NONE_KIND = 32
    SEQUENCE_KIND = 64
    OTHERS_KIND = 128    # a sequence that begins with anything but an int, which is where PyTorch looks

KINDS = {"bool": BOOL_KIND, "int": INT_KIND, "float": FLOAT_KIND, "complex": COMPLEX_KIND, "str": TEXT_KIND, "None": NONE_KIND,
         "tuple": SEQUENCE_KIND, "others": OTHERS_KIND}


cdef int kind_of(value):
    """The kind of a value; 0 of one that is of none, such as a tensor."""
    if type(value) is bool:
        return BOOL_KIND
    if value is None:
        return NONE_KIND
    if isinstance(value, (tuple, list)):
        if value and not isinstance(value[0], (tuple, list)) and kind_of(value[0]) & (BOOL_KIND | FLOAT_KIND | COMPLEX_KIND | TEXT_KIND):
            return SEQUENCE_KIND | OTHERS_KIND
        return SEQUENCE_KIND
    if isinstance(value, str):
        return TEXT_KIND
    if cnp.PyArray_CheckScalar(value):
        return {"b": BOOL_KIND, "i": INT_KIND, "u": INT_KIND, "f": FLOAT_KIND, "c": COMPLEX_KIND}.get(value.dtype.kind, 0)
    for kind, bit in (int, INT_KIND), (float, FLOAT_KIND), (complex, COMPLEX_KIND):
        if isinstance(value, kind):
            return bit
    return 0


cdef int refuse(OpBase op, value, Py_ssize_t at) except -1:
    """Raise TypeError for the value of the parameter there."""
    name = op.parameters[at]
    wanted = op.forward.__annotations__[name].replace(" | ", " or ")
    found = f"not {type(value).__name__}"
    if not op.kinds[at] & SEQUENCE_KIND and isinstance(value, (tuple, list)):
        found = f"but found element of type {type(value[0]).__name__} at pos 0"
    raise TypeError(f"{op.name}(): argument '{name}' (position {at + 1}) must be {wanted}, {found}")


cdef bint takes_tensors(OpBase op, Py_ssize_t at):
    return "Tensor" in op.forward.__annotations__[op.parameters[at]]


cdef int check_kinds(OpBase op, row_t row, Py_ssize_t n, Py_ssize_t at) except -1:
    """TypeError where one of the values of `n` parameters from `at` on is of a kind that the parameter refuses."""
    cdef const unsigned char* refused = <const unsigned char*>PyBytes_AS_STRING(op.kinds) + at
    cdef PyTypeObject* plain = <PyTypeObject*>tensor_type
    cdef PyTypeObject* kind
    cdef Py_ssize_t i
    cdef int found
    for i in range(n):
        kind = Py_TYPE(row[i])
        if not refused[i]:
            continue
        if kind == plain:
            if (<TensorBase>row[i])._requires_grad and not takes_tensors(op, at + i):    # which a number would not hand on
                refuse(op, <object>row[i], at + i)
            continue
        if kind == &PyLong_Type:
            found = INT_KIND
        elif kind == &PyFloat_Type:
            found = FLOAT_KIND
        elif kind == &PyTuple_Type and len(<tuple>row[i]) and type((<tuple>row[i])[0]) is int:
            found = SEQUENCE_KIND
        else:
            found = kind_of(<object>row[i])
        if refused[i] & found:
            refuse(op, <object>row[i], at + i)
    return 0


cdef class OpBase:
    """What recording needs of an operation's declaration; see `lucid.autograd.op.Op`."""
    cdef public object forward, function
    cdef public str path, name, kind
    cdef public tuple parameters, keyword_only
    cdef public list rules
    cdef public object joint
    cdef public dict places
    cdef public Py_ssize_t positional, required, inplace_at, out_at, value_at
    cdef public bint out_apart, rest_apart, out_dtype, may_overlap, may_share, wide, crossed
    cdef public list defaults_in_order
    cdef public bytes kinds    # the kinds of value that each parameter refuses, a bit for each; None if they take any
    # What PyTorch's older order of arguments has in the second place, before the tensors; or several before and behind the first.
    cdef public object older

    cdef list bound(self, row_t row, Py_ssize_t n, PyObject* names):
        """The values of all parameters in order, of a call with `n` values by position and then those of `names`. TypeError
        where PyTorch raises it."""
        cdef Py_ssize_t i, at
        cdef list values
        if n > self.positional:
            named = by_name(row + n, names)
            if type(self.older) is tuple and not named.keys() & set(self.older):
                given = by_position(row, n)
                numbers = [one for one in given if not isinstance(one, TensorBase)]
                if len(numbers) == n - self.positional <= len(self.older):
                    given = tuple([one for one in given if isinstance(one, TensorBase)])
                    return self.bind(given, {**named, **dict(zip(self.older, numbers))})
            elif (n == self.positional + 1 and self.older is not None and self.older not in named
                    and isinstance(<object>row[n - 1], (TensorBase, int, float))):
                return self.bind((<object>row[0], *by_position(row + 2, n - 2)), {**named, self.older: <object>row[1]})
            raise TypeError(f"{self.name}() takes {self.positional} positional arguments but {n} were given")
        values = [<object>row[i] for i in range(n)]
        values.extend([MISSING] * (len(self.parameters) - n))
        for i in range(count(names)):
            name = (<tuple>names)[i]
            found = self.places.get(name)
            if found is None:
                raise TypeError(f"{self.name}() got an unexpected keyword argument '{name}'")
            at = found
            if values[at] is not MISSING:
                raise TypeError(f"{self.name}() got multiple values for argument '{name}'")
            if self.kinds is not None:
                check_kinds(self, row + n + i, 1, at)
            values[at] = <object>row[n + i]
        for i in range(n, len(values)):
            if values[i] is MISSING:
                values[i] = self.defaults_in_order[i]
                if values[i] is MISSING:
                    raise TypeError(f"{self.name}() missing required argument: '{self.parameters[i]}' (pos {i + 1})")
        return values

    def bind(self, tuple args, dict kwargs):
        """The values of all parameters in order. TypeError where PyTorch raises it."""
        cdef tuple names = tuple(kwargs), values = (*args, *kwargs.values())    # held while they are read
        return self.bound(PySequence_Fast_ITEMS(values), len(args), <PyObject*>names)

    def run(self, list values):
        """The forward function on the values of all parameters."""
        return run_forward(self, values)


cdef class NodeBase:
    """The fields of a node; see `lucid.autograd.node.Node`."""
    cdef public object op, calls, joint, hooks, stack
    cdef public list edges
    cdef public Py_ssize_t outputs
    cdef public long long sequence
    cdef public bint plain    # whether its calls alone give its gradients
    cdef object __weakref__

    def __cinit__(self):
        self.sequence = lucid_next_number()
        self.outputs = 1

    def __lt__(self, NodeBase other):
        return self.sequence > other.sequence    # a heap of nodes has the newest on top

    def __hash__(self):
        return <Py_hash_t>self.sequence

    def __eq__(self, other):
        return self is other


cdef tuple shape_of(cnp.ndarray array):
    cdef int i, nd = cnp.PyArray_NDIM(array)
    if nd == 0:
        return NO_ARGS
    if nd == 1:
        return (cnp.PyArray_DIM(array, 0),)
    if nd == 2:
        return (cnp.PyArray_DIM(array, 0), cnp.PyArray_DIM(array, 1))
    return tuple([cnp.PyArray_DIM(array, i) for i in range(nd)])


cpdef tuple edge(TensorBase x):
    """Where the gradient of a tensor that requires one goes: (node or leaf, output of the node, shape, dtype)."""
    if x._base is not None and ((<TensorBase>x._base)._node is not x._base_node or (x._view and <int>version(x) != x._made)):
        refresh_view(x)
    if x._node is None:
        if x._inference:
            raise RuntimeError(INFERENCE)
        return (x, 0, shape_of(x.array), <object>cnp.PyArray_DESCR(x.array))
    return (x._node, x._slot, shape_of(x.array), <object>cnp.PyArray_DESCR(x.array))


cdef inline object run_forward(OpBase op, values):
    """The forward function on the values of all parameters."""
    return PyObject_Vectorcall(op.forward, PySequence_Fast_ITEMS(values), op.positional,
                               <PyObject*>op.keyword_only if op.keyword_only else NULL)


cdef inline bint differentiable(cnp.ndarray array):
    cdef char kind = (<cnp.dtype>cnp.PyArray_DESCR(array)).kind
    return kind == c'f' or kind == c'c' or kind == c'V' or kind == c'W'   # V: bfloat16, W: complex32


cdef enum:
    OUT = -1         # among what a rule names: the result
    LAST = -2        # the last of several results
    FIRST = -3       # the first of several
    ASPECTS = -4     # -4 - 4 * position - aspect: not the parameter at that position, but an aspect of it


cdef object aspect(value, Py_ssize_t which):
    """What a rule may want to know of a tensor without keeping it: its shape, its dtype, or how it lies in memory."""
    cdef TensorBase x
    if isinstance(value, TensorBase):
        x = <TensorBase>value
        if which == 0:
            return shape_of(x.array)
        if which == 1:
            return x.dtype
        return (shape_of(x.array), x.stride(), x.storage_offset())
    if isinstance(value, (list, tuple)):
        return tuple([aspect(one, which) for one in value])
    return None


cdef tuple one_call(rule, tuple named, values):
    """A rule with the values that it names, their versions, and where among them the result is to go."""
    cdef Py_ssize_t i, at
    cdef Py_ssize_t n = len(named)
    cdef object out_at = None
    cdef list kept = [None] * n
    for i in range(n):
        at = named[i]
        if at >= 0:
            kept[i] = values[at]
        elif at > ASPECTS:
            out_at = i
            kept[i] = None if at == OUT else 0 if at == FIRST else -1    # which of the results; they are not there yet
        else:
            kept[i] = aspect(values[(ASPECTS - at) // 4], (ASPECTS - at) % 4)
    cdef tuple saved = tuple(kept)
    return (rule, saved, versions(saved), out_at)


cpdef object make_node(OpBase op, values):
    """The node of a call, still without its result; None where no input that needs a gradient has a rule."""
    cdef list edges = [], calls = []
    cdef object joint = None
    cdef NodeBase node
    if op.joint is not None:
        inputs, rule, named = op.joint
        needs, picked = [], []
        for at in inputs:
            x = values[at]
            if isinstance(x, (list, tuple)):
                wanted = [isinstance(one, TensorBase) and needs_grad(<TensorBase>one) for one in x]
                edges.extend([edge(one) for one, want in zip(x, wanted) if want])
                needs.append(wanted)
                picked.append([i for i, want in enumerate(wanted) if want])
            else:
                want = isinstance(x, TensorBase) and needs_grad(<TensorBase>x)
                if want:
                    edges.append(edge(x))
                needs.append(want)
                picked.append(want)
        joint = (tuple(needs), picked)
        if op.crossed and not (needs[0] and needs[1]):
            values = list(values)
            for i in range(2):
                if not needs[1 - i] and isinstance(values[inputs[i]], TensorBase):    # nothing reads it: may be overwritten
                    values[inputs[i]] = new_tensor((<TensorBase>values[inputs[i]]).array)
        calls.append(one_call(rule, named, values))
    else:
        for at, rule, named in op.rules:
            x = values[at]
            if isinstance(x, TensorBase):
                if needs_grad(<TensorBase>x):
                    edges.append(edge(<TensorBase>x))
                    calls.append(one_call(rule, named, values))
            elif isinstance(x, (list, tuple)):    # the rule gives a gradient for each tensor of a sequence
                picked = [i for i, one in enumerate(x) if isinstance(one, TensorBase) and needs_grad(<TensorBase>one)]
                edges.extend([edge(x[i]) for i in picked])
                calls.append(one_call(rule, named, values))
                joint = (None, [picked])
    if not edges:
        return None
    node = lucid_new(NodeBase, rule_node_type, NO_ARGS)
    node.op, node.edges, node.calls, node.joint, node.plain = op, edges, calls, joint, True
    if node_stacks:
        node.remember_stack()
    return node


cdef bint node_stacks = False


def set_node_stacks(bint wanted):
    """Whether nodes remember where they were made."""
    global node_stacks
    node_stacks = wanted


def alias_of(tensor):
    """A tensor over the same memory and version, outside the graph; anything else as it is."""
    if not isinstance(tensor, TensorBase):
        return tensor
    cdef TensorBase twin = new_tensor((<TensorBase>tensor).array)
    twin._counter, twin._inference = version_of(<TensorBase>tensor), (<TensorBase>tensor)._inference
    return twin


cpdef int finish_node(NodeBase node, out) except -1:
    """Give the rules that name the result a tensor over its memory: never the result itself, which holds the node."""
    cdef Py_ssize_t i
    cdef list calls = node.calls
    for i in range(len(calls)):
        rule, saved, before, out_at = calls[i]
        if out_at is not None:
            which = saved[out_at]
            if which is not None:
                twin = alias_of(out[which])
            else:
                twin = tuple([alias_of(one) for one in out]) if isinstance(out, tuple) else alias_of(out)
            saved = (*saved[:out_at], twin, *saved[out_at + 1:])
            calls[i] = (rule, saved, versions(saved), out_at)
    if packing:
        node.pack()
    return 0


cdef bint packing = False


def set_packing(bint wanted):
    """Whether nodes show what they save to `Node.pack`."""
    global packing
    packing = wanted


cpdef object record(OpBase op, values):
    """Compute with recording off, then hang a node on each differentiable result."""
    global grad_enabled, forward_of_recorded
    cdef NodeBase node
    cdef TensorBase t
    cdef Py_ssize_t slot
    grad_enabled, forward_of_recorded = False, True
    try:
        out = run_forward(op, values)
    finally:
        grad_enabled, forward_of_recorded = True, False
    if isinstance(out, TensorBase):
        t = <TensorBase>out
        if differentiable(t.array):
            made = make_node(op, values)
            if made is not None:
                node = made
                finish_node(node, out)
                t._node, t._requires_grad, t._base_node = node, True, None if t._base is None else t._base._node
        return out
    if out is None:
        return None
    made = make_node(op, values)
    if made is not None:
        node = made
        node.outputs = len(out)
        finish_node(node, tuple(out))
        for slot in range(len(out)):
            if isinstance(out[slot], TensorBase) and differentiable((<TensorBase>out[slot]).array):
                t = <TensorBase>out[slot]
                t._node, t._slot, t._requires_grad = node, slot, True
                t._base_node = None if t._base is None else t._base._node
    return out


cdef object call_bound(OpBase op, list values):
    """A call with the values of all parameters."""
    if op.inplace_at < len(values) and values[op.inplace_at]:
        values[op.inplace_at] = False
        return op.run_inplace(values)
    if op.out_at >= 0 and values[op.out_at] is not None:
        return call_out(op, values)
    if grad_enabled and op.kind == "rule" and any_needs_grad(values):
        return record(op, values)
    return run_forward(op, values)


cdef object autocaster = None


def set_autocaster(function):
    """Say what `function(op, values)` computes a call while autocast is on."""
    global autocaster
    autocaster = function


cdef object differentiator = None


def set_differentiator(function):
    """Say what `function(op, values, inplace)` computes a call in a dual level."""
    global differentiator
    differentiator = function


def call_with(OpBase op, list values):
    """A call with the values of all parameters, whatever detours are on."""
    return call_bound(op, values)


def call_next(OpBase op, list values):
    """A call with the values of all parameters, through autocast where that is on."""
    return autocaster(op, values) if detours & AUTOCAST else call_bound(op, values)


cdef object detoured(OpBase op, list values):
    return differentiator(op, values, False) if detours & FORWARD_AD else autocaster(op, values)


cdef object detoured_inplace(OpBase op, function, tuple args, dict kwargs):
    """An in-place call, which autocast leaves alone."""
    if detours & FORWARD_AD:
        return differentiator(op, op.bind(args, kwargs), True)
    set_detour(AUTOCAST, False)
    try:
        return function(*args, **kwargs)
    finally:
        set_detour(AUTOCAST, True)


cdef inline bint one_row(cnp.ndarray a):
    """Whether an array can be written to as one row of memory."""
    return cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISWRITEABLE(a) and cnp.PyArray_ISALIGNED(a)


cdef inline bint unrecorded(TensorBase view):
    """Whether a view was made with recording off of what requires a gradient, be it only since."""
    return view._view == NO_GRAD or view._view == UNRECORDED and needs_grad(<TensorBase>view._base)


def run_into(OpBase op, values, TensorBase target not None):
    """The forward function on the values of all parameters; its result is made in `target` where its kernel can."""
    global target_array, target_name
    cdef void* array_before = target_array
    cdef void* name_before = target_name
    cdef bint possible = (one_row(target.array) and (inference or not target._inference)
                          and not (grad_enabled and unrecorded(target)))
    target_array, target_name = <void*>target.array if possible else NULL, <void*>op.name
    try:
        return run_forward(op, values)
    finally:
        target_array, target_name = array_before, name_before


cdef inline bint plain_target(TensorBase target, values):
    """Whether a call may write its result over a tensor with none of the checks in `lucid.autograd.writes`."""
    return (one_row(target.array) and (inference or not target._inference)
            and not (grad_enabled and (unrecorded(target) or any_needs_grad(values))))


cdef bint gapless(cnp.ndarray a):
    """Whether the elements fill a range of memory, each once, in any order of the dimensions."""
    cdef Py_ssize_t step = cnp.PyArray_ITEMSIZE(a)
    cdef int i, found, n = cnp.PyArray_NDIM(a)
    if cnp.PyArray_IS_C_CONTIGUOUS(a):
        return True
    while step < cnp.PyArray_NBYTES(a):
        found = -1
        for i in range(n):
            if cnp.PyArray_DIM(a, i) > 1 and cnp.PyArray_STRIDE(a, i) == step:
                found = i
        if found < 0:
            return False
        step *= cnp.PyArray_DIM(a, found)
    return True


cdef inline bint touch(cnp.ndarray a, cnp.ndarray b):
    """Whether the ranges of memory of two arrays without gaps have a byte in common."""
    return (cnp.PyArray_BYTES(a) + cnp.PyArray_NBYTES(a) > cnp.PyArray_BYTES(b)
            and cnp.PyArray_BYTES(b) + cnp.PyArray_NBYTES(b) > cnp.PyArray_BYTES(a))


cdef bint meets(cnp.ndarray out, value, bint apart):
    cdef cnp.ndarray a
    cdef int i
    cdef bint same
    if isinstance(value, (list, tuple)):
        return overlaps(out, value, apart)
    if isinstance(value, TensorBase):
        a = (<TensorBase>value).array
    elif isinstance(value, cnp.ndarray):
        a = value
    else:
        return False
    if (not touch(a, out) or not cnp.PyArray_SIZE(out) or not cnp.PyArray_SIZE(a) or not gapless(out)
            or not gapless(a)):
        return False
    same = (not apart and cnp.PyArray_BYTES(a) == cnp.PyArray_BYTES(out)
            and cnp.PyArray_NBYTES(a) == cnp.PyArray_NBYTES(out) and cnp.PyArray_NDIM(a) == cnp.PyArray_NDIM(out))
    for i in range(cnp.PyArray_NDIM(a)):
        same = same and cnp.PyArray_STRIDE(a, i) == cnp.PyArray_STRIDE(out, i)
    return not same


def overlaps(cnp.ndarray out not None, values, bint apart=False):
    """Whether an array and a dense one of `values` (tensors, arrays, sequences of them) share memory; one that lies just as
    `out` does counts only if they are to be `apart`. Arrays with gaps are not looked into, as in PyTorch.
    """
    for value in values:
        if meets(out, value, apart):
            return True
    return False


cdef bint apart_from(cnp.ndarray out, list values):
    """Whether no value is an array that meets the contiguous `out` in memory, but for one that lies exactly there."""
    cdef cnp.ndarray a
    for value in values:
        if isinstance(value, TensorBase):
            a = (<TensorBase>value).array
            if not cnp.PyArray_IS_C_CONTIGUOUS(a):
                return False
            if touch(a, out) and not (cnp.PyArray_BYTES(a) == cnp.PyArray_BYTES(out)
                                      and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(out) and same_shape(a, out)):
                return False
        elif isinstance(value, (list, tuple)):
            return False
    return True


cdef object call_out(OpBase op, list values):
    """A call whose result goes to `out=`; `op.run_out(values)` does what is not a plain tensor apart from the operands."""
    cdef object out = values[op.out_at], result
    cdef TensorBase target
    cdef cnp.ndarray made
    if isinstance(out, TensorBase) and plain_target(out, values):
        target = out
        values[op.out_at] = None
        if not op.out_apart and not op.out_dtype and apart_from(target.array, values):
            result = run_into(op, values, target)
            if isinstance(result, TensorBase) and (<TensorBase>result).array is target.array:
                bump(target)
                return target
            if isinstance(result, TensorBase):
                made = (<TensorBase>result).array
                if cnp.PyArray_TYPE(made) == cnp.PyArray_TYPE(target.array) and same_shape(made, target.array) and one_row(made):
                    memcpy(cnp.PyArray_DATA(target.array), cnp.PyArray_DATA(made), cnp.PyArray_NBYTES(made))
                    bump(target)
                    return target
            return op.write_out(target, result, values)
        values[op.out_at] = out
    return op.run_out(values)


def make_operator(function, bint reflected, foreign, bint own, bint checked=True):
    """A binary operator of tensors. `foreign(function, reflected, x, y)` is asked when the other operand is neither a
    tensor nor an int or float; it may return NotImplemented. One that is its `own` is overridden as such, others as
    their function; a TypeError of an override means that the other operand may know better. One that is not `checked`
    finds by itself that it was called on no tensor.
    """

    def operator(x, y):
        if intercepted_pair(x, y):
            try:
                if own:
                    return interceptor(operator, (x, y), {})
                return function(y, x) if reflected else function(x, y)
            except TypeError:
                return NotImplemented
        if checked and not isinstance(x, TensorBase):
            raise TypeError(f"operators of tensors are called on a Tensor, not {type(x).__name__}")
        if isinstance(y, TensorBase) or type(y) is float or type(y) is int:
            return function(y, x) if reflected else function(x, y)
        return foreign(function, reflected, x, y)

    return operator


cdef bint any_half(g):
    """Whether a gradient, or one of several, is of half precision."""
    if isinstance(g, TensorBase):
        return half_code((<TensorBase>g).array) != 0
    if isinstance(g, list):
        for one in <list>g:
            if one is not None and any_half(one):
                return True
    return False


cdef object shared_half(values, object found):
    """`found` or the half precision dtype of the tensors among values, in sequences too; False if they have others too."""
    cdef cnp.ndarray a
    if found is False:
        return found
    for value in values:
        if isinstance(value, TensorBase):
            a = (<TensorBase>value).array
            if half_code(a):
                if found is None:
                    found = a.dtype
                elif found is not a.dtype and found != a.dtype:
                    return False
            elif differentiable(a):
                return False
        elif type(value) is list or type(value) is tuple:
            found = shared_half(value, found)
        if found is False:
            return found
    return found


def has_half(values):
    """Whether the tensors among values, in sequences too, are of one dtype of half precision where they are not integers."""
    half = shared_half(values, None)
    return half is not None and half is not False


def in_float32(function, args, dict kwargs={}):
    """A function of tensors that has its steps rounded once: half precision goes in as float32, and float32 comes out as
    that. Beside tensors of other floating dtypes, or with none of half precision, it is called as it is."""
    cdef object half = shared_half(args, shared_half(kwargs.values(), None))
    if half is None or half is False:
        return function(*args, **kwargs)
    found = function(*widened(args), **{name: widened(value) for name, value in kwargs.items()})
    if isinstance(found, TensorBase) and (<TensorBase>found).array.dtype is float32_dtype:
        return cast_op(found, half)
    return found


cdef object widened(value):
    """Tensors of half precision, in sequences too, in float32."""
    if isinstance(value, TensorBase):
        return cast_op(value, float32_dtype) if half_code((<TensorBase>value).array) else value
    if type(value) is tuple:    # not one with names, which is no sequence of tensors
        return tuple([widened(one) for one in value])
    if type(value) is list:
        return [widened(one) for one in value]
    return value


cdef bint any_batched(g):
    """Whether a gradient, or one of several, stands for a batch."""
    if type(g) is list:
        for one in <list>g:
            if any_batched(one):
                return True
        return False
    return type(g) is batched_type


cpdef list apply_rules(NodeBase node, g, bint create_graph):
    """The gradients of a node's inputs. Of half precision, rules of several operations see float32: it is rounded once."""
    global overrides_off
    cdef list found = []
    cdef int before_off = overrides_off
    cdef bint wide = (create_graph or (<OpBase>node.op).wide) and any_half(g)
    if wide:
        g = widened(g)
    overrides_off = 0 if batched_type is not None and any_batched(g) else 2    # what the rules call is no call of the program's
    try:
        for rule, saved, before, out_at in node.calls:
            if not unchanged(<tuple>saved, before):
                node.overwritten(saved, before)
            if out_at is not None and create_graph:
                saved = node.rejoin(saved, out_at)
            if wide:
                saved = widened(saved)
            if node.joint is None:
                found.append(rule(g, *saved))
            else:
                found = node.split_joint((rule(g, *saved),) if node.joint[0] is None else rule(g, node.joint[0], *saved))
    finally:
        overrides_off = before_off
    return found


cpdef int send(tuple place, TensorBase gradient, dict ready, dict leaves, list heap, dict needed) except -1:
    """Bring a gradient to where it goes: in the shape and dtype of the input, added to what is there already."""
    cdef object target = place[0]
    cdef Py_ssize_t slot = place[1]
    cdef list slots
    if shape_of(gradient.array) != place[2]:
        gradient = sum_to_op(gradient, place[2])
    if <object>cnp.PyArray_DESCR(gradient.array) is not place[3] and gradient.array.dtype != place[3]:
        gradient = cast_op(gradient, place[3])
    if isinstance(target, NodeBase):
        found = ready.get(target)
        if found is None:
            if needed is not None and target not in needed:
                return 0
            slots = [None] * (<NodeBase>target).outputs
            ready[target] = slots
            heappush(heap, target)
        else:
            slots = found
        there = slots[slot]
        slots[slot] = gradient if there is None else add_op(there, gradient)
    else:
        entry = leaves.get(id(target))
        if entry is None:
            leaves[id(target)] = [target, gradient]
        else:
            entry[1] = add_op(entry[1], gradient)
    return 0


def lies_as(TensorBase gradient_ not None, TensorBase leaf_ not None):
    """Whether a gradient has its leaf's strides where those are dense, or else is contiguous."""
    cdef cnp.ndarray gradient = gradient_.array, leaf = leaf_.array
    cdef int i
    cdef bint plain = cnp.PyArray_IS_C_CONTIGUOUS(gradient)
    if cnp.PyArray_IS_C_CONTIGUOUS(leaf) or extent(leaf)[1] != cnp.PyArray_SIZE(leaf):
        return plain
    for i in range(cnp.PyArray_NDIM(leaf)):
        if cnp.PyArray_DIM(leaf, i) > 1 and (
                cnp.PyArray_STRIDE(leaf, i) * cnp.PyArray_ITEMSIZE(gradient)
                != cnp.PyArray_STRIDE(gradient, i) * cnp.PyArray_ITEMSIZE(leaf)):
            return False
    return True


def owned(list entry not None):
    """Whether nobody but an entry [leaf, gradient] holds the gradient, so that the leaf may keep it."""
    # Counted are variables, which are not Cython's temporaries; one of the caller's may or may not count: Python 3.14 lends them.
    cdef TensorBase gradient = entry[1]
    cdef cnp.ndarray array = gradient.array
    cdef object base
    if Py_REFCNT(gradient) > 2 or Py_REFCNT(array) > 2:
        return False
    if cnp.PyArray_BASE(array) == NULL:
        return True
    base = <object>cnp.PyArray_BASE(array)
    return type(base) is Block and Py_REFCNT(base) <= 2


cdef bint all_none(list values):
    for value in values:
        if value is not None:
            return False
    return True


cdef bint holds_array(tuple values):
    for value in values:
        if isinstance(value, (TensorBase, cnp.ndarray)):
            return True
        if (type(value) is tuple or type(value) is list) and holds_array(tuple(value)):
            return True
    return False


cdef bint keeps_tensors(list calls):
    """Whether rules hold values that a second backward pass has to do without; those of `x + 1` or a view hold none."""
    for rule, saved, before, out_at in calls:
        if holds_array(<tuple>saved):
            return True
    return False


cdef object node_watcher = None


def set_node_watcher(watcher):
    """Have `watcher(node)` called before each node that any thread runs, and what it returns, if not None, after it, if it raises too."""
    global node_watcher
    node_watcher = watcher


def drain(list heap, dict ready, dict leaves, dict needed, bint retain, bint create_graph, visit, run_post_hooks):
    """Run the nodes of `heap`, newest first, and send on what their rules return.

    `visit(node, gradients)` sees the nodes that have hooks or whose gradient is asked for, before they run. Where not all have
    to, `needed` has those that do with True, and with False those whose gradients alone are asked for.
    """
    cdef NodeBase node
    cdef list collected, found, edges
    cdef Py_ssize_t i
    while heap:
        node = heappop(heap)
        collected = ready.pop(node)
        if node.hooks is not None or needed is not None:
            visit(node, collected)
            if needed is not None and not needed[node]:
                continue
            if node.plain and all_none(collected):    # hooks took the gradients away
                continue
        if node.calls is None:
            node.apply(collected, create_graph)    # raises: the graph was freed
        ended = None if node_watcher is None else node_watcher(node)
        try:
            if node.plain and node.stack is None:
                found = apply_rules(node, collected[0] if node.outputs == 1 else collected, create_graph)
            else:
                found = node.apply_traced(collected, create_graph)
        finally:
            if ended is not None:
                ended()
        if node.hooks is not None and "post" in node.hooks:
            found = run_post_hooks(node.hooks["post"], found, collected)
        edges = node.edges
        if not retain and (not node.plain or keeps_tensors(<list>node.calls)):
            node.release()
        collected = None
        for i in range(len(edges)):
            gradient = found[i]
            if gradient is not None:
                found[i] = None    # whoever takes a gradient over shall be its only holder
                send(edges[i], gradient, ready, leaves, heap, needed)
        gradient = None
