"""Programs that PyTorch exports, run by Lucid: some of `python -m conformance exported`, and that it can fail."""

import copy
import io

import pytest
import torch
from torch import nn

import lucid
from conformance import exported
from lucid.export import aten, operators
from lucid.jit import operators as compiled

pytestmark = pytest.mark.filterwarnings("ignore")  # of PyTorch's exporter
NETWORKS = {name: rest for name, *rest in exported.networks()}
# In which forms PyTorch writes them: it traces no keywords, and compiles neither them nor `torch.cond`.
WRITTEN = {name: exported.FORMS if name.startswith("pictures") else exported.FORMS[:2] for name in NETWORKS}
FUNCTIONS = ["add", "nn.functional.max_unpool2d", "nn.functional.elu", "nn.functional.binary_cross_entropy", "linalg.det", "fft.irfft", "index_put", "bernoulli"]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network(name):
    module, args, kwargs, sizes = NETWORKS[name]
    outcomes = [exported.judged(name, written, args, kwargs) for written in exported.forms(module, args, kwargs, sizes)]
    assert {(one.form, one.verdict) for one in outcomes} == {(form, "same") for form in WRITTEN[name]}


def test_functions():
    outcomes = list(exported.outcomes(FUNCTIONS))
    assert {one.name for one in outcomes} == set(FUNCTIONS) and all(one.verdict == "same" for one in outcomes), outcomes


@pytest.mark.parametrize(
    ("function", "verdict"), [(lambda *args: lucid.add(*args) * 1.01, "differs"), (lambda *args: lucid.add(*args).double(), "differs"), (None, "NotImplementedError")]
)  # fmt: skip
def test_a_fault_is_seen(monkeypatch, function, verdict):
    if function is None:
        monkeypatch.setattr(aten, "_found", lambda name: None)
    else:
        monkeypatch.setitem(operators.OTHERS, "add", function)
    monkeypatch.setitem(compiled.TENSORS, "add", function or compiled._lacking("torch.add"))
    outcomes = list(exported.outcomes(["add"]))
    assert {one.form for one in outcomes} == set(exported.FORMS[:3]) and all(one.verdict.startswith(verdict) for one in outcomes)


def test_sizes_that_may_differ_and_gradients():
    module, args, kwargs, sizes = NETWORKS["pictures"]
    program = torch.export.export(module, args, kwargs, dynamic_shapes=sizes)
    file = io.BytesIO()
    torch.export.save(program, file)
    mine, theirs = lucid.export.load(file).module(), program.module()
    x = torch.randn(5, 3, 16, 16)
    theirs(x)["scores"].square().sum().backward()
    mine(lucid.from_numpy(x.numpy()))["scores"].square().sum().backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in mine.named_parameters():
        torch.testing.assert_close(torch.from_numpy(parameter.grad.numpy()), expected[name].grad, rtol=1e-4, atol=1e-6)
    with pytest.raises(AssertionError, match=r"size\(\)\[2\] == 16"):
        mine(lucid.randn(5, 3, 15, 16))


# Overloads of a name that are other functions: of numbers and lists, of packed sequences, into another dtype.
APART = {"addmm.dtype", "baddbmm.dtype", "bmm.dtype", "mm.dtype", "gru.data", "lstm.data", "rnn_relu.data", "rnn_tanh.data", "resize_as", "view_copy.dtype"}  # fmt: skip


def test_arguments_are_taken_by_name():
    """An operator's argument is never another one of the function here: all names of all overloads are known, or refused."""
    taken, refused = set(), set()
    for name in sorted({one.partition("::")[2].partition(".")[0] for one in torch._C._dispatch_get_all_op_names() if one.startswith("aten::")}):
        for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
            overload, arguments = schema.overload_name, schema.arguments
            of_tensors = any("Tensor" in str(one.type) for one in (*arguments, *schema.returns))
            if not of_tensors or any(one.is_out for one in arguments) or "Dimname" in str(schema) or name.startswith("_foreach"):
                continue
            try:
                function = aten.function_of(f"torch.ops.aten.{name}.{overload or 'default'}")
            except NotImplementedError:
                continue
            try:
                aten.bound(function, [(one.name, None) for one in arguments])
                taken.add(f"{name}.{overload}")
            except NotImplementedError:
                refused.add(f"{name}.{overload}".removesuffix("."))
    assert len(taken) > 1000
    assert {one for one in refused if not one.startswith(("copy_.", "index.", "eq.", "ne.", "sort.", "select."))} == APART


class Plain(nn.Module):
    def forward(self, x):
        return x.sin()


def test_what_pytorch_does_not_export_is_left_out():
    class Refused(nn.Module):
        def forward(self, x):
            return x.item() if x.item() > 0 else None

    assert [one.form for one in exported.forms(Refused(), (torch.zeros(()),))] == ["jit.script"]
    assert [one.form for one in exported.forms(Plain(), (torch.ones(2),))] == list(exported.FORMS)


@pytest.mark.parametrize("name", ["pictures", "words", "branches"])
@pytest.mark.parametrize("decomposed", [False, True])
def test_pytorch_reads_what_lucid_saved(name, decomposed):
    """Weights are the present ones; which memory they share, and how they lie in it, is as it was."""
    module, args, kwargs, sizes = copy.deepcopy(NETWORKS[name])
    module.register_buffer("whole", torch.arange(6.0).view(2, 3).bfloat16())
    module.register_buffer("part", module.whole.t()[1:])
    theirs = torch.export.export(module, args, kwargs, dynamic_shapes=sizes)
    theirs = theirs.run_decompositions() if decomposed else theirs
    file, written = io.BytesIO(), io.BytesIO()
    torch.export.save(theirs, file)
    program = lucid.export.load(file)
    for one in theirs.module().parameters():
        one.detach().mul_(1.25)
    for one in program.module().parameters():
        one.detach().mul_(1.25)
    lucid.export.save(program, written, extra_files={"notes": "1.25"})
    notes = {"notes": ""}
    written.seek(0)
    again = torch.export.load(written, extra_files=notes)
    assert notes == {"notes": "1.25"} and again.graph_signature == theirs.graph_signature
    for key, one in theirs.state_dict.items():
        found = again.state_dict[key]
        layout = lambda x: (type(x), x.dtype, x.shape, x.stride(), x.storage_offset(), x.requires_grad, x.untyped_storage().nbytes())
        assert torch.equal(one, found) and layout(one) == layout(found), key
    assert again.state_dict["part"].data_ptr() == again.state_dict["whole"].data_ptr() + 2
    expected, found = (list(exported.leaves(one.module()(*args, **kwargs))) for one in (theirs, again))
    assert all(a is b or torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(expected, found, strict=True))
