"""Layers: recurrent networks and packed sequences, adaptive softmax, edge sizes."""

from __future__ import annotations

from . import program, raised


@program("nn.AdaptiveLogSoftmaxWithLoss")
def an_adaptive_softmax(lib):
    make = lib.nn.AdaptiveLogSoftmaxWithLoss
    lib.manual_seed(0)
    m = make(8, 10, [3, 6], div_value=2.0)
    x = lib.arange(40.0).reshape(5, 8).sin() * 3
    yield repr(m), m.cutoffs, m.shortlist_size, m.n_clusters, m.head_size, list(m.state_dict())
    found = m(x, lib.tensor([0, 2, 3, 6, 9]))
    yield type(found).__name__, found._fields, found.output, found.loss, m.log_prob(x), m.predict(x), m.predict(x * 0), m.predict(x[:0])
    for head in (lib.tensor([9.0, 0, 0, 0, 0]), lib.tensor([0, 0, 0, 0, 9.0])):  # all common, all rare
        with lib.no_grad():
            m.head.weight.copy_(head[:, None].expand(5, 8))
        yield m.predict(lib.ones(3, 8))
    m.reset_parameters()
    yield m.tail[1][0].weight
    for wrong in ([], [0, 3], [3, 3], [6, 3], [3, 10], [2.5]):
        yield raised(make, 8, 10, wrong)
    for args in ((x, lib.tensor([0, 1])), (x[0], lib.tensor([0])), (x, lib.tensor(0)), (x[:1], lib.tensor([[0]])),
                 (x[:1], lib.tensor([10])), (x[:1], lib.tensor([-1]))):  # fmt: skip
        yield raised(m, *args)


@program("nn.LinearCrossEntropyLoss", "nn.LinearCrossEntropyOptions")
def a_linear_layer_with_its_loss(lib):
    nn = lib.nn
    Options = nn.LinearCrossEntropyOptions
    yield repr(Options()), Options(batch_chunk_size=2) == Options(False, 2), Options().chunking_method, raised(setattr, Options(), "acc_policy", "x")
    for wrong in ({"acc_policy": "x"}, {"chunking_method": "y"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0},
                  {"acc_dtype": lib.int32}, {"acc_dtype": lib.float16}, {"chunking_method": "aspect_ratio:2"}):  # fmt: skip
        yield raised(Options, **wrong)
    lib.manual_seed(0)
    x = lib.arange(12.0).reshape(4, 3).sin().requires_grad_()
    for options in (None, Options(batch_chunk_size=2), Options(chunking_method="aspect_ratio")):
        m = nn.LinearCrossEntropyLoss(3, 5, bias=True, weight=lib.arange(1.0, 6), options=options)
        yield repr(m), list(m.state_dict()), [name for name, _ in m.named_parameters()]
        x.grad = None
        loss = m(x, lib.tensor([0, 4, -100, 2]))
        loss.backward()
        yield loss, x.grad, m.linear.weight.grad, m.linear.bias.grad
    yield raised(nn.LinearCrossEntropyLoss, 3, 5, weight=lib.ones(4)), raised(nn.LinearCrossEntropyLoss, 3, 5, label_smoothing=2)


@program("nn.utils.rnn.PackedSequence", "nn.utils.rnn.invert_permutation", "nn.utils.rnn.pack_padded_sequence",
         "nn.utils.rnn.pack_sequence", "nn.utils.rnn.pad_packed_sequence", "nn.utils.rnn.pad_sequence",
         "nn.utils.rnn.unpack_sequence", "nn.utils.rnn.unpad_sequence")  # fmt: skip
def sequences_of_several_lengths(lib):
    rnn = lib.nn.utils.rnn
    yield rnn.invert_permutation(lib.tensor([2, 0, 3, 1])), rnn.invert_permutation(None)
    rows = [lib.arange(float(n * 2)).reshape(n, 2) + n for n in (2, 4, 1, 4)]
    for first in (False, True):
        for side in ("right", "left"):
            yield rnn.pad_sequence(rows, first, -1.0, side)
    yield rnn.pad_sequence(iter(rows)).shape, raised(rnn.pad_sequence, []), raised(rnn.pad_sequence, 3), raised(rnn.pad_sequence, rows, padding_side="x")
    yield raised(rnn.pad_sequence, [lib.ones(2, 1), lib.ones(1, 2)])
    padded, lengths = rnn.pad_sequence(rows, True).requires_grad_(), lib.tensor([2, 4, 1, 4])
    packed = rnn.pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    yield list(packed), type(packed).__name__, packed._fields, packed.is_cuda
    for first, value, total in ((True, 0.0, None), (False, 9.0, 6)):
        yield rnn.pad_packed_sequence(packed, first, value, total)
    (rnn.pad_packed_sequence(packed)[0] * lib.arange(8.0).reshape(4, 2)[:, None]).sum().backward()
    yield padded.grad, raised(rnn.pad_packed_sequence, packed, total_length=3)
    yield rnn.unpack_sequence(packed), rnn.unpad_sequence(padded, lengths, batch_first=True)
    ordered = [rows[i] for i in (1, 3, 0, 2)]
    yield list(rnn.pack_sequence(ordered)), raised(rnn.pack_sequence, rows), list(rnn.pack_sequence(rows, enforce_sorted=False))
    yield list(rnn.pack_padded_sequence(lib.ones(5, 2, 1), [3, 1])), raised(rnn.pack_padded_sequence, lib.ones(5, 2, 1), [3, 0])
    yield raised(rnn.pack_padded_sequence, lib.ones(5, 2, 1), [3])
    yield list(packed.double()), packed.to(lib.float32) is packed, packed.long().data.dtype, packed.half().data.dtype, packed.cpu() is packed
    yield [getattr(packed, name)().data.dtype for name in ("float", "int", "short", "char", "byte")], packed.is_pinned()
    yield list(rnn.PackedSequence((lib.ones(3), lib.tensor([2, 1])))), raised(rnn.PackedSequence, lib.ones(3))


@program("nn.LSTM", "nn.GRU", "nn.RNN")
def recurrent_networks_of_packed_sequences(lib):
    nn, rnn = lib.nn, lib.nn.utils.rnn
    rows = [(lib.arange(float(n * 3)).reshape(n, 3) + n).sin() for n in (2, 4, 1, 4, 3)]
    for make in (nn.LSTM, nn.GRU, nn.RNN, lambda *a, **k: nn.LSTM(*a, proj_size=1, **k)):
        for settings in ({}, {"num_layers": 2, "bidirectional": True, "dropout": 0.5}, {"batch_first": True, "bidirectional": True}):
            lib.manual_seed(0)
            net = make(3, 2, **settings)
            packed = rnn.pack_sequence(rows, enforce_sorted=False)
            packed.data.requires_grad_()
            out, last = net(packed)
            states = last if isinstance(last, tuple) else (last,)
            yield type(out).__name__, list(out), list(states)
            (out.data.pow(2).sum() + sum(one.pow(3).sum() for one in states)).backward()
            yield packed.data.grad, [p.grad for p in net.parameters()]
            net.eval()
            first = [lib.arange(float(one.numel())).reshape(one.shape).cos() for one in states]
            out, last = net(packed, tuple(first) if isinstance(last, tuple) else first[0])
            yield rnn.pad_packed_sequence(out), last
            yield net(rnn.pack_sequence(rows[1:2]))[1], raised(net, packed, tuple(one[:, 1:] for one in first))
    yield raised(nn.GRU(4, 2), packed), raised(nn.GRU(3, 2), rnn.PackedSequence(lib.ones(3), lib.tensor([2, 1])))


@program("nn.utils.rnn.pack_padded_sequence")
def a_length_beyond_the_input(lib):
    yield raised(lib.nn.utils.rnn.pack_padded_sequence, lib.ones(5, 2, 1), [6, 1])


@program("nn.RNNBase", "nn.RNNCellBase")
def what_recurrent_modules_stand_on(lib):
    lib.manual_seed(0)
    made = lib.nn.RNNBase("LSTM", 3, 4, num_layers=2, bidirectional=True, bias=True)
    yield dict(made.named_parameters()), made.mode, made.hidden_size, made.num_layers, made.bidirectional
    yield raised(lib.nn.RNNBase, "GRU", 3, 0), raised(lib.nn.RNNBase, "other", 3, 4), raised(lib.nn.RNNBase, "GRU", 3, 4, dropout=2)
    cell = lib.nn.RNNCellBase(3, 4, bias=False, num_chunks=2)
    yield {name: one.shape for name, one in cell.named_parameters()}, isinstance(lib.nn.GRUCell(2, 2), lib.nn.RNNCellBase)
    yield isinstance(lib.nn.LSTM(2, 2), lib.nn.RNNBase), isinstance(lib.nn.RNNCell(2, 2), lib.nn.RNNCellBase)


@program("nn.Conv1d", "nn.Conv2d", "nn.Conv3d")
def convolutions_with_another_weight(lib):
    class Halved(lib.nn.Conv2d):
        def _conv_forward(self, input, weight, bias):
            return super()._conv_forward(input, weight / 2, bias)

    for dims, make in enumerate((lib.nn.Conv1d, lib.nn.Conv2d, lib.nn.Conv3d), 1):
        for mode in ("zeros", "circular"):
            conv, x = make(2, 3, 3, padding=1, stride=2, padding_mode=mode), lib.linspace(-1, 1, 2 * 5**dims).reshape(1, 2, *[5] * dims)
            yield conv._conv_forward(x, lib.linspace(0, 1, conv.weight.numel()).reshape(conv.weight.shape), lib.ones(3))
            yield conv._conv_forward(x, lib.ones(3, 2, *[3] * dims), None)
    lib.manual_seed(0)
    yield Halved(2, 3, 3)(lib.ones(1, 2, 5, 5))


@program("nn.functional.embedding_bag")
def the_last_bag_and_its_end(lib):
    table, index = lib.arange(10.0).reshape(5, 2), lib.tensor([0, 1, 2, 3])
    for mode in ("sum", "max"):
        for padding in (None, 1):
            yield lib.nn.functional.embedding_bag(index, table, lib.tensor([0, 1, 3]), include_last_offset=True, mode=mode, padding_idx=padding)
    yield lib.nn.functional.embedding_bag(index, table, lib.tensor([0, 1, 3]), include_last_offset=True, mode="mean", padding_idx=4)


@program("nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d", "nn.functional.adaptive_max_pool2d", "nn.functional.adaptive_max_pool3d")
def pools_of_nothing(lib):
    F = lib.nn.functional
    for kind in ("avg", "max"):
        for n, shape in ((1, (0, 4)), (1, (2, 0, 4)), (1, (0, 2, 4)), (2, (0, 4, 4)), (2, (2, 0, 4, 4)), (2, (2, 3, 0, 4)), (3, (0, 4, 4, 4)), (3, (2, 0, 4, 4, 4))):
            pool = getattr(F, f"adaptive_{kind}_pool{n}d")
            error = raised(pool, lib.ones(shape), 2)
            yield error, "" if error else pool(lib.ones(shape), 2).shape


@program("nn.functional.nll_loss")
def scores_without_dimensions(lib):
    for target in (lib.tensor(1.0), lib.ones(1), lib.tensor(0)):
        yield raised(lib.nn.functional.nll_loss, lib.tensor(1.0), target, reduction="none")


@program("nn.functional.group_norm", "nn.functional.interpolate")
def sizes_that_make_no_sense(lib):
    F = lib.nn.functional
    for shape, groups in (((1, 10, 1), 10), ((2, 10, 1), 10), ((1, 10, 2), 10), ((1, 2), 2), ((1, 2, 1, 1), 1)):
        yield raised(F.group_norm, lib.ones(shape), groups)
    x = lib.ones(1, 1, 4, 4)
    for given in ({"scale_factor": 1e20}, {"scale_factor": -1e20}, {"size": 8.0}, {"size": lib.tensor(8.0)}):
        yield raised(F.interpolate, x, mode="bilinear", **given)


@program("nn.LSTM", "nn.RNNBase.all_weights")
def weights_of_a_recurrent_network_in_order(lib):
    net = lib.nn.LSTM(2, 3, 2, bidirectional=True, proj_size=1)
    yield net._flat_weights_names, net._all_weights, [one.shape for one in net._flat_weights]
    yield all(one is getattr(net, name) for one, name in zip(net._flat_weights, net._flat_weights_names))


@program("nn.TransformerEncoderLayer", "nn.TransformerDecoderLayer")
def blocks_of_layers_are_called_and_replaced(lib):
    nn, x, memory = lib.nn, lib.randn(5, 2, 4), lib.randn(3, 2, 4)
    mask = lib.ones(5, 5, dtype=lib.bool).triu(1)
    for norm_first in (False, True):
        coder, decoder = nn.TransformerEncoderLayer(4, 2, 8, 0.5, norm_first=norm_first), nn.TransformerDecoderLayer(4, 2, 8, 0.5, norm_first=norm_first)
        for layer in (coder, decoder):
            with lib.no_grad():
                for one in layer.parameters():
                    one.copy_(lib.rand(one.shape))
            layer.eval()
            yield layer._sa_block(x, mask, None), layer._ff_block(x)
        yield decoder._mha_block(x, memory, None, lib.tensor([[False, False, True]] * 2)), coder(x, mask), decoder(x, memory, mask)
        coder.train(), decoder.train()
        coder._sa_block = lambda x, attn_mask, key_padding_mask, is_causal=False: x * 2
        decoder._mha_block = lambda x, mem, attn_mask, key_padding_mask, is_causal=False: mem.mean(0)
        coder._ff_block = decoder._ff_block = decoder._sa_block = lambda x, *rest, **named: x + 1
        yield coder(x), decoder(x, memory)


@program("nn.ConstantPad2d", "nn.ZeroPad1d", "nn.ReflectionPad2d", "nn.ReplicationPad3d", "nn.CircularPad1d")
def classes_that_packages_ask_for(lib):
    nn, found = lib.nn, lib.nn.modules.padding
    pads = nn.ConstantPad2d(1, 0.0), nn.ZeroPad1d(1), nn.ReflectionPad2d(1), nn.ReplicationPad3d(1), nn.CircularPad1d(1)
    for kind in (found._ConstantPadNd, found._ReflectionPadNd, found._ReplicationPadNd, found._CircularPadNd):
        yield [isinstance(pad, kind) for pad in pads]
    yield issubclass(lib.jit.TracerWarning, Warning)


@program("nn.functional.scaled_dot_product_attention")
def attention_lies_in_memory_as_its_query(lib):
    attend = lib.nn.functional.scaled_dot_product_attention
    lib.manual_seed(0)
    plain = lib.randn(2, 3, 5, 8)
    q, k, v = (x.view(2, 5, 3, 8).transpose(1, 2) for x in lib.randn(2, 5, 72).chunk(3, -1))
    seen = lib.ones(5, 5, dtype=lib.bool).tril()
    for args in (
        (q, k, v), (q, plain, plain), (plain, k, v), (plain.permute(1, 0, 2, 3)[:2], k[:, :2], v[:, :2]), (q.double(), k.double(), v.double()), (q, k[:, :, :3], v[:, :, :3]),
        (q, k, v, seen), (q, k, v, lib.zeros(3, 5, 5)), (q, k, v, lib.zeros(2, 1, 1, 5)), (q, k, v, lib.zeros(5, 5, requires_grad=True)),
        (q, k, v[..., :4]), (q, k[:, :1], v[:, :1]), (q, k[:, :1].expand(2, 3, 5, 8), v[:, :1].expand(2, 3, 5, 8)), (q[:1], k, v), (q[:1], k[:1], v[:1]),
        (q[:1].expand(2, 3, 5, 8), k, v), (q[:, :1].expand(2, 3, 5, 8), k, v), (q[0], k[0], v[0]), (q, k, plain.transpose(2, 3).contiguous().transpose(2, 3)),
        (q, k[:, :, :0], v[:, :, :0]), (q[:, :, :0], k, v),
    ):  # fmt: skip
        out = attend(*args)
        yield out, out.stride()
    for dtype in (lib.half, lib.bfloat16):
        yield attend(q.to(dtype), k.to(dtype), v.to(dtype), is_causal=True).stride()
    with lib.nn.attention.sdpa_kernel(lib.nn.attention.SDPBackend.MATH):
        yield attend(q, k, v).stride()
    yield attend(q, k, v, is_causal=True, scale=0.3), attend(q, k, v, dropout_p=0.5).stride(), attend(q, k, v, is_causal=True).transpose(1, 2).view(2, 5, 24)
    yield attend(q, k[:, :1], v[:, :1], enable_gqa=True), attend(q, k[:, :1], v[:, :1], enable_gqa=True).stride()
    q, k, v = (x.detach().requires_grad_() for x in (q, k, v))
    out = attend(q, k, v, seen)
    yield out.stride(), lib.autograd.grad(out.transpose(1, 2).view(2, 5, 24).square().sum(), (q, k, v))
    yield lib.func.vmap(lambda m: attend(q.detach(), k.detach(), v.detach(), m))(lib.stack((seen, ~seen.t())))
