"""Files travel both ways: PyTorch reads what Lucid saved, Lucid what PyTorch saved."""

from __future__ import annotations

import contextlib
import io
import pickle
import re

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


def kept_whole(lib):
    """Objects other than modules that programs save whole, beside what they are made of."""
    def trained(kind, *schedule, **options):
        w = lib.nn.Parameter(lib.arange(6.0).reshape(3, 2))
        optimizer = getattr(lib.optim, kind)([w], lr=0.1, **options)
        schedules = [getattr(lib.optim.lr_scheduler, name)(optimizer, *arguments) for name, arguments in schedule]
        for _ in range(2):
            (w * w).sum().backward()
            for one in (optimizer, *schedules):
                one.step()
        return {"optimizer": optimizer, "schedules": schedules}

    def normal():
        return lib.distributions.Normal(lib.zeros(2), lib.ones(2))

    data, optimizers = lib.utils.data, ("Adadelta", "Adam", "Adamax", "AdamW", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop", "Adafactor")
    return {
        **{kind: lambda kind=kind: trained(kind) for kind in optimizers},
        "SGD": lambda: trained("SGD", ("StepLR", (2,)), momentum=0.5), "Adagrad": lambda: trained("Adagrad", ("CosineAnnealingLR", (3,))),
        "distributions": lambda: [normal(), lib.distributions.Independent(normal(), 1), lib.distributions.TransformedDistribution(normal(), [lib.distributions.ExpTransform()])],
        "data": lambda: [data.TensorDataset(lib.ones(2)), data.Subset(data.TensorDataset(lib.ones(2)), [0]), data.SequentialSampler(range(3))],
        "averaged": lambda: lib.optim.swa_utils.AveragedModel(lib.nn.Linear(2, 2)).requires_grad_(False).apply(lambda one: [part.fill_(0.5) for part in one.parameters()]),
        "packed": lambda: [lib.nn.utils.rnn.pack_sequence([lib.ones(2), lib.ones(1)])], "results": lambda: [lib.ones(2, 2).max(0), lib.linalg.svd(lib.eye(2))],
        "layout": lambda: lib.strided, "generator": lambda: lib.Generator().manual_seed(3), "storages": lambda: [lib.IntStorage([1, 2])],
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize("name", kept_whole(lucid))
def test_objects_kept_whole_travel_both_ways(name):
    def about(one):
        if isinstance(one, (list, dict)):
            return [about(part) for part in (one.values() if isinstance(one, dict) else one)]
        text = sorted(one.state_dict()) if hasattr(one, "state_dict") else one.get_state().tolist() if "Generator" in str(type(one)) else repr(one)
        return type(one).__name__, re.sub(r"(?<=\d)\.0?(?=\D)|lucid\.|torch\.| at 0x\w+", "", str(text)).lower()

    def stepped(optimizer, schedules):
        weight = optimizer.param_groups[0]["params"][0]
        optimizer.zero_grad()
        (weight * weight).sum().backward()
        for one in (optimizer, *schedules):
            one.step()
        return [*weight.detach().numpy().ravel(), optimizer.param_groups[0]["lr"]]

    for writes, reads in ((torch, lucid), (lucid, torch), (lucid, lucid)):
        file, wanted = io.BytesIO(), kept_whole(writes)[name]()
        writes.save(wanted, file)
        file.seek(0)
        found = reads.load(file, weights_only=False)
        assert about(found) == about(kept_whole(reads)[name]())
        if isinstance(wanted, dict):
            np.testing.assert_allclose(stepped(**found), stepped(**wanted), 1e-6, 1e-7)
        file.seek(0)
        if name not in ("layout", "storages") and reads is lucid:
            with pytest.raises(ValueError, match="load"):  # these classes are read where the file is trusted
                lucid.load(file)


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
