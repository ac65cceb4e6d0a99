"""Bad calls: PyTorch's exception, a message that names the operation and the value, and nothing changed by it.

A row is a name, the exception that PyTorch raises, words of the message (the operation, the value found, the way out), and the
call, of the library and of tensors that it may use.
"""

import types

import pytest

import lucid

HUGE = 2**62


def material(lib):
    """Tensors for bad calls."""
    t = types.SimpleNamespace()
    t.leaf = lib.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], requires_grad=True)
    t.leaf.grad = lib.ones(2, 3)
    t.x = lib.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    t.square = lib.eye(3)
    t.row = lib.tensor([1.0, 2.0, 3.0])
    t.pair = lib.tensor([1.0, 2.0])
    t.whole = lib.tensor([0, 1, 2])
    t.far = lib.tensor([0, 7])
    t.empty = lib.zeros(0, 3)
    t.scalar = lib.tensor(2.0)
    t.image = lib.zeros(1, 2, 5, 5)
    t.filters = lib.zeros(3, 2, 3, 3)
    t.wide = lib.zeros(1, 3).expand(4, 3)
    t.linear, t.other = lib.nn.Linear(2, 2), lib.nn.Linear(3, 2)
    return t


def freed(lib, t):
    out = (t.leaf * t.leaf).sum()
    lib.autograd.grad(out, t.leaf)
    lib.autograd.grad(out, t.leaf)


def overwritten(lib, t):
    x = t.leaf * 2
    out = (x * x).sum()
    x.add_(1)
    lib.autograd.grad(out, t.leaf)


def F(lib):
    return lib.nn.functional


ROWS = [
    # shapes that do not fit
    ("add", RuntimeError, ["2", "3"], lambda L, t: t.x + t.pair),
    ("mul_", RuntimeError, ["shape"], lambda L, t: t.pair.mul_(t.x.t())),
    ("matmul", RuntimeError, ["2x3"], lambda L, t: t.x @ t.x),
    ("mm of vectors", RuntimeError, ["mm", "2-?D|matri"], lambda L, t: L.mm(t.row, t.row)),
    ("bmm", RuntimeError, ["bmm|batch", "3-?D"], lambda L, t: L.bmm(t.x, t.x)),
    ("einsum", RuntimeError, ["einsum"], lambda L, t: L.einsum("ij,jk->ik", t.x, t.x)),
    ("einsum operands", RuntimeError, ["einsum", "operands"], lambda L, t: L.einsum("ij,jk->ik", t.x)),
    ("linear", RuntimeError, ["2x3"], lambda L, t: F(L).linear(t.x, t.x.t())),
    ("cat", RuntimeError, ["cat|Sizes"], lambda L, t: L.cat([t.x, t.square[:, :2]])),
    ("cat of nothing", ValueError, ["cat"], lambda L, t: L.cat([])),
    ("stack", RuntimeError, ["stack", r"\[2, 3\]"], lambda L, t: L.stack([t.x, t.row])),
    ("stack of nothing", RuntimeError, ["stack"], lambda L, t: L.stack([])),
    ("view", RuntimeError, ["view|shape", r"\[4\]", "6"], lambda L, t: t.x.view(4)),
    ("view of a transpose", RuntimeError, ["view", "reshape"], lambda L, t: t.x.t().view(6)),
    ("reshape", RuntimeError, [r"\[4, -1\]", "6"], lambda L, t: t.x.reshape(4, -1)),
    ("two inferred sizes", RuntimeError, ["infer"], lambda L, t: t.x.reshape(-1, -1)),
    ("expand", RuntimeError, ["expand", "5"], lambda L, t: t.x.expand(2, 5)),
    ("squeeze", IndexError, ["squeeze|[Dd]imension", "5"], lambda L, t: t.x.squeeze(5)),
    ("permute", RuntimeError, ["permute"], lambda L, t: t.x.permute(0)),
    ("permute twice", RuntimeError, ["permute"], lambda L, t: t.x.permute(0, 0)),
    ("conv2d channels", RuntimeError, ["channels", "2", "4"], lambda L, t: F(L).conv2d(L.zeros(1, 4, 5, 5), t.filters)),
    ("conv2d kernel", RuntimeError, ["[Kk]ernel size"], lambda L, t: F(L).conv2d(L.zeros(1, 2, 2, 2), t.filters)),
    ("conv2d stride", RuntimeError, ["stride"], lambda L, t: F(L).conv2d(t.image, t.filters, stride=0)),
    ("conv2d groups", RuntimeError, ["groups"], lambda L, t: F(L).conv2d(t.image, t.filters, groups=0)),
    ("max_pool2d", RuntimeError, ["pool", "size"], lambda L, t: F(L).max_pool2d(t.image, 9)),
    ("max_pool2d padding", RuntimeError, ["pad"], lambda L, t: F(L).max_pool2d(t.image, 2, padding=2)),
    ("layer_norm", RuntimeError, ["normalized_shape", "5"], lambda L, t: F(L).layer_norm(t.x, [5])),
    ("batch_norm", RuntimeError, ["running_mean"], lambda L, t: F(L).batch_norm(t.image, t.row, t.row)),
    ("batch_norm of one value", ValueError, ["value per channel"],
     lambda L, t: F(L).batch_norm(L.zeros(1, 3), None, None, training=True)),
    ("solve", RuntimeError, ["solve|linalg"], lambda L, t: L.linalg.solve(t.x, t.row)),
    ("inv of a singular matrix", RuntimeError, ["[Ss]ingular"], lambda L, t: L.linalg.inv(t.square * 0)),
    ("inv of no matrix", RuntimeError, ["inv", "square|2 dimensions"], lambda L, t: L.linalg.inv(t.x)),
    ("mse_loss", RuntimeError, ["2", "3"], lambda L, t: F(L).mse_loss(t.x, t.pair)),
    ("bce", ValueError, ["[Tt]arget size"], lambda L, t: F(L).binary_cross_entropy_with_logits(t.x, t.row)),
    ("cross_entropy batch", ValueError, ["batch_size", "2", "3"], lambda L, t: F(L).cross_entropy(t.x, t.whole)),
    ("cross_entropy labels", IndexError, ["Target 7"], lambda L, t: F(L).cross_entropy(t.x, t.far)),
    ("load_state_dict", RuntimeError, ["size mismatch", "weight"],
     lambda L, t: t.linear.load_state_dict(t.other.state_dict())),
    ("load_state_dict keys", RuntimeError, ["[Mm]issing", "weight"], lambda L, t: t.linear.load_state_dict({})),
    # dtypes and types
    ("a string", TypeError, ["add|str"], lambda L, t: L.add(t.x, "1")),
    ("a list", TypeError, ["exp", "Tensor", "list"], lambda L, t: L.exp([1.0])),
    ("None", TypeError, ["relu", "Tensor", "None"], lambda L, t: F(L).relu(None)),
    ("an unknown keyword", TypeError, ["sum", "banana"], lambda L, t: L.sum(t.x, banana=1)),
    ("an argument too few", TypeError, ["add|other"], lambda L, t: L.add(t.x)),
    ("an argument too many", TypeError, ["exp"], lambda L, t: L.exp(t.x, 1)),
    ("matmul dtypes", RuntimeError, ["dtype"], lambda L, t: t.whole @ t.row),
    ("bitwise_and of floats", (RuntimeError, NotImplementedError), ["bitwise_and", "Float"],
     lambda L, t: L.bitwise_and(t.x, t.x)),
    ("gradients of integers", RuntimeError, ["floating point"], lambda L, t: t.whole.requires_grad_()),
    ("index dtype", RuntimeError, ["gather|index", "int64"], lambda L, t: t.x.gather(0, t.x)),
    ("indexing with floats", IndexError, ["long|int", "tensors used as indices"], lambda L, t: t.row[t.row]),
    ("embedding of floats", RuntimeError, ["indices", "Long|int64"], lambda L, t: F(L).embedding(t.row, t.x)),
    ("in-place promotion", RuntimeError, ["Float", "Long"], lambda L, t: t.whole.add_(1.5)),
    ("mean of integers", RuntimeError, ["mean", "Long"], lambda L, t: t.whole.mean()),
    ("a complex where order is asked", (RuntimeError, NotImplementedError), [], lambda L, t: L.max(t.x + 1j)),
    ("masked_fill with floats", RuntimeError, ["mask", "bool"], lambda L, t: t.x.masked_fill(t.x, 0)),
    ("dim of a wrong type", TypeError, ["sum|dim"], lambda L, t: t.x.sum(dim=1.5)),
    ("a size of a wrong type", TypeError, ["zeros|size"], lambda L, t: L.zeros(1.5)),
    ("an unknown reduction", ValueError, ["median"], lambda L, t: F(L).mse_loss(t.x, t.x, reduction="median")),
    ("an unknown approximation", RuntimeError, ["approximate", "tan"], lambda L, t: F(L).gelu(t.x, approximate="tan")),
    ("a ragged list", ValueError, ["expected sequence of length 2", "1"], lambda L, t: L.tensor([[1, 2], [3]])),
    ("a list of words", (TypeError, ValueError), ["str"], lambda L, t: L.tensor(["a"])),
    # indices and dimensions out of range
    ("index", IndexError, ["5", "out of (range|bounds)"], lambda L, t: t.x[5]),
    ("too many indices", IndexError, ["too many indices"], lambda L, t: t.x[0, 0, 0]),
    ("a leaf that is a view", RuntimeError, ["view of a leaf"], lambda L, t: L.ones(6)[:3].requires_grad_().mul_(2)),
    ("an element of a leaf that is a view", RuntimeError, ["view of a leaf"], lambda L, t: L.ones(6)[:3].requires_grad_().__setitem__(0, 2.0)),
    ("a constant that is none", TypeError, ["None"], lambda L, t: L.nn.init.constant_(L.ones(2), None)),
    ("orthogonal halves", NotImplementedError, [], lambda L, t: L.nn.init.orthogonal_(L.ones(2, 2, dtype=L.float16))),
    ("an image among planes", ValueError, ["3D or 4D", "2D"], lambda L, t: L.nn.CircularPad2d(1)(L.ones(3, 4))),
    ("an unknown power", ValueError, ["p == 1"], lambda L, t: L.nn.MultiMarginLoss(p=3)),
    ("weights in rows", ValueError, ["1D", "2D"], lambda L, t: L.nn.MultiMarginLoss(weight=L.ones(2, 2))),
    ("a clamp upside down", AssertionError, ["greater"], lambda L, t: L.nn.Hardtanh(2, 1)),
    ("a target that is wider", RuntimeError, ["shape"], lambda L, t: F(L).soft_margin_loss(L.ones(3), L.ones(2, 3))),
    ("a target of another batch", ValueError, ["batch_size"], lambda L, t: F(L).nll_loss(L.ones(1, 2, 3), L.zeros(3, dtype=L.int64))),
    ("a norm of no number", ValueError, ["x"], lambda L, t: L.nn.utils.clip_grad_norm_([], 1.0, "x")),
    ("a limit of no number", ValueError, ["x"], lambda L, t: L.nn.utils.clip_grad_value_([], "x")),
    ("waiting for nobody", AssertionError, [], lambda L, t: next(iter(L.utils.data.DataLoader([1], timeout=3)))),
    ("an unknown randomness", RuntimeError, ["randomness"], lambda L, t: L.func.jacfwd(lambda x: x, randomness="some")(L.ones(2))),
    ("a mean without a variance", ValueError, ["running_var"], lambda L, t: F(L).batch_norm(L.ones(2, 3), L.ones(3), None, training=True)),
    ("a variance without a mean", ValueError, ["running_mean"], lambda L, t: F(L).instance_norm(L.ones(2, 3, 4), None, L.ones(3))),
    ("a range beyond 64 bits", RuntimeError, ["invalid size"], lambda L, t: L.arange(0, 1e30)),
    ("a window beyond 32 bits", RuntimeError, ["without overflow"], lambda L, t: L.nn.functional.avg_pool2d(L.ones(1, 4, 4), 2**62)),
    ("fewer than no trials", ValueError, ["total_count"], lambda L, t: L.distributions.Multinomial(-1, L.ones(3))),
    ("a dataset without samples", TypeError, ["__iter__"], lambda L, t: L.utils.data.IterableDataset()),
    ("an unknown way to start", ValueError, ["fork", "'foo'"],
     lambda L, t: L.utils.data.DataLoader([1], num_workers=1, multiprocessing_context="foo")),
    ("no way to start", TypeError, ["3"], lambda L, t: L.utils.data.DataLoader([1], num_workers=1, multiprocessing_context=3)),
    ("a way to start none", ValueError, ["num_workers=0"], lambda L, t: setattr(L.utils.data.DataLoader([1]), "multiprocessing_context", "spawn")),
    ("index of a scalar", IndexError, ["0-dim"], lambda L, t: t.scalar[0]),
    ("advanced index", IndexError, ["7", "out of (range|bounds)"], lambda L, t: t.row[t.far]),
    ("mask of another shape", IndexError, ["mask"], lambda L, t: t.x[L.tensor([True, False, True])]),
    ("assignment", (RuntimeError, IndexError), ["2", "3"], lambda L, t: t.x.__setitem__(0, t.pair)),
    ("dim", IndexError, ["Dimension out of range", "2"], lambda L, t: t.x.sum(dim=2)),
    ("dim twice", RuntimeError, ["0"], lambda L, t: t.x.sum(dim=(0, 0))),
    ("gather", RuntimeError, ["7|index"], lambda L, t: t.row.gather(0, t.far)),
    ("scatter_add_", RuntimeError, ["7|index"], lambda L, t: t.row.scatter_add_(0, t.far, t.pair)),
    ("index_select", IndexError, ["index"], lambda L, t: t.row.index_select(0, t.far)),
    ("embedding", IndexError, ["index"], lambda L, t: F(L).embedding(t.far, t.x)),
    ("one_hot", RuntimeError, ["class"], lambda L, t: F(L).one_hot(t.far, 3)),
    ("topk", RuntimeError, ["k", "9|range"], lambda L, t: t.row.topk(9)),
    ("split", RuntimeError, ["split", "4|3"], lambda L, t: t.row.split([1, 1])),
    ("narrow", RuntimeError, ["start|narrow", "length|range|exceed"], lambda L, t: t.row.narrow(0, 2, 5)),
    ("as_strided", RuntimeError, ["as_strided|setStorage|storage"], lambda L, t: t.row.as_strided((9,), (1,))),
    ("as_strided backwards", RuntimeError, ["stride|negative|offset"], lambda L, t: t.row.as_strided((2,), (-1,), 1)),
    ("unfold", RuntimeError, ["size|unfold", "9"], lambda L, t: t.row.unfold(0, 9, 1)),
    # sizes
    ("negative size", RuntimeError, ["negative", "-1"], lambda L, t: L.zeros(-1)),
    ("size too large", RuntimeError, [], lambda L, t: L.zeros(HUGE, HUGE)),
    ("size beyond int64", (RuntimeError, TypeError), [], lambda L, t: L.zeros(2**64)),
    ("arange that never ends", RuntimeError, ["arange|step", ""], lambda L, t: L.arange(0, 1, -1)),
    ("arange step 0", RuntimeError, ["step"], lambda L, t: L.arange(0, 1, 0)),
    ("arange to infinity", RuntimeError, ["arange|finite|unsupported range", "inf"], lambda L, t: L.arange(0, float("inf"))),
    ("eye", RuntimeError, ["-1"], lambda L, t: L.eye(-1)),
    ("linspace", RuntimeError, ["steps"], lambda L, t: L.linspace(0, 1, -1)),
    ("randperm", RuntimeError, ["-1|negative|non-negative"], lambda L, t: L.randperm(-1)),
    ("randint", RuntimeError, ["from|random_|low"], lambda L, t: L.randint(5, 5, (2,))),
    ("repeat", RuntimeError, ["repeat|dimension"], lambda L, t: t.x.repeat(2)),
    ("negative repeat", RuntimeError, ["negative|-1"], lambda L, t: t.row.repeat(-1)),
    ("pad", RuntimeError, ["[Pp]ad|negative"], lambda L, t: F(L).pad(t.row, (-2, -2))),
    ("pad reflect", RuntimeError, ["[Pp]adding"], lambda L, t: F(L).pad(L.zeros(1, 2, 3), (3, 3), mode="reflect")),
    ("dropout", ValueError, ["dropout", "2"], lambda L, t: F(L).dropout(t.x, 2.0)),
    ("bernoulli", RuntimeError, ["bernoulli|p"], lambda L, t: L.bernoulli(t.x)),
    ("multinomial", RuntimeError, [], lambda L, t: L.multinomial(t.pair, 5)),
    ("SGD rate", ValueError, ["learning rate", "-1"], lambda L, t: L.optim.SGD([t.leaf], lr=-1)),
    ("an optimizer of nothing", ValueError, ["empty"], lambda L, t: L.optim.Adam([])),
    ("an optimizer of what is no leaf", ValueError, ["leaf"], lambda L, t: L.optim.Adam([t.leaf * 2])),
    # reductions over nothing
    ("max of nothing", RuntimeError, ["max", "dim"], lambda L, t: t.empty.max()),
    ("argmax of nothing", (IndexError, RuntimeError), ["argmax"], lambda L, t: t.empty.argmax()),
    ("amax of nothing", (IndexError, RuntimeError), ["amax"], lambda L, t: t.empty.amax(0)),
    ("item of many", RuntimeError, ["item|converted to Scalar", "6"], lambda L, t: t.x.item()),
    ("bool of many", RuntimeError, ["Boolean", "ambiguous"], lambda L, t: bool(t.x)),
    ("len of a scalar", TypeError, ["0-d"], lambda L, t: len(t.scalar)),
    ("iteration of a scalar", TypeError, ["0-d"], lambda L, t: iter(t.scalar)),
    # memory
    ("writing to an expanded tensor", RuntimeError, ["clone"], lambda L, t: t.wide.add_(1)),
    ("copying to an expanded tensor", RuntimeError, ["clone"], lambda L, t: t.wide.copy_(L.ones(4, 3))),
    ("out that requires grad", RuntimeError, ["out="], lambda L, t: L.exp(t.x, out=t.leaf)),
    ("out of another dtype", RuntimeError, ["Float", "Long"], lambda L, t: L.exp(t.row, out=t.whole)),
    # the graph
    ("a freed graph", RuntimeError, ["second time", "retain_graph"], freed),
    ("an overwritten value", RuntimeError, ["inplace|in-place", "modified"], overwritten),
    ("in-place on a leaf", RuntimeError, ["leaf", "in-place"], lambda L, t: t.leaf.add_(1)),
    ("in-place on a view of a leaf", RuntimeError, ["leaf", "in-place"], lambda L, t: t.leaf[0].mul_(2)),
    ("assignment to a leaf", RuntimeError, ["leaf", "in-place"], lambda L, t: t.leaf.__setitem__(0, 1.0)),
    ("backward of what has no graph", RuntimeError, ["does not require grad"], lambda L, t: t.x.sum().backward()),
    ("a gradient of another shape", RuntimeError, ["shape|[Mm]ismatch"], lambda L, t: (t.leaf * 2).backward(t.pair)),
    ("grad of what was not used", RuntimeError, ["allow_unused"],
     lambda L, t: L.autograd.grad((t.leaf * 2).sum(), L.ones(2, requires_grad=True))),
    ("grad of what needs none", RuntimeError, ["does not require grad|not require"],
     lambda L, t: L.autograd.grad((t.leaf * 2).sum(), t.x)),
    ("requires_grad of no leaf", RuntimeError, ["leaf", "detach"], lambda L, t: setattr(t.leaf * 2, "requires_grad", False)),
    ("numpy of what requires grad", RuntimeError, ["detach"], lambda L, t: t.leaf.numpy()),
    ("an assigned grad of another shape", RuntimeError, ["size"], lambda L, t: setattr(t.leaf, "grad", t.pair)),
    ("an assigned grad of no tensor", TypeError, ["Tensor"], lambda L, t: setattr(t.leaf, "grad", 1.0)),
    ("deepcopy of no leaf", RuntimeError, ["leaves|leaf"], lambda L, t: __import__("copy").deepcopy(t.leaf * 2)),
    ("instance_norm", RuntimeError, ["running_mean", "2", "3"], lambda L, t: F(L).instance_norm(L.zeros(1, 2, 4), t.row, t.row)),
    ("instance_norm's weight", RuntimeError, ["weight|normal"], lambda L, t: F(L).instance_norm(L.zeros(1, 3, 4), t.row, t.row, t.pair)),
    # numbers that a dtype cannot hold
    ("full", RuntimeError, ["1e\\+40", "float32", "overflow"], lambda L, t: L.full((2,), 1e40)),
    ("full of half precision", RuntimeError, ["100000", "float16"], lambda L, t: L.full((2,), 100000, dtype=L.float16)),
    ("fill_", RuntimeError, ["1000", "int8"], lambda L, t: L.ones(2, dtype=L.int8).fill_(1000)),
    ("masked_fill", RuntimeError, ["1e\\+40"], lambda L, t: t.x.masked_fill(t.x > 0, 1e40)),
    ("alpha", RuntimeError, ["1e\\+40"], lambda L, t: L.add(t.x, t.x, alpha=1e40)),
    ("clamp_", RuntimeError, ["1e\\+40"], lambda L, t: t.x.clamp_(max=1e40)),
    ("addcmul_", RuntimeError, ["1e\\+40"], lambda L, t: t.x.addcmul_(t.x, t.x, value=1e40)),
    ("a complex slope", RuntimeError, ["1j", "float32"], lambda L, t: F(L).leaky_relu(t.x, 1j)),
    ("text first", ValueError, ["text", "too many dimensions 'str'"], lambda L, t: L.tensor(["text", 1])),
    ("text later", TypeError, ["text"], lambda L, t: L.tensor([1, "text"])),
    ("broadcast_shapes of negative sizes", ValueError, ["broadcast_shapes", "-2"], lambda L, t: L.broadcast_shapes((1, 3), (-2, 1))),
    ("broadcast_shapes of text", TypeError, ["ab"], lambda L, t: L.broadcast_shapes((1, 3), "ab")),
    ("an int of 65 bits", OverflowError, [str(2**64), "64 bits"], lambda L, t: t.x + 2**64),
    ("an int of 65 bits, assigned", ValueError, [str(2**64), "64 bits"], lambda L, t: t.x.__setitem__(0, 2**64)),
]  # fmt: skip


def state(t):
    return {
        name: (x.array.tobytes(), tuple(x.shape), x._version, x.requires_grad, x.grad_fn,
               None if x.grad is None else (id(x.grad), x.grad.array.tobytes()))
        for name, x in (vars(t) | t.linear.state_dict()).items() if isinstance(x, lucid.Tensor)
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(("exception", "words", "call"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_bad_call_is_refused(exception, words, call):
    t = material(lucid)
    before, random = state(t), lucid.get_rng_state().tolist()
    with pytest.raises(exception) as raised:
        call(lucid, t)
    for word in words:
        raised.match(word)
    assert str(raised.value).strip()
    assert state(t) == before
    assert lucid.get_rng_state().tolist() == random


@pytest.mark.parametrize(
    "made",
    [
        lambda **to: lucid.nn.Linear(1, 1, **to), lambda **to: lucid.nn.Conv2d(1, 1, 1, **to),
        lambda **to: lucid.nn.BatchNorm1d(1, **to), lambda **to: lucid.nn.Embedding(1, 1, **to),
        lambda **to: lucid.nn.LSTM(1, 1, **to), lambda **to: lucid.nn.PReLU(**to),
        lambda **to: lucid.nn.TransformerDecoderLayer(2, 1, 2, **to),
    ],
)  # fmt: skip
def test_modules_refuse_another_device(made):
    made(device="cpu")
    with pytest.raises(RuntimeError, match="cuda"):
        made(device="cuda")


@pytest.mark.parametrize("call", [
    lambda x, held: x.flip(held), lambda x, held: x.reshape(held), lambda x, held: lucid.zeros(held), lambda x, held: lucid.cat(held),
    lambda x, held: lucid.tensor(held), lambda x, held: lucid.sum(x, dim=held), lambda x, held: lucid.add(x, x, out=held),
    lambda x, held: lucid.stack([x, held]), lambda x, held: lucid.where(x > 0, x, held),
])  # fmt: skip
@pytest.mark.parametrize("depth", [0, 10_000])
def test_lists_that_hold_themselves_or_many_lists_are_refused(call, depth):
    held = []
    if depth:
        for _ in range(depth):
            held = [held]
    else:
        held.append(held)
    for x in (lucid.ones(2), lucid.ones(2, requires_grad=True), lucid.ones(2, dtype=lucid.float16)):
        with pytest.raises(RecursionError, match="nested too deeply"):
            call(x, held)


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("first of size 3", lambda: lucid.cross(lucid.ones(3, 2), lucid.ones(3, 2))),
        ("which indexing", lambda: lucid.meshgrid(lucid.ones(2), lucid.ones(3))),
        ("window", lambda: lucid.stft(lucid.ones(9), 4, return_complex=True)),
        ("deprecated", lambda: lucid.stft(lucid.ones(9), 4, window=lucid.ones(4), return_complex=False)),
    ],
)
def test_what_may_be_meant_otherwise_is_warned_of(words, call):
    with pytest.warns(UserWarning, match=words) as seen:
        call()
    assert [one.filename for one in seen] == [__file__]


@pytest.mark.parametrize("call", [lambda x, o: x.cos_(out=o), lambda x, o: lucid.cos_(x, out=o), lambda x, o: x.add_(1, out=o)])
def test_in_place_nothing_is_written_elsewhere(call):
    x, o = lucid.zeros(2), lucid.full((2,), 7.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        call(x, o)
    assert x.tolist() == [0.0, 0.0] and o.tolist() == [7.0, 7.0]
