"""Files travel both ways: PyTorch reads what Lucid saved, Lucid what PyTorch saved."""

from __future__ import annotations

import contextlib
import io
import pickle

import numpy as np
import pytest
import torch

import lucid
from conformance.subjects import make

PLAIN = {"a": [1, -(2**70), 2.5, None, True, "text", (1, 1j), {2}], 3: torch.float64, "size": torch.Size([2])}


def state():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Embedding(5, 3))
    optimizer = torch.optim.AdamW(net.parameters())
    sum((p * p).sum() for p in net.parameters()).backward()
    optimizer.step()
    whole = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "net": net.state_dict(), "optimizer": optimizer.state_dict(), "whole": whole, "view": whole[:, 1:, ::2],
        "transposed": whole.permute(2, 0, 1), "empty": torch.zeros(0, 3), "parameter": torch.nn.Parameter(torch.ones(2)),
        **{str(dtype): torch.arange(3).to(dtype) for dtype in (
            torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
            torch.float64, torch.complex64, torch.complex128)},
    }  # fmt: skip


def same(found, wanted):
    if isinstance(wanted, torch.Tensor):
        assert type(found).__name__ == type(wanted).__name__
        exported = found if isinstance(found, torch.Tensor) else make("lucid").export(found)
        assert exported.dtype == wanted.dtype and torch.equal(exported, wanted.detach())
        assert tuple(found.stride()) == wanted.stride() and found.requires_grad == wanted.requires_grad
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key, value in wanted.items():
            same(found[key], value)
    elif isinstance(wanted, (list, tuple)) and not isinstance(wanted, torch.Size):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted):
            same(one, other)
    else:
        assert str(found).rpartition(".")[2] == str(wanted).rpartition(".")[2]


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("archive", [True, False], ids=["archive", "older"])
def test_files_travel_both_ways(archive, protocol):
    wanted = {**PLAIN, **state()}
    file = io.BytesIO(b"before")
    file.seek(6)
    torch.save(wanted, file, _use_new_zipfile_serialization=archive, pickle_protocol=protocol)
    file.seek(6)
    found = lucid.load(file)
    same(found, wanted)
    found["view"][0, 0, 0] = 99.0
    assert found["whole"][0, 1, 0].item() == 99 and found["transposed"][0, 0, 1].item() == 99
    file = io.BytesIO()
    lucid.save(found, file)
    file.seek(0)
    back = torch.load(file, weights_only=True)
    wanted["view"][0, 0, 0] = 99.0
    same(back, wanted)
    back["view"][0, 0, 0] = 7.0
    assert back["whole"][0, 1, 0] == 7


def test_texts_of_python_2_and_the_first_way_of_building_tensors():
    """As files have them that the first versions of PyTorch wrote, with weights that packages still bring."""
    file = io.BytesIO()
    torch.save({"x": torch.arange(6.0).reshape(2, 3).t()}, file, _use_new_zipfile_serialization=False)
    older = file.getvalue().replace(b"X\x07\0\0\0storage", b"U\x07storage").replace(b"X\x01\0\0\0x", b"U\x01x")
    arguments = older.index(b"\x89ccollections\nOrderedDict\n")  # no gradient, no hooks
    older = older[:arguments] + older[older.index(b"R", arguments + 26) + 3 :]
    older = older.replace(b"_rebuild_tensor_v2", b"_rebuild_tensor")
    for load in (lambda file: torch.load(file, weights_only=False), lucid.load):
        assert load(io.BytesIO(older))["x"].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "older"])
def test_a_whole_module_is_refused(archive):
    file = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), file, _use_new_zipfile_serialization=archive)
    file.seek(0)
    with pytest.raises(ValueError, match="state_dict"):
        lucid.load(file)


def modules(nn, ones):
    """Modules, and what they are called with."""
    return {
        "perceptron": (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LeakyReLU(0.3), nn.Dropout(0.1), nn.GELU("tanh"), nn.ReLU6(), nn.Softmax(1)), [ones(2, 3)]),
        "edges": (nn.Sequential(nn.Conv2d(1, 2, 3, padding="same", padding_mode="reflect"), nn.Conv2d(2, 1, 3, padding=1, padding_mode="circular"), nn.ConvTranspose2d(1, 1, 2, 2)), [ones(2, 1, 4, 4)]),
        "layers": (nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, activation="gelu", batch_first=True), 2), [ones(2, 3, 4)]),
        "images": (nn.Sequential(nn.Conv2d(1, 4, 3, padding="same", groups=1), nn.GroupNorm(2, 4), nn.MaxPool2d(2), nn.Hardtanh(-0.5, 0.5), nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Flatten()), [ones(2, 1, 4, 4)]),
        "words": (nn.Sequential(nn.Embedding(5, 4, padding_idx=0), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), nn.RMSNorm(4)), [ones(2, 3).long()]),
        "steps": (nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True), [ones(2, 5, 3)]), "gru": (nn.GRU(3, 4), [ones(5, 2, 3)]),
        "attention": (nn.MultiheadAttention(4, 2, batch_first=True), [ones(2, 3, 4)] * 3), "huber": (nn.HuberLoss(delta=0.2), [ones(2, 3), ones(2, 3) * 3]),
        "entropy": (nn.CrossEntropyLoss(weight=ones(3), label_smoothing=0.1), [ones(2, 3), ones(2).long()]), "softplus": (nn.Softplus(2, 3), [ones(3)]),
    }  # fmt: skip


@pytest.mark.parametrize("name", modules(torch.nn, torch.ones))
def test_whole_modules_travel_where_they_are_trusted(name):
    def values(found):
        return [one for part in (found if isinstance(found, tuple) else (found,)) for one in (values(part) if isinstance(part, tuple) else [part.detach().numpy()])]

    module, inputs = modules(torch.nn, torch.ones)[name]
    file, again = io.BytesIO(), io.BytesIO()
    torch.save(module.eval(), file)
    file.seek(0)
    found = lucid.load(file, weights_only=False)
    here = modules(lucid.nn, lucid.ones)[name][1]
    for one, wanted in zip(values(found(*here)), values(module(*inputs)), strict=True):
        np.testing.assert_allclose(one, wanted, 1e-5, 1e-6)
    assert repr(found) == repr(module)
    own, here = modules(lucid.nn, lucid.ones)[name]
    lucid.save(own.eval(), again)
    again.seek(0)
    back = torch.load(again, weights_only=False)
    assert repr(back) == repr(module)
    for one, wanted in zip(values(back(*inputs)), values(own(*here)), strict=True):
        np.testing.assert_allclose(one, wanted, 1e-5, 1e-6)


@pytest.mark.parametrize("saved", [lambda: torch.zeros(0, 3), state], ids=["empty", "state"])
def test_a_damaged_older_file_is_refused(saved):
    file = io.BytesIO()
    torch.save(saved(), file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    for cut in (*range(0, len(data), 97), *range(len(data) - 16, len(data))):
        with pytest.raises(ValueError, match="load"):
            lucid.load(io.BytesIO(data[:cut]))
    for place in range(0, len(data), 61):
        with contextlib.suppress(ValueError):
            lucid.load(io.BytesIO(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]))


def test_an_older_file_whose_list_lacks_a_storage_is_refused():
    file = io.BytesIO()
    torch.save({"x": torch.arange(6.0)}, file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    with pytest.raises(ValueError, match="the storages that it lists"):
        lucid.load(io.BytesIO(data[: data.rindex(b"\x80\x02]")] + b"\x80\x02]."))


def test_numbers_of_numpy_travel_both_ways():
    wanted = {"a": np.arange(3), "b": np.float64(1.5), "c": np.arange(6.0).reshape(2, 3).T, "d": np.array(3, "i2"), "e": np.bool_(True), "f": np.dtype("f4"), "g": np.zeros((0, 3))}
    for protocol in (2, 4, 5):
        file = io.BytesIO()
        torch.save(wanted, file, pickle_protocol=protocol)
        file.seek(0)
        expected = torch.load(file, weights_only=False)
        file.seek(0)
        found = lucid.load(file, weights_only=False)
        again = io.BytesIO()
        lucid.save(found, again)
        again.seek(0)
        for back in (found, torch.load(again, weights_only=False)):
            assert str(back) == str(expected)
            assert [type(one) for one in back.values()] == [type(one) for one in wanted.values()]
    names = [np.zeros(1).__reduce__()[0], np.float64(1).__reduce__()[0], np.ndarray, np.dtype, type(np.dtype("i8")), type(np.dtype("f8"))]
    for lib, save in ((torch, lucid), (lucid, torch)):
        file = io.BytesIO()
        save.save({"a": np.arange(3), "b": np.float64(1.5)}, file)
        for some in (names, names[1:], names[:-1], []):
            file.seek(0)
            with lib.serialization.safe_globals(some), contextlib.nullcontext() if some is names else pytest.raises(pickle.UnpicklingError):
                assert str(lib.load(file)) == "{'a': array([0, 1, 2]), 'b': np.float64(1.5)}"
