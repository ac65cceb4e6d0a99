"""Tensors without elements: nothing reads or writes what is not there, and plain tensors stay as they were."""

import copy
import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import lucid
from lucid import nn

M = lucid.empty(3, 4, device="meta")


def test_large_ones_take_no_memory_and_cannot_be_written_to():
    code = """
import lucid
x = lucid.zeros(2**40, device="meta")
with lucid.device("meta"):
    model = lucid.nn.Sequential(*[lucid.nn.Linear(8192, 8192) for _ in range(64)])
print(x.shape, sum(p.numel() for p in model.parameters()), lucid.memory_stats()["allocated_bytes_peak"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split("\n")[0] == f"lucid.Size([{2**40}]) {64 * (8192 * 8192 + 8192)} 0"
    assert not M.array.flags.writeable and M.array.nbytes == 48 and not M.array.any()
    with pytest.raises(TypeError, match="meta"):
        np.asarray(M)
    with pytest.raises(BufferError):
        memoryview(M)
    with pytest.raises(ValueError, match="read-only"):
        np.copyto(M.array, 1)


def test_what_says_nothing_of_elements_works_with_either_name():
    assert repr(M) == str(M) == f"{M}" == "Tensor(..., device='meta', size=(3, 4))"
    assert repr(nn.Parameter(M)).startswith("Parameter containing:\nTensor(..., device='meta', size=(3, 4), requires_grad=True")
    assert "dtype" in repr(M.half()) and M.type() == "lucid.meta.FloatTensor" and M.untyped_storage().device == lucid.device("meta")
    assert all(one.is_meta for one in nn.BatchNorm2d(3, device="meta").state_dict().values())
    assert M.is_meta and not M.is_cpu and M.device == lucid.device("meta") and lucid.device("meta").__reduce__()[1] == ("meta", None)
    assert M.transpose(0, 1).stride() == (1, 4) and M.flip(0).stride() == (4, 1) and M[:, ::2].stride() == (4, 2)
    assert lucid.zeros(0, 3, device="meta").shape == (0, 3) and lucid.arange(6.0, device="meta").reshape(2, 3).shape == (2, 3)
    assert lucid.split(M, 2)[1].is_meta and M.max(0).values.is_meta and lucid.linalg.svd(M).S.is_meta


def test_a_block_of_the_device_ends_where_it_ends_in_other_threads_too():
    import threading

    seen = []
    with pytest.raises(KeyError), lucid.device("meta"):
        worker = threading.Thread(target=lambda: seen.append(lucid.zeros(1).is_meta))
        worker.start()
        worker.join()
        assert lucid.ones(2).is_meta and nn.Linear(2, 2).weight.is_meta and not lucid.zeros(1, device="cpu").is_meta
        raise KeyError
    assert seen == [False] and not lucid.ones(2).is_meta
    with lucid.device("meta"), lucid.device("meta"):
        pass
    assert not lucid.ones(2).is_meta
    with lucid.device("meta"), lucid.no_grad():
        assert lucid.eye(3).is_meta
    with pytest.raises(RuntimeError, match="one device"):
        lucid.zeros(2, device="cuda")


def test_gradients_and_optimizers_on_meta():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)).to("meta")
    out = model(lucid.empty(5, 3, 3, 3, device="meta"))
    assert out.is_meta and out.shape == (5, 2) and out.requires_grad
    nn.functional.cross_entropy(out, lucid.zeros(5, dtype=lucid.int64, device="meta")).backward()
    assert all(p.grad.shape == p.shape for p in model.parameters())


def test_weights_come_by_assignment_and_stay_the_files():
    state = nn.Linear(3, 4).state_dict()
    model = nn.Linear(3, 4, device="meta")
    kept = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert kept.weight.is_meta and isinstance(kept.weight, nn.Parameter) and kept.weight.requires_grad
    model.load_state_dict(state, assign=True)
    assert model.weight.data_ptr() == state["weight"].data_ptr() and type(model.weight) is nn.Parameter
    assert type(kept.weight)(lucid.ones(4, 3), requires_grad=False).requires_grad is False
    with pytest.raises(NotImplementedError, match="to_empty"):
        kept.to("cpu")
    with pytest.raises(RuntimeError, match="meta"):
        kept.weight.data = state["weight"]
    with pytest.raises(NotImplementedError, match="no data"):
        state["weight"].add_(kept.weight.detach())
    from lucid.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict, set_model_state_dict

    set_model_state_dict(kept, {"weight": state["weight"]}, options=StateDictOptions(strict=False))
    assert kept.weight is not None and not kept.weight.is_meta and kept.bias.is_meta
    kept.bias.requires_grad_(False)
    assert list(get_model_state_dict(kept, options=StateDictOptions(ignore_frozen_params=True))) == ["weight"]


def test_files_hold_what_there_is_of_them():
    model = nn.Linear(3, 4, device="meta", dtype=lucid.float64)
    file = io.BytesIO()
    lucid.save({"state": model.state_dict(), "weight": model.weight, "turned": M.t()}, file)
    assert len(file.getvalue()) < 3000
    file.seek(0)
    found = lucid.load(file)
    assert found["state"]["weight"].is_meta and found["state"]["weight"].dtype is lucid.float64 and not found["state"]["weight"].requires_grad
    assert isinstance(found["weight"], nn.Parameter) and found["weight"].requires_grad and found["turned"].stride() == (1, 4)
    for size, stride in (((3,), (1, 1)), ((-3,), (1,)), ((2**40, 2**40), (2**40, 1)), ((2**62,), (2**3,))):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            writer = lucid.serialization.Writer()
            writer.op = pickle
            writer.called("torch._utils", "_rebuild_meta_tensor_no_storage", (lucid.float32, size, stride, False), "x")
            archive.writestr("archive/data.pkl", b"\x80\x02" + bytes(writer.out) + b".")
        with pytest.raises(ValueError, match="load"):
            lucid.load(file)


def test_plain_programs_pay_nothing_for_it():
    code = """
import lucid
x = lucid.empty(2, device="meta") + 1
from lucid import overrides
print(overrides.attached, type(lucid.Tensor.__dict__["grad"]).__name__, lucid.overrides._thread.modes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "False property []\n"


def test_results_go_to_no_other_device():
    meta, plain = lucid.empty(2, device="meta"), lucid.ones(2)
    for call in (lambda: lucid.exp(meta, out=plain), lambda: lucid.add(meta, 1, out=plain), lambda: lucid.add(plain, plain, out=meta)):
        with pytest.raises(RuntimeError, match="cross-device copies are not allowed"):
            call()
    assert plain.tolist() == [1.0, 1.0]
    out = lucid.empty(2, device="meta")
    assert lucid.exp(meta, out=out) is out
