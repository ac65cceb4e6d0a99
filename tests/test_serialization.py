"""Files: what comes back, PyTorch's own format, damaged and hostile files. `data/torch.pt` was written by PyTorch 2.13."""

import dataclasses
import datetime
import enum
import functools
import io
import pickle
import random
import zipfile
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path

import numpy as np
import pytest

import lucid

TORCH = Path(__file__).parent / "data" / "torch.pt"


def again(obj):
    file = io.BytesIO()
    lucid.save(obj, file)
    file.seek(0)
    return lucid.load(file)


def test_values_come_back():
    obj = {"a": [1, -(2**70), 2.5, float("inf"), None, True, "text ü", (1, (2,)), 1 + 2j, {3, 4}], "b": OrderedDict(x=1),
           "c": lucid.float64, "d": lucid.Size([2, 3]), 5: [], "e": lucid.device("cpu")}  # fmt: skip
    found = again(obj)
    assert found == obj and type(found["b"]) is OrderedDict and found["c"] is lucid.float64


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
                                   "float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"])  # fmt: skip
def test_every_dtype_comes_back(dtype):
    x = lucid.tensor([[0, 1, 2], [3, 4, 5]]).to(getattr(lucid, dtype)).t()
    found = again([x, lucid.zeros(0, 3, dtype=x.dtype), x[1, 1]])
    assert [one.dtype for one in found] == [x.dtype] * 3 and found[0].stride() == x.stride()
    assert lucid.equal(found[0], x) and found[1].shape == (0, 3) and found[2].shape == () and lucid.equal(found[2], x[1, 1])


def test_memory_is_shared_again():
    a = lucid.arange(10.0)
    found = again({"a": a, "piece": a[2:5], "steps": a[::3], "same": a})
    found["piece"][1] = 99.0
    assert found["a"][3] == 99 and found["steps"][1] == 99 and found["same"] is found["a"]


def test_what_takes_part_in_training_comes_back():
    module = lucid.nn.Sequential(lucid.nn.Linear(2, 3), lucid.nn.BatchNorm1d(3))
    optimizer = lucid.optim.Adam(module.parameters())
    module(lucid.ones(4, 2)).sum().backward()
    optimizer.step()
    found = again({"module": module.state_dict(), "optimizer": optimizer.state_dict(), "leaf": module[0].weight})
    twin = lucid.nn.Sequential(lucid.nn.Linear(2, 3), lucid.nn.BatchNorm1d(3))
    twin.load_state_dict(found["module"])
    lucid.optim.Adam(twin.parameters()).load_state_dict(found["optimizer"])
    assert all(lucid.equal(a, b) for a, b in zip(module.state_dict().values(), twin.state_dict().values()))
    assert isinstance(found["leaf"], lucid.nn.Parameter) and found["leaf"].requires_grad


def test_a_file_of_pytorch_is_read():
    found = lucid.load(TORCH)
    assert list(found) == ["state", "transposed", "view", "of", "bfloat16", "parameter", "more"]
    assert list(found["state"]) == ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                                    "1.num_batches_tracked"]  # fmt: skip
    assert found["state"]["0.weight"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert found["transposed"].stride() == (1, 3) and found["transposed"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found["bfloat16"].dtype is lucid.bfloat16 and found["bfloat16"].tolist() == [1.5, -2.0]
    assert found["parameter"].requires_grad and found["more"] == [1, 2.5, None, "text", (True, 1j)]
    found["view"][0] = 50.0
    assert found["of"].tolist() == [0.0, 50.0, 2.0, 3.0]


def damaged(change):
    """The fixture with its pickle changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(TORCH) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith("data.pkl") else data)
    made.seek(0)
    return made


class Hostile:
    def __reduce__(self):
        return exec, ("raise SystemExit",)


HOSTILE = {
    "calls a function": pickle.dumps(Hostile(), 2),
    "of a newer protocol": pickle.dumps(Hostile(), 5),
    "names a module": b"\x80\x02cos\nsystem\n.",
    "sets an attribute of a dtype": b"\x80\x02ctorch\nfloat32\n}U\x08itemsizeK\x63sN\x86b.",
    "changes a class": b"\x80\x02ccollections\nOrderedDict\nN}\x86b.",
    "a tensor outside of its storage": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
    b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQK\x05K\x06\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR.",
    "a negative stride": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
    b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQK\x05K\x02\x85J\xff\xff\xff\xff\x85\x89)tR.",
    "an empty pickle": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_executed(name):
    with pytest.raises(ValueError, match="load"):
        lucid.load(damaged(lambda data: HOSTILE[name]))
    assert lucid.float32.itemsize == 4


def test_a_large_number_in_a_file_costs_nothing():
    assert lucid.load(damaged(lambda data: b"\x80\x02Nr\xff\xff\xff\xff.")) is None


def test_damaged_files_are_refused_or_read():
    """Bytes changed anywhere: a ValueError, or something that can be looked at; nothing else."""
    source = random.Random(0)
    whole = TORCH.read_bytes()

    def spoil(data):
        data = bytearray(data)
        for _ in range(source.randint(1, 4)):
            data[source.randrange(len(data))] = source.randrange(256)
        return bytes(data)

    refused = 0
    for i in range(600):
        file = damaged(spoil) if i % 2 else io.BytesIO(spoil(whole)[: source.choice([None, source.randrange(len(whole))])])
        try:
            repr(lucid.load(file))
        except ValueError:
            refused += 1
    assert 300 < refused <= 600


def test_what_is_no_file_of_ours(tmp_path):
    for content in (b"", b"PK", b"\x80\x02}.", b"x" * 1000):
        with pytest.raises(ValueError, match="load"):
            lucid.load(io.BytesIO(content))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    with pytest.raises(ValueError, match="data.pkl"):
        lucid.load(tmp_path / "other.zip")
    with pytest.raises(FileNotFoundError):
        lucid.load(tmp_path / "absent")


def test_what_cannot_be_saved_is_named_and_leaves_the_file(tmp_path):
    path = tmp_path / "file"
    lucid.save({"a": lucid.ones(3)}, path)
    with pytest.raises(TypeError, match=r"obj\['b'\]\[0\] is a generator"):
        lucid.save({"a": 1, "b": [(i for i in "ab")]}, path)
    with pytest.raises(pickle.PicklingError, match=r"obj\[0\] is .*not found under its name"):
        lucid.save([lambda: None], path)
    assert lucid.load(path)["a"].tolist() == [1, 1, 1] and [one.name for one in tmp_path.iterdir()] == ["file"]


class Color(enum.Enum):
    RED, BLUE = 1, "b"


@dataclasses.dataclass
class Settings:
    rate: float = 0.5
    names: list = dataclasses.field(default_factory=list)
    color: Color = Color.RED
    start: object = None


class Slotted:
    __slots__ = ("a", "b")


class Row(list):
    pass


Point = namedtuple("Point", "x y")


class Net(lucid.nn.Module):
    class Inner:
        pass

    def __init__(self):
        super().__init__()
        self.layers = lucid.nn.Sequential(lucid.nn.Linear(3, 4), lucid.nn.BatchNorm1d(4), lucid.nn.LeakyReLU(0.2))
        self.register_buffer("scale", lucid.tensor(2.0), persistent=False)
        self.act = lucid.nn.functional.relu

    def forward(self, x):
        return self.act(self.layers(x)) * self.scale


NAMED = [Color, Settings, Slotted, Row, Point, Net, Net.Inner, defaultdict, list, functools.partial, datetime.timedelta, frozenset, range, bytearray, again]


def test_objects_of_classes_that_are_named_come_back():
    settings, slotted, row = Settings(names=["x", 2], color=Color.BLUE, start=lucid.arange(3)), Slotted(), Row([1, 2])
    slotted.a, slotted.b, row.self = 1, lucid.ones(2), row
    wanted = {
        "settings": settings, "again": settings, "slotted": slotted, "row": row, "point": Point(1, [2]), "dict": defaultdict(list, k=[1]),
        "time": datetime.timedelta(3), "function": again, "part": functools.partial(again, 3), "set": frozenset([1, 2]), "class": Net.Inner,
        "bytes": bytearray(b"x"), "range": range(3), "color": Color.RED,
    }  # fmt: skip
    file = io.BytesIO()
    lucid.save(wanted, file)
    with lucid.serialization.safe_globals(NAMED):
        found = lucid.load(file)
    assert found["settings"] is found["again"] and found["row"].self is found["row"] and found["dict"].default_factory is list
    assert found["settings"].start.tolist() == [0, 1, 2] and found["slotted"].b.tolist() == [1, 1] and found["part"].args == (3,)
    for name in ("row", "point", "dict", "time", "function", "set", "class", "bytes", "range", "color"):
        assert type(found[name]) is type(wanted[name]) and found[name] == wanted[name]
    assert (found["settings"].names, found["settings"].color) == (["x", 2], Color.BLUE)
    for missing in NAMED:
        others = [one for one in NAMED if one is not missing]
        if missing in (Color, Settings, Slotted, Row, Point, defaultdict, functools.partial, frozenset, again):
            with lucid.serialization.safe_globals(others), pytest.raises(pickle.UnpicklingError, match=missing.__name__):
                lucid.load(file)


def test_modules_come_back_where_the_file_is_trusted():
    lucid.manual_seed(0)
    net, x = Net().eval(), lucid.ones(2, 3)
    for obj in (net, {"model": net, "epoch": 3}):
        file = io.BytesIO()
        lucid.save(obj, file)
        with pytest.raises(pickle.UnpicklingError, match="Net"):
            lucid.load(file, weights_only=False)
        with lucid.serialization.safe_globals([Net]):
            with pytest.raises(pickle.UnpicklingError, match="torch.nn"):
                lucid.load(file)
            found = lucid.load(file, weights_only=False)
        found = found if obj is net else found["model"]
        assert lucid.equal(found(x), net(x)) and not found.training and found.state_dict().keys() == net.state_dict().keys()
        found.train()(x).sum().backward()


@pytest.mark.parametrize("code", [
    b"cos\nsystem\n(X\x01\0\0\0xtR.", b"cbuiltins\neval\n(X\x01\0\0\0xtR.", b"c__builtin__\ngetattr\n(ctorch.nn\nLinear\nX\x08\0\0\0__init__tR.",
    b"ctorch\nfrom_file\n(X\x01\0\0\0xtR.", b"ctorch.nn.functional\nrelu\n(K\x01tR.", b"ctorch.nn\nfunctional\n.", b"ctorch.nn.modules.module\nwarnings\n.",
    b"ctorch.nn.modules.module\nfunctools\n.", b"c__builtin__\nlist\n)R.", b"ctorch\nload\n.", b"ctorch.serialization\nsave\n.",
])  # fmt: skip
def test_trust_is_in_modules_alone(code):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + code)
    with pytest.raises(pickle.UnpicklingError):
        lucid.load(file, weights_only=False)


def test_memory_of_numpy_is_saved():
    base = np.arange(12.0).reshape(3, 4)
    for view in (base[:, 1:3], base.T, base[::2], np.broadcast_to(base[0], (2, 4))):
        x = lucid.from_numpy(view) if view.flags.writeable else lucid.tensor(view)
        assert again(x).tolist() == view.tolist()


def test_a_file_is_asked_what_it_mentions():
    """Of a pickle in whatever protocol."""
    serialization = lucid.serialization
    for protocol in (2, 3, 4, 5):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps([datetime.date(2000, 1, 1), "text", {"a": io.StringIO}], protocol))
        found = serialization.get_unsafe_globals_in_checkpoint(file)
        assert {"datetime.date", "_io.StringIO"} <= set(found)
        with serialization.safe_globals([datetime.date, (io.StringIO, "_io.StringIO")]):
            assert not {"datetime.date", "_io.StringIO"} & set(serialization.get_unsafe_globals_in_checkpoint(file))
            assert lucid.load(file) == [datetime.date(2000, 1, 1), "text", {"a": io.StringIO}]
        with pytest.raises(ValueError, match="datetime.date"):
            lucid.load(file)
        assert serialization.get_safe_globals() == []


NUMPYS = {
    "row": np.arange(3), "across": np.arange(6.0, dtype=np.float32).reshape(2, 3).T, "gaps": np.arange(10, dtype=np.int16)[::3], "none": np.zeros((0, 3)),
    "number": np.array(3, ">i2"), "scalar": np.float64(1.5), "half": np.float16(2), "complex": np.complex64(1j), "bool": np.bool_(True), "dtype": np.dtype(">f4"),
}  # fmt: skip


def same(found, wanted):
    assert type(found) is type(wanted)
    if not isinstance(wanted, np.dtype):
        assert found.dtype == wanted.dtype
        assert found.shape == wanted.shape
        assert found.tobytes() == wanted.tobytes()
    else:
        assert found == wanted


@pytest.mark.parametrize("protocol", [None, 2, 3, 4, 5])
def test_numbers_of_numpy_are_saved_and_read(protocol):
    """As `save` writes them, and as pickles of any protocol have them; the same array twice is one array."""
    file, wanted = io.BytesIO(), {**NUMPYS, "again": NUMPYS["row"]}
    if protocol is None:
        lucid.save(wanted, file)
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(wanted, protocol))
    found = lucid.load(file, weights_only=False)
    assert list(found) == list(wanted)
    for name, value in pickle.loads(pickle.dumps(wanted, protocol or 2)).items():
        same(found[name], value)
    assert found["row"] is found["again"]
    found["row"][0] = 7
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        lucid.load(file)


def test_what_save_writes_of_numpy_is_a_pickle():
    file = io.BytesIO()
    lucid.save(NUMPYS, file)
    with zipfile.ZipFile(file) as archive:
        found = pickle.loads(archive.read("archive/data.pkl"))
    for name, value in pickle.loads(pickle.dumps(NUMPYS, 2)).items():
        same(found[name], value)


def test_numbers_of_numpy_are_read_where_they_are_named():
    core = np.zeros(1).__reduce__()[0]
    scalar = np.float64(1).__reduce__()[0]
    file = io.BytesIO()
    lucid.save([np.arange(3), np.float64(1.5)], file)
    names = [core, scalar, np.ndarray, np.dtype, type(np.dtype("i8")), type(np.dtype("f8"))]
    for missing in names:
        with lucid.serialization.safe_globals([one for one in names if one is not missing]), pytest.raises(ValueError, match=missing.__name__):
            lucid.load(file)
    with lucid.serialization.safe_globals(names):
        assert str(lucid.load(file)) == str([np.arange(3), np.float64(1.5)])


def test_objects_and_texts_of_numpy_are_refused():
    for value in (np.array([1, "a"], dtype=object), np.array(["a"]), np.datetime64(3, "s"), np.zeros(2, [("a", "f4")]), np.str_("a")):
        with pytest.raises(TypeError, match="numbers and bool alone"):
            lucid.save({"x": value}, io.BytesIO())


def _hostile(text: bytes):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", text)
        archive.writestr("archive/data/0", bytes(8))
    return file


def _pickled_array(*, shape=b"K\x02\x85", kind=b"X\x02\x00\x00\x00i8\x89\x88\x87", order=b"<", data=b"B\x10\x00\x00\x00" + bytes(16), after=b""):
    state = b"(K\x03X\x01\x00\x00\x00" + order + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return b"\x80\x03cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01" + shape + b"cnumpy\ndtype\n" + kind + b"R" + state + b"\x89" + data + b"tb" + after + b"."


HUGE = b"\x8a\x08" + (2**62).to_bytes(8, "little")
ODD = {
    "a negative size": {"shape": b"J\xfe\xff\xff\xff\x85"}, "two negative sizes": {"shape": b"J\xfe\xff\xff\xffJ\xff\xff\xff\xff\x86"},
    "too little": {"data": b"C\x08" + bytes(8)}, "too much": {"data": b"C\x18" + bytes(24)}, "no bytes": {"data": b"K\x08"},
    "a huge size": {"shape": HUGE + b"\x85"}, "sizes that go around": {"shape": HUGE + b"K\x04\x86", "data": b"C\x00"},
    "none of a huge size": {"shape": b"K\x00" + HUGE + HUGE + b"\x87", "data": b"C\x00"}, "many dimensions": {"shape": b"(" + b"K\x01" * 100 + b"t", "data": b"C\x08" + bytes(8)},
    "a size that is no number": {"shape": b"X\x01\x00\x00\x00a\x85"}, "a shape that is a list": {"shape": b"]"},
    "objects": {"kind": b"X\x02\x00\x00\x00O8\x89\x88\x87"}, "texts": {"kind": b"X\x02\x00\x00\x00U2\x89\x88\x87"}, "fields": {"kind": b"X\x05\x00\x00\x00i4,i4\x89\x88\x87"},
    "a dtype of no size": {"kind": b"X\x02\x00\x00\x00V0\x89\x88\x87"}, "an odd dtype": {"kind": b"X\x03\x00\x00\x00i99\x89\x88\x87"}, "a dtype that is a list": {"kind": b"]\x89\x88\x87"},
    "an odd order": {"order": b"?"}, "a second time": {"after": b"(K\x01K\x01\x85Ntb"},
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_hostile_arrays_are_refused(name):
    with pytest.raises(pickle.UnpicklingError, match="load"):
        lucid.load(_hostile(_pickled_array(**ODD[name])), weights_only=False)


def test_the_form_that_hostile_arrays_have_is_read():
    same(lucid.load(_hostile(_pickled_array()), weights_only=False), np.zeros(2, np.int64))
    swapped = lucid.load(_hostile(_pickled_array(order=b">", data=b"C\x10" + (bytes(7) + b"\1") * 2)), weights_only=False)
    assert swapped.tolist() == [1, 1]


def test_a_name_that_is_no_name_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="invalid escape"):
        lucid.load(_hostile(b"\x80\x02ctorch\\Re\nx\n."))


def test_an_array_of_numpy_is_no_storage():
    """Its memory would go when its elements come."""
    array = _pickled_array()[2:-1]
    file = _hostile(b"\x80\x03ctorch._utils\n_rebuild_tensor_v2\n(" + array + b"K\x00K\x01\x85K\x01\x85\x89Nt" + b"R.")
    with pytest.raises(pickle.UnpicklingError, match="expected a TypedStorage"):
        lucid.load(file, weights_only=False)
