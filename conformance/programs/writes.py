"""Writing in place: versions, views and their bases, what is refused."""

from __future__ import annotations

import itertools

from . import program, raised, table


def _leaf(lib, *values):
    return lib.tensor(list(values), requires_grad=True)


@program("Tensor.detach", "Tensor.data")
def versions_are_shared_by_views(lib):
    x = lib.zeros(2, 3)
    y = x[0]
    yield x._version, y._version
    y.add_(1)
    x.t().mul_(2)
    x[1, 1] = 3.0
    yield x._version, y._version, x.detach()._version, x.clone()._version, x.data._version
    with lib.no_grad():
        x.zero_()
    yield y._version


@program("Tensor.backward")
def an_overwritten_saved_tensor_is_refused(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * 1
    z = y * y
    y.add_(1)
    yield raised(z.sum().backward)
    a = (x * 1).exp()
    a.mul_(2)
    yield raised(a.sum().backward)
    b = x * 1
    c = b + b
    b.add_(1)
    c.sum().backward()
    yield x.grad


@program("Tensor.add_", "Tensor.mul_", "Tensor.zero_")
def leaves_that_require_gradients_are_not_written_to(lib):
    x = _leaf(lib, 1.0, 2.0)
    yield raised(x.add_, 1), raised(x.zero_), raised(x[0:1].mul_, 2), raised(x.__setitem__, 0, 1.0)
    with lib.no_grad():
        x.add_(1)
    yield x
    y = lib.tensor([1.0, 2.0])
    y.mul_(x)
    yield y, y.requires_grad, y.is_leaf
    y.sum().backward()
    yield x.grad


@program("Tensor.__setitem__")
def an_assigned_piece_gets_its_gradient(lib):
    x, v = _leaf(lib, 1.0, 2.0, 3.0), _leaf(lib, 10.0)
    y = x * 2
    y[1:2] = v
    (y * lib.tensor([1.0, 2.0, 3.0])).sum().backward()
    yield y, x.grad, v.grad


@program("Tensor.__setitem__", "Tensor.index_put_")
def an_element_goes_where_a_mask_says(lib):
    for mask in (lambda x: x > 0, lambda x: x[0] < 0, lambda x: (slice(None), x[0] < 0), lambda x: x > 100):
        for value in (lambda x: x[2, 2], lambda x: x[0, :1], lambda x: x[1:2, 1:2]):
            x = lib.arange(9.0).view(3, 3).requires_grad_()
            y, plain = x - 3, x.detach() - 3
            y[mask(y)], plain[mask(plain)] = value(y), value(plain)
            (y * y).sum().backward()
            yield y, plain, x.grad
    plain.index_put_((plain < 0,), plain[2, 2])
    yield plain, raised(plain.__setitem__, lib.tensor([0, 1]), plain[0, 0]), raised(plain.__setitem__, plain[0] < 9, plain[0])


@program("Tensor.__setitem__")
def assignments_of_every_kind(lib):
    w = lib.arange(1.0, 13.0).reshape(3, 4)
    keys = [
        (0,), (slice(None), 1), (..., 2), (slice(0, 2), slice(1, None, 2)), (lib.tensor([0, 2]),),
        (lib.tensor([0, 2]), lib.tensor([1, 3])), (lib.tensor([True, False, True]),), (slice(None), lib.tensor([1, 1])),
        (None, 1), (-1, -1), (slice(None, None, 2),), (lib.tensor([[0, 1], [2, 0]]), 1),
    ]  # fmt: skip
    for key in keys:
        x = lib.arange(12.0).reshape(3, 4).requires_grad_()
        y = x * 3
        found = y[key]
        value = (lib.arange(float(found.numel())).reshape(found.shape) + 100).requires_grad_()
        y[key] = value
        yield found, y
        (y * w).sum().backward()
        yield x.grad, value.grad


@program("Tensor.mul_")
def writing_to_a_view_rebases_its_base(lib):
    x = lib.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    y.t()[0].mul_(5)
    y[:, 1:].sigmoid_()
    (y * y).sum().backward()
    yield y, x.grad


@program("Tensor.mul_")
def writing_to_a_base_reaches_its_views(lib):
    x = lib.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    row, column = y[0], y.t()[2]
    y.mul_(3)
    yield row, column, "AsStrided" in row.grad_fn.name() or row.requires_grad
    (row * column[:1]).sum().backward()
    yield x.grad


@program("Tensor.relu_")
def activations_in_place(lib):
    x = _leaf(lib, -1.0, 0.0, 2.0)
    y = x * 1
    yield y.relu_() is y
    y.sum().backward()
    yield x.grad


@program("Tensor.copy_")
def copies_carry_gradients(lib):
    x, y = _leaf(lib, 1.0, 2.0), lib.zeros(3, 2)
    y[1].copy_(x)
    y.copy_(y.clone() * 2)
    y.sum().backward()
    yield y, x.grad
    z = lib.zeros(2, dtype=lib.int64)
    z.copy_(lib.tensor([1.9, -1.9]))
    yield z, raised(z.copy_, lib.zeros(3))


@program("Tensor.unbind", "split", "unbind")
def pieces_of_one_split_are_not_written_to(lib):
    x = lib.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    yield raised(y.unbind(0)[0].add_, 1), raised(y.split(1)[0].add_, 1), raised(y.chunk(2)[1].mul_, 2)
    with lib.no_grad():
        z = y[0]
    yield raised(z.add_, 1)


@program("unsafe_split", "unsafe_chunk", "unsafe_split_with_sizes")
def pieces_that_know_nothing_of_each_other_are_written_to(lib):
    for cut in (lambda x: x.unsafe_split(1), lambda x: x.unsafe_chunk(2), lambda x: x.unsafe_split_with_sizes((1, 1))):
        x = lib.arange(6.0).reshape(2, 3).requires_grad_()
        first, second = cut(x * 2)
        first.mul_(second)
        first.sum().backward()
        yield first, x.grad, first._version, second._version, first._is_view()


def _same(lib):
    """A Function that returns its input."""

    class Same(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 10

    return Same


@program("autograd.Function")
def an_input_that_a_function_returns_is_not_written_to(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * 2
    z = _same(lib).apply(y)
    yield raised(z.mul_, 3), raised(z[:1].mul_, 3), raised(z.copy_, x), raised(z.zero_), y
    z = _same(lib).apply(y).clone().mul_(3)
    z.sum().backward()
    yield z, x.grad


@program("Tensor.add_")
def what_an_inplace_write_refuses(lib):
    x = lib.zeros(2, 1)
    yield raised(x.add_, lib.ones(2, 3)), raised(lib.zeros(2, dtype=lib.int64).add_, 1.5)
    yield raised(lib.zeros(2).add_, 1j), raised(x.expand(2, 3).add_, 1), x
    yield raised(lib.zeros(2, dtype=lib.bool).add_, 1)
    y = lib.zeros(2, dtype=lib.float32)
    y.add_(lib.ones(2, dtype=lib.float64))
    yield y


@program("Tensor.__iadd__", "Tensor.__imul__", "Tensor.__isub__", "Tensor.__itruediv__", "Tensor.__ifloordiv__",
         "Tensor.__imod__", "Tensor.__ipow__", "Tensor.__iand__", "Tensor.__ior__", "Tensor.__ixor__",
         "Tensor.__ilshift__", "Tensor.__irshift__")  # fmt: skip
def operators_in_place(lib):
    x = lib.tensor([7.0, 8.0])
    alias = x
    x += 1
    x *= 2
    x -= 3
    x /= 2
    yield x, x is alias
    x //= 2
    x %= 2
    yield x
    x = lib.tensor([2.0, 3.0])
    x **= 2
    yield x
    n = lib.tensor([6, 5])
    n &= 3
    n |= 8
    n ^= 1
    n <<= 2
    n >>= 1
    yield n


@program("Tensor.set_", "Tensor.resize_", "Tensor.resize_as_")
def a_tensor_takes_another_memory_or_size(lib):
    x, y = lib.arange(4.0), lib.arange(6.0)
    x.set_(y)
    x[0] = 9.0
    yield x, y
    z = lib.arange(6.0)
    z.resize_(2, 2)
    yield z.shape, z
    z.resize_as_(lib.zeros(3))
    yield z, z._version
    yield z.resize_(3)._version, z.resize_as_(lib.zeros(3))._version


@program("Tensor.fill_diagonal_", "Tensor.masked_fill_", "Tensor.index_fill_", "Tensor.index_put_")
def other_writes(lib):
    x = lib.zeros(3, 3)
    x.fill_diagonal_(2.0)
    x.masked_fill_(lib.eye(3, dtype=lib.bool).flip(0), 7.0)
    x.index_fill_(1, lib.tensor([0]), -1.0)
    x.index_put_((lib.tensor([0, 0]), lib.tensor([1, 1])), lib.tensor([1.0, 2.0]), accumulate=True)
    yield x


@program("Tensor.data_ptr", "Tensor.storage_offset", "Tensor.stride", "Tensor.is_contiguous")
def views_tell_where_they_lie(lib):
    x = lib.arange(24.0).reshape(2, 3, 4)
    views = [x[1], x[:, 1], x.transpose(0, 2), x[..., ::2], x.unsqueeze(1), x.expand(2, 3, 4), x[:, :, 1:3], x.permute(2, 0, 1),
             x.diagonal(), x.narrow(1, 1, 2), x.unfold(2, 2, 1), x.reshape(6, 4), x.view(-1), x.squeeze(), x[0, 0, 0]]
    for view in views:
        yield tuple(view.shape), tuple(view.stride()), view.storage_offset(), view.is_contiguous()
        yield (view.data_ptr() - x.data_ptr()) // 4


PAIRS = """add sub mul div pow atan2 fmod remainder floor_divide clamp_min clamp_max copysign hypot eq ne lt gt le ge logical_and
logical_or logical_xor xlogy heaviside nextafter igamma copy ldexp"""
PAIRS_OF_INTEGERS = "gcd lcm bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift"


@program(*(f"Tensor.{name}_" for name in f"{PAIRS} {PAIRS_OF_INTEGERS}".split()))
def two_that_share_memory_in_part(lib):
    for names, values in ((PAIRS, lib.arange(1.0, 9.0)), (PAIRS_OF_INTEGERS, lib.arange(1, 9))):
        for name in names.split():
            x = values.clone()
            yield raised(getattr(x[1:], f"{name}_"), x[:-1])
            x = values.clone()
            yield raised(getattr(x[::2], f"{name}_"), x[1::2]), x  # these have gaps, which are not looked into


@program("Tensor.addcmul_", "Tensor.addcdiv_", "Tensor.lerp_", "Tensor.clamp_", "Tensor.masked_fill_", "Tensor.addr_")
def three_that_share_memory_in_part(lib):
    x, apart = lib.arange(1.0, 17.0), lib.ones(15)
    yield raised(x[1:].addcmul_, x[:-1], apart), raised(x[1:].addcdiv_, apart, x[:-1])
    yield raised(x[1:].lerp_, x[:-1], 0.5), raised(x[1:].lerp_, apart, x[:-1])
    yield raised(x[1:].clamp_, x[:-1]), raised(x[1:].clamp_, None, x[:-1])
    yield raised(x[4:8].view(2, 2).addr_, x[5:7], x[:2]), x
    yield x[1:].masked_fill_(apart > 0, x[3]), x.fill_(x[4])
    mask = lib.ones(16, dtype=lib.bool)
    yield raised(mask[1:].masked_fill_, mask[:-1], True), mask[1:].masked_scatter_(mask[:-1], apart > 0)


@program("Tensor.scatter_", "Tensor.scatter_add_", "Tensor.scatter_reduce_", "Tensor.index_add_", "Tensor.index_copy_",
         "Tensor.index_fill_", "Tensor.index_reduce_", "Tensor.put_", "Tensor.index_put_", "Tensor.__setitem__")  # fmt: skip
def indices_and_sources_that_share_memory_in_part(lib):
    x, at = lib.arange(16), lib.arange(15)
    into, part = x[1:], x[:-1]
    yield raised(into.scatter_, 0, part, at), raised(into.scatter_, 0, at, part), raised(into.scatter_add_, 0, at, part)
    yield raised(into.scatter_reduce_, 0, at, part, "sum"), raised(into.index_add_, 0, at, part)
    yield raised(into.index_copy_, 0, at, part), raised(into.index_copy_, 0, part, at), raised(into.index_fill_, 0, part, 1)
    yield raised(into.index_reduce_, 0, at, part, "prod"), raised(into.put_, at, part), raised(into.put_, part, at)
    yield raised(into.index_put_, (at,), part), raised(into.__setitem__, at, part), raised(into.__setitem__, slice(None), part)
    yield x


@program("Tensor.add_", "Tensor.copy_", "add")
def layouts_that_share_memory(lib):
    x = lib.arange(16.0)
    square, cube = x.view(4, 4), x.view(2, 2, 4)
    yield raised(square.add_, x[:4]), raised(x.add_, x[3]), raised(square.copy_, square.t())
    yield raised(cube.transpose(0, 1).add_, cube), raised(square.add_, square.view(1, 4, 4)), x
    yield cube.transpose(0, 1).add_(cube.transpose(0, 1)), x[:0].add_(x[:0])
    yield raised(lib.add, cube.transpose(0, 1), 1, out=cube), x[0::2].add_(x[1::2])


METHODS = ("add_", "div_", "pow_", "fmod_", "atan2_", "bitwise_or_", "logical_and_", "eq_", "copysign_", "xlogy_", "clamp_min_", "clamp_max_")


@program(*(f"Tensor.{name}" for name in METHODS))
def other_dtypes_are_cast_to_or_refused(lib):
    dtypes = [lib.bool, lib.uint8, lib.int8, lib.int64, lib.float16, lib.float32, lib.float64, lib.complex64, lib.complex128]
    for name, dtype, other in itertools.product(METHODS, dtypes, dtypes):
        x, y = lib.tensor([1, 2, 3]).to(dtype), lib.tensor([2, 1, 1]).to(other)
        yield raised(getattr(x, name), y) != "", x


@program("abs", "clamp_min", "clamp_max", "linalg.eigvals", "linalg.vector_norm", "sum")
def results_go_into_other_dtypes_or_are_refused(lib):
    dtypes = [lib.bool, lib.uint8, lib.int64, lib.float16, lib.float32, lib.float64, lib.complex64, lib.complex128]
    for dtype, other in itertools.product(dtypes, dtypes):
        x, out = lib.tensor([[4, 0], [0, 1]]).to(dtype), lib.zeros(2, 2).to(other)
        if dtype is not lib.bool:
            yield raised(lib.abs, x, out=out), out
            if not dtype.is_complex:
                yield raised(lib.clamp_min, x, 2, out=out), raised(lib.clamp_max, x, lib.tensor([2], dtype=lib.int8), out=out), out
        out = lib.zeros(2).to(other)
        yield raised(lib.linalg.vector_norm, x, 2, 1, out=out), raised(lib.sum, x, 1, out=out), out
        if dtype in (lib.float32, lib.float64, lib.complex64):
            yield raised(lib.linalg.eigvals, x, out=out), out.to(lib.complex128).real.sort().values


@table("Tensor", [
    ("masked_fill_", "x.masked_fill_(x == 0, 1.0)"), ("masked_fill_", "x.masked_fill_(odd, float('nan'))"),
    ("__setitem__", "x.__setitem__(x == 0, 1.0)"), ("__setitem__", "x.__setitem__(odd[0] > 0, lib.tensor([1.0, 2.0, 3.0])[1:])"),
    ("__setitem__", "x.__setitem__((at, at), 5.0)"), ("__setitem__", "x.__setitem__(at, lib.tensor([1.0, 2.0, 3.0]))"),
    ("index_put_", "x.index_put_((at,), lib.tensor(1.0))"), ("index_put_", "x.index_put_((at,), lib.tensor(1.0), accumulate=True)"),
    ("index_fill_", "x.index_fill_(1, at, 2.0)"), ("fill_diagonal_", "x.fill_diagonal_(3.0)"), ("add_", "x.add_(1)"),
    ("masked_scatter_", "x.masked_scatter_(odd, lib.arange(6.0))"), ("index_copy_", "x.index_copy_(1, at, lib.ones(2, 2))"),
    ("scatter_", "x.scatter_(1, at[None], 1.0)"),
])  # fmt: skip
def writes_to_elements_that_share_memory(lib, name, text):
    base = lib.tensor([0.0, 4.0, float("nan")])
    names = {"lib": lib, "x": base.expand(2, 3), "odd": lib.tensor([[True, False, True], [False, False, True]]), "at": lib.tensor([0, 1])}
    try:
        error = raised(lambda: eval(text, names))
    except IndexError:
        error = "IndexError"
    yield error, base, base._version


@program("Tensor.index_put_", "Tensor.index_fill_", "Tensor.__setitem__", "Tensor.masked_fill_", "Tensor.bernoulli_", "Tensor.copy_")
def what_is_written_to_lies_apart_from_indices(lib):
    writes = (
        lambda i: i.__setitem__(i, 1), lambda i: i.__setitem__(i[:2], 1), lambda i: i.__setitem__(i[1:], i[:2]), lambda i: i.__setitem__(i[0], 1),
        lambda i: i.__setitem__(i > 0, i[0]), lambda i: i.index_put_((i,), i + 1), lambda i: i.index_put_((i[:1],), i[1], accumulate=True),
        lambda i: i.index_put_((i + 0,), i), lambda i: i.index_put_((i[:2] + 0,), i[:2]), lambda i: i.index_fill_(0, i, 1), lambda i: i.index_fill_(0, i[1:], 1),
        lambda i: i.index_fill_(0, i + 0, i[0]), lambda i: i.view(1, 3).index_fill_(0, i[:1], 1), lambda i: i.masked_fill_(i > 0, i[1]),
        lambda i: i[:2].copy_(i[1:]), lambda i: i[:2].copy_(i[:2]), lambda i: i[::2].copy_(i[:2]),
    )  # fmt: skip
    for write in writes:
        i = lib.tensor([0, 2, 1])
        yield raised(write, i), i
    for write in (lambda m: m.__setitem__(m, False), lambda m: m[:2].__setitem__(m[1:], False), lambda m: m[1:].masked_fill_(m[:2], True)):
        m = lib.tensor([True, False, True])
        yield raised(write, m), m
    p = lib.tensor([0.0, 1.0, 0.0])
    yield raised(p[1:].bernoulli_, p[:2]), p


@program("no_grad", "Tensor.unbind", "Tensor.split", "Tensor.chunk", "Tensor.tensor_split", "Tensor.add_")
def views_made_without_recording_are_written_to(lib):
    pieces = (
        lambda x: x[0], lambda x: x.unbind()[0], lambda x: x.split(1)[0], lambda x: x.chunk(2)[0], lambda x: x.tensor_split(2)[0],
        lambda x: next(iter(x)), lambda x: x.unbind()[0][:1], lambda x: x.view(-1),
    )  # fmt: skip
    writes = (
        lambda y: y.mul_(2), lambda y: y.zero_(), lambda y: y.add_(lib.ones(1, requires_grad=True)), lambda y: y.unsqueeze_(0),
        lambda y: y.transpose_(0, -1), lambda y: y.__setitem__(..., 1.0),
    )  # fmt: skip
    for piece in pieces:
        for write in writes:
            for x in (lib.ones(2, 3), lib.ones(2, 3, requires_grad=True), lib.ones(2, 3, requires_grad=True) * 1):
                with lib.no_grad():
                    y, z = piece(x), piece(x)
                yield raised(write, y)
                with lib.no_grad():
                    yield raised(write, z)


@program("Tensor.fill_diagonal_")
def the_diagonal_of_an_expanded_tensor_in_a_graph(lib):
    for shape, first, sizes in (((3,), 0, (3, 3)), ((4, 1), 1, (3, 2)), ((2, 2), 1, (2, 2))):
        x = lib.arange(4.0)[: shape[0] * (shape[-1] if len(shape) > 1 else 1)].view(shape).requires_grad_()
        z = x * 1
        y = z[first:].expand(sizes)
        y.fill_diagonal_(7.0)
        yield y, z, lib.autograd.grad((z * lib.arange(1.0, 1 + z.numel()).view(shape)).sum(), x)


@program("inference_mode", "Tensor.resize_", "resize_as_")
def inference_tensors_are_resized(lib):
    with lib.inference_mode():
        x, leaf = lib.ones(4).requires_grad_(), lib.ones(4)
        yield x.resize_(2).shape, lib.resize_as_(x, lib.ones(3)).shape, x.requires_grad
    yield raised(leaf.resize_, 3), raised(lib.resize_as_, leaf, lib.ones(2))
    y = lib.ones(4, requires_grad=True)
    yield raised(y.resize_, 2)
    with lib.inference_mode():
        yield y.resize_(2).shape


@program("inference_mode", "nn.Parameter", "Tensor.detach_", "Tensor.add_")
def views_made_in_inference_mode(lib):
    pieces = lambda x: x[:2], lambda x: x.view(3, 1), lambda x: x.unbind()[0], lambda x: x.split(2)[0]  # noqa: E731
    for piece in pieces:
        x = lib.ones(3)
        with lib.inference_mode():
            view, inside = piece(x), lib.ones(3)
        yield raised(view.add_, lib.ones(1, requires_grad=True)), raised(view.add_, 1), view.is_inference()
        part = piece(inside)
        yield raised(part.unsqueeze_, 0), raised(part.mul_, 2), raised(lib.nn.Parameter, part), raised(part.detach_), part.is_inference()
        with lib.inference_mode():
            yield raised(part.unsqueeze_, 0), raised(part.mul_, 2), raised(part.detach_), raised(view.detach_)


@program("Tensor.unbind", "Tensor.split", "Tensor.chunk", "Tensor.tensor_split")
def pieces_are_not_used_after_a_write_to_their_base(lib):
    cuts = (
        lambda x: x.unbind(0)[1], lambda x: x.split(1)[0], lambda x: x.chunk(2)[1], lambda x: x.tensor_split(2)[0], lambda x: next(iter(x)),
        lambda x: x.split((1, 1))[1][:, 1:], lambda x: x[1], lambda x: x.unsafe_chunk(2)[0],
    )  # fmt: skip
    uses = (
        lambda y: y + 1, lambda y: y.sum().backward(), lambda y: y.grad_fn, lambda y: y[0], lambda y: y.detach(), lambda y: y.requires_grad,
        lambda y: repr(y) and None, lambda y: y.clone(), lambda y: y.tolist(),
    )  # fmt: skip

    def recorded(x, y):
        x.mul_(2)

    def silent(x, y):
        with lib.no_grad():
            x.mul_(2)

    def piece(x, y):
        with lib.no_grad():
            y.mul_(2)

    def through_another(x, y):
        x[0].mul_(2)

    for cut in cuts:
        for use in uses:
            for make in (lambda: lib.ones(2, 3), lambda: lib.ones(2, 3, requires_grad=True), lambda: lib.ones(2, 3, requires_grad=True) * 1):
                for write in (recorded, silent, piece, through_another):
                    x = make()
                    y = cut(x)
                    if raised(write, x, y) == "":
                        yield raised(use, y)
    x, factor = lib.ones(2, 3), lib.ones(3, requires_grad=True)
    with lib.no_grad():
        first, second = x[0], x.unbind(0)[0]
    x.mul_(factor)
    yield raised(first.sum), raised(second.sum), raised(x[0].sum)


@program("autograd.Function")
def an_input_that_a_function_returns_is_not_used_after_a_write(lib):
    y = lib.ones(2, requires_grad=True) * 2
    z = _same(lib).apply(y)
    y.mul_(2)
    yield raised(z.sum), raised(lambda: z.grad_fn), raised(y.sum)
