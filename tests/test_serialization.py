"""Files: what comes back, PyTorch's own format, damaged and hostile files. `data/torch.pt` was written by PyTorch 2.13."""

import io
import pickle
import random
import zipfile
from collections import OrderedDict
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
    with pytest.raises(TypeError, match=r"obj\['b'\]\[0\] is a builtin_function"):
        lucid.save({"a": 1, "b": [print]}, path)
    with pytest.raises(TypeError, match="state_dict"):
        lucid.save(lucid.nn.Linear(1, 1), path)
    assert lucid.load(path)["a"].tolist() == [1, 1, 1] and [one.name for one in tmp_path.iterdir()] == ["file"]


def test_memory_of_numpy_is_saved():
    base = np.arange(12.0).reshape(3, 4)
    for view in (base[:, 1:3], base.T, base[::2], np.broadcast_to(base[0], (2, 4))):
        x = lucid.from_numpy(view) if view.flags.writeable else lucid.tensor(view)
        assert again(x).tolist() == view.tolist()


def test_a_file_is_asked_what_it_mentions():
    """Of a pickle in whatever protocol; and nothing that is named is read all the same."""
    import datetime
    import pickle

    serialization = lucid.serialization
    for protocol in (2, 3, 4, 5):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps([datetime.date(2000, 1, 1), "text", {"a": io.StringIO}], protocol))
        found = serialization.get_unsafe_globals_in_checkpoint(file)
        assert {"datetime.date", "_io.StringIO"} <= set(found)
        with serialization.safe_globals([datetime.date, (io.StringIO, "_io.StringIO")]):
            assert not {"datetime.date", "_io.StringIO"} & set(serialization.get_unsafe_globals_in_checkpoint(file))
            with pytest.raises(ValueError, match="datetime.date|codecs"):
                lucid.load(file)
        assert serialization.get_safe_globals() == []
