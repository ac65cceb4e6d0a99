"""Exported programs: files written by hand as PyTorch writes them, and every way in which they may be wrong.

That files of PyTorch's own run, and give what PyTorch gives, is judged by `conformance/exported.py`.
"""

import contextlib
import copy
import io
import json
import weakref
import zipfile

import numpy as np
import pytest

import lucid
from lucid import export

BATCH = {"as_expr": {"expr_str": "Symbol('s0', positive=True, integer=True)", "hint": {"as_int": 2}}}
LEAF = {"type": None, "context": None, "children_spec": []}


def tensor(name):
    return {"as_tensor": {"name": name}}


def meta(*sizes, dtype=7):
    sizes = [size if isinstance(size, dict) else {"as_int": size} for size in sizes]
    return {"dtype": dtype, "sizes": sizes, "requires_grad": False, "device": {"type": "cpu", "index": None}, "strides": [],
            "storage_offset": {"as_int": 0}, "layout": 7}  # fmt: skip


def node(target, results, **arguments):
    """A call; what is no dictionary is the name of a tensor."""
    inputs = [{"name": name, "arg": one if isinstance(one, dict) else tensor(one), "kind": 1} for name, one in arguments.items()]
    return {"target": f"torch.ops.{target}", "inputs": inputs, "outputs": [tensor(name) for name in results], "metadata": {}}


def graph(inputs, nodes, outputs, values=None):
    return {"inputs": inputs, "outputs": outputs, "nodes": nodes, "tensor_values": values or {}, "sym_int_values": {},
            "sym_bool_values": {}, "is_single_tensor_return": False}  # fmt: skip


def sequence(*parts, kind="tuple", context=None):
    return {"type": f"builtins.{kind}", "context": json.dumps(context), "children_spec": list(parts)}


def payload(name, array, **changes):
    strides = [step // array.itemsize for step in array.strides]
    described = {**meta(*array.shape), "strides": [{"as_int": step} for step in strides], "requires_grad": True, **changes}
    return {"path_name": name, "is_param": True, "use_pickle": False, "tensor_meta": described}


RNG = np.random.default_rng(0)
WEIGHT, BIAS = RNG.standard_normal((3, 4)).astype("float32"), RNG.standard_normal(3).astype("float32")


def program():
    """A linear layer, leaky_relu, and a buffer that counts calls."""
    inputs = [tensor(name) for name in ("p_weight", "p_bias", "b_calls", "x")]
    nodes = [
        node("aten.add.Tensor", ["add"], self="b_calls", other={"as_int": 1}),
        node("aten.linear.default", ["linear"], input="x", weight="p_weight", bias="p_bias"),
        node("aten.leaky_relu.default", ["leaky"], self="linear", negative_slope={"as_float": 0.1}),
    ]
    values = {"x": meta(BATCH, 4), "leaky": meta(BATCH, 3)}
    specs = [
        {"parameter": {"arg": {"name": "p_weight"}, "parameter_name": "layer.weight"}},
        {"parameter": {"arg": {"name": "p_bias"}, "parameter_name": "layer.bias"}},
        {"buffer": {"arg": {"name": "b_calls"}, "buffer_name": "calls", "persistent": True}},
        {"user_input": {"arg": tensor("x")}},
    ]
    outputs = [{"buffer_mutation": {"arg": {"name": "add"}, "buffer_name": "calls"}}, {"user_output": {"arg": tensor("leaky")}}]
    signature = {
        "in_spec": json.dumps([1, sequence(sequence(LEAF), sequence(kind="dict", context=[]))]),
        "out_spec": json.dumps([1, sequence(LEAF, kind="dict", context=["scores"])]),
    }
    return {
        "graph_module": {
            "graph": graph(inputs, nodes, [tensor("add"), tensor("leaky")], values),
            "signature": {"input_specs": specs, "output_specs": outputs},
            "module_call_graph": [{"fqn": "", "signature": signature}],
        },
        "range_constraints": {"s0": {"min_val": 1, "max_val": 8}},
        "schema_version": {"major": 8, "minor": 20},
    }


def weights():
    calls = {**payload("weight_2", np.zeros((), np.int64), dtype=5), "is_param": False}
    return {"layer.weight": payload("weight_0", WEIGHT), "layer.bias": payload("weight_1", BIAS), "calls": calls}


def file(described=None, config=None, **records):
    """The archive; records of other contents or, where None, left out."""
    described, config = described or program(), config or weights()
    contents = {
        "models/model.json": json.dumps(described), "data/weights/model_weights_config.json": json.dumps({"config": config}),
        "data/constants/model_constants_config.json": json.dumps({"config": {}}), "byteorder": "little",
        "data/weights/weight_0": WEIGHT.tobytes(), "data/weights/weight_1": BIAS.tobytes(), "data/weights/weight_2": bytes(8),
        **records,
    }  # fmt: skip
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(f"net/{name}", content)
    made.seek(0)
    return made


def wanted(x):
    y = x @ WEIGHT.T + BIAS
    return np.where(y > 0, y, 0.1 * y)


def test_a_program_runs_and_can_be_differentiated():
    module = export.load(file()).module()
    x = lucid.randn(5, 4)
    out = module(x)
    assert list(out) == ["scores"]
    np.testing.assert_allclose(out["scores"].detach().numpy(), wanted(x.numpy()), rtol=1e-5, atol=1e-6)
    out["scores"].sum().backward()
    weight = dict(module.named_parameters())["layer.weight"]
    slope = np.where(out["scores"].detach().numpy() > 0, 1, 0.1)
    np.testing.assert_allclose(weight.grad.numpy(), slope.T @ x.numpy(), rtol=1e-5, atol=1e-6)


def test_parameters_and_buffers_have_their_names():
    program = export.load(file())
    module = program.module()
    assert set(module.state_dict()) == {"layer.weight", "layer.bias", "calls"} == set(program.state_dict)
    assert [name for name, _ in program.named_parameters()] == ["layer.weight", "layer.bias"]
    assert [name for name, _ in program.named_buffers()] == ["calls"] and program.graph_signature.buffers_to_mutate == {"add": "calls"}
    assert program.graph_signature.user_inputs == ("x",) and program.range_constraints == {"s0": (1, 8)}
    with lucid.no_grad():
        module.layer.weight.zero_()
        module.layer.bias.fill_(2.0)
    assert module(lucid.ones(1, 4))["scores"].tolist() == [[2.0, 2.0, 2.0]]


def test_buffers_that_a_program_writes_to_are_written():
    module = export.load(file()).module()
    for _ in range(3):
        module(lucid.ones(2, 4))
    assert module.calls.item() == 3


def test_values_are_dropped_after_their_last_use():
    described = program()
    seen = []
    nodes = described["graph_module"]["graph"]["nodes"]
    nodes[2:2] = [node("aten.exp.default", [f"exp{i}"], self=f"exp{i - 1}" if i else "linear") for i in range(3)]
    loaded = export.load(file(described))
    steps = loaded._graph.steps

    def watched(function):
        def call(*arguments):
            result = function(*arguments)
            seen.append((weakref.ref(result), sum(ref() is not None for ref, _ in seen)))
            return result

        return call

    for step in steps[2:5]:
        step[0] = watched(step[0])
    loaded.module()(lucid.ones(2, 4))
    assert [alive for _, alive in seen] == [0, 1, 1]  # the operand is alive, and nothing before it


def test_what_is_given_must_be_what_the_program_was_exported_for():
    module = export.load(file()).module()
    for args, kwargs, error, said in (
        ((lucid.ones(2, 5),), {}, AssertionError, r"x.size\(\)\[1\] == 4"),
        ((lucid.ones(9, 4),), {}, AssertionError, r"1 <= x.size\(\)\[0\] <= 8"),
        ((lucid.ones(4),), {}, AssertionError, r"x.dim\(\) == 2"),
        ((np.ones((2, 4)),), {}, TypeError, r"args\[0\] must be a Tensor, not ndarray"),
        ((), {}, ValueError, "1 arguments by position, not 0"),
        ((lucid.ones(2, 4),), {"mask": None}, ValueError, "keywords"),
    ):
        with pytest.raises(error, match=said):
            module(*args, **kwargs)
    assert module.calls.item() == 0
    assert export.load(file()).module(check_guards=False)(lucid.ones(9, 4))["scores"].shape == (9, 3)


def test_a_program_has_one_mode_and_is_not_called_itself():
    program = export.load(file())
    for call in (program.module().train, program.module().eval):
        with pytest.raises(NotImplementedError, match="not supported"):
            call()
    with pytest.raises(RuntimeError, match="module"):
        program(lucid.ones(2, 4))


def test_an_error_says_where_the_program_was():
    described = program()
    described["graph_module"]["graph"]["nodes"][1]["metadata"]["stack_trace"] = 'File "model.py", line 3, in forward'
    with pytest.raises(RuntimeError) as raised:
        export.load(file(described)).module()(lucid.ones(2, 4, dtype=lucid.float64))
    (note,) = raised.value.__notes__
    assert "aten.linear.default(x, p_weight, p_bias)" in note and 'File "model.py", line 3' in note


def test_a_program_as_text():
    text = str(export.load(file()))
    assert "x: float32[s0, 4]" in text and "aten.leaky_relu.default(linear, 0.1)" in text and "return (add, leaky)" in text


def test_branches_and_loops():
    def part(name, target, **arguments):
        return {"as_graph": {"name": name, "graph": graph([tensor("y")], [node(target, ["z"], self="y", **arguments)], [tensor("z")])}}

    described = program()
    whole = described["graph_module"]["graph"]
    limit = part("condition", "aten.lt.Scalar", other={"as_int": 100})
    body = part("body", "aten.mul.Tensor", other={"as_int": 2})
    whole["nodes"][2:] = [
        node("aten.sum.default", ["sum"], self="linear"),
        node("aten.gt.Scalar", ["positive"], self="sum", other={"as_int": 0}),
        {**node("higher_order.cond", ["branch"]), "is_hop_single_tensor_return": False},
        {**node("higher_order.while_loop", ["leaky"]), "is_hop_single_tensor_return": False},
    ]
    whole["nodes"][4]["inputs"] = [
        {"name": "", "arg": one, "kind": 1}
        for one in (tensor("positive"), part("yes", "aten.clone.default"), part("no", "aten.neg.default"), {"as_tensors": [{"name": "sum"}]})
    ]
    whole["nodes"][5]["inputs"] = [
        {"name": "", "arg": one, "kind": 1} for one in (limit, body, {"as_tensors": [{"name": "branch"}]}, {"as_tensors": []})
    ]
    program_ = export.load(file(described))
    assert "def body(y):" in str(program_)
    module = program_.module()
    for x in (lucid.ones(2, 4), -lucid.ones(2, 4)):
        total = abs((x.numpy() @ WEIGHT.T + BIAS).sum())
        while total < 100:
            total *= 2
        np.testing.assert_allclose(module(x)["scores"].item(), total, rtol=1e-5)


def changed(*path, to):
    described = program()
    place = described
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return described


GRAPH, ONE = ("graph_module", "graph"), {"as_int": 1}


@pytest.mark.parametrize(
    ("damaged", "error", "said"),
    [
        (lambda: io.BytesIO(b"no archive"), ValueError, "not a file"),
        (lambda: io.BytesIO(file().getvalue()[:-40]), ValueError, "damaged"),
        (lambda: file(**{"models/model.json": None}), ValueError, "no models/model.json"),
        (lambda: file(**{"models/model.json": b"{"}), ValueError, "damaged"),
        (lambda: file(**{"models/model.json": b"[1]"}), ValueError, "damaged"),
        (lambda: file(changed("schema_version", "major", to=9)), ValueError, "schema"),
        (lambda: file(changed(*GRAPH, "nodes", 1, "inputs", 0, "arg", to=tensor("nothing"))), ValueError, "damaged"),
        (lambda: file(changed(*GRAPH, "nodes", 1, "target", to="torch.ops.mine.linear.default")), NotImplementedError, "mine.linear"),
        (lambda: file(changed(*GRAPH, "nodes", 1, "target", to="torch.ops.aten.__class__.default")), NotImplementedError, "__class__"),
        (lambda: file(changed(*GRAPH, "nodes", 1, "target", to="torch.ops.aten.save.default")), NotImplementedError, "save"),
        (lambda: file(changed(*GRAPH, "nodes", 1, "target", to="os.system")), NotImplementedError, "os.system"),
        (lambda: file(changed(*GRAPH, "nodes", 2, "inputs", to=node("", [], self="linear", negative_slope=ONE, strange=ONE)["inputs"])),
         NotImplementedError, "strange"),
        (lambda: file(changed(*GRAPH, "nodes", 2, "inputs", 1, "arg", to={"as_custom_obj": {}})), NotImplementedError, "custom_obj"),
        (lambda: file(config={**weights(), "layer.bias": None}), ValueError, "damaged"),
        (lambda: file(config={"layer.weight": payload("weight_0", WEIGHT)}), ValueError, "lacks"),
        (lambda: file(config={**weights(), "layer.bias": {**weights()["layer.bias"], "use_pickle": True}}), ValueError, "layer.bias"),
        (lambda: file(config={**weights(), "layer.bias": payload("weight_1", np.ones(4, np.float32))}), ValueError, "does not fit"),
        (lambda: file(config={**weights(), "layer.bias": payload("../weight", BIAS)}), ValueError, "damaged"),
        (lambda: file(config={**weights(), "layer.bias": payload("weight_1", BIAS, storage_offset={"as_int": -1})}), ValueError, "does not fit"),
        (lambda: file(**{"data/weights/weight_1": b"12345"}), ValueError, "5 bytes"),
        (lambda: file(**{"data/weights/weight_1": None}), ValueError, "damaged"),
    ],
)
def test_files_that_are_no_program_are_refused(damaged, error, said):
    with pytest.raises(error, match=said):
        export.load(damaged())


def paths(value, path=()):
    """The places in nested dictionaries and lists."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from paths(one, (*path, key))


@pytest.mark.parametrize("junk", [None, -1, 2**70, "junk", [], {}, [{}], {"as_tensor": {"name": "x"}}, {"as_int": 2}], ids=repr)
def test_junk_anywhere_in_a_file_is_refused_or_computed(junk):
    """Whatever stands in a place: a clear error when the file is loaded, or the program runs, or raises when it does."""
    for which, original in (("described", program()), ("config", weights())):
        for path in paths(original):
            damaged = copy.deepcopy(original)
            place = damaged
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = junk
            try:
                module = export.load(file(**{which: damaged})).module()
            except (ValueError, NotImplementedError) as error:
                assert str(error), path
                continue
            with contextlib.suppress(Exception):  # of an operation, about its arguments
                module(lucid.ones(2, 4))


def test_a_file_by_its_name_and_its_other_texts(tmp_path):
    path = tmp_path / "net.pt2"
    path.write_bytes(file(**{"extra/notes.txt": b"made by hand"}).getvalue())
    notes = {"notes.txt": ""}
    export.load(path, extra_files=notes)
    assert notes == {"notes.txt": "made by hand"}
    with pytest.raises(FileNotFoundError):
        export.load(tmp_path / "nothing.pt2")


def test_trained_saved_and_loaded(tmp_path):
    program = export.load(file(**{"extra/notes.txt": b"made by hand"}))
    module = program.module()
    module(lucid.ones(2, 4))["scores"].sum().backward()
    lucid.optim.SGD(module.parameters(), 0.5).step()
    expected = module(lucid.ones(2, 4))["scores"]
    export.save(program, tmp_path / "net.pt2", extra_files={"notes.txt": "trained", "bytes": b"\0"})
    with open(tmp_path / "again.pt2", "wb") as written:
        export.save(program, written)
    for path in (tmp_path / "net.pt2", tmp_path / "again.pt2"):
        notes = {"notes.txt": "", "none": "there is none"}
        again = export.load(path, extra_files=notes)
        assert notes == {"notes.txt": "trained" if path.name == "net.pt2" else "", "none": "there is none"}
        assert again.state_dict.keys() == program.state_dict.keys() and [one.requires_grad for one in again.module().parameters()] == [True, True]
        for name, one in program.state_dict.items():
            assert lucid.equal(one, again.state_dict[name]) and type(one) is type(again.state_dict[name]) and not np.array_equal(one.detach().numpy(), WEIGHT)
        assert lucid.equal(again.module()(lucid.ones(2, 4))["scores"], expected)


def test_what_cannot_be_saved():
    with pytest.raises(TypeError, match="a Linear is no program that export.load read.*state_dict"):
        export.save(lucid.nn.Linear(1, 1), io.BytesIO())
    described = program()
    described["graph_module"]["graph"]["tensor_values"]["p_bias"] = meta(3)
    loaded = export.load(file(described))
    export.save(loaded, io.BytesIO())
    for other in (lucid.ones(4), lucid.ones(3, dtype=lucid.float64)):
        loaded.state_dict["layer.bias"] = other
        with pytest.raises(ValueError, match=r"layer.bias is of .* and the program was exported for lucid.float32 and \(3,\)"):
            export.save(loaded, io.BytesIO())
