"""Lucid under PyTorch's name, in processes of their own: the test's own process stays as it is."""

import subprocess
import sys

import pytest

import lucid


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def test_modules_are_the_same_under_both_names():
    print_ = """
import pytest

import lucid
lucid.install_as_torch()
lucid.install_as_torch()
import sys, torch, torch.nn.functional as F, torch.utils.data, torch.backends.cudnn as cudnn, torch.nn.modules.batchnorm as norms
from importlib.metadata import version
names = "Tensor nn nn.functional optim cuda.is_available compile einsum linalg.qr utils.data.DataLoader"
find = lambda root, path: [root := getattr(root, part) for part in path.split(".")][-1]
print(all(find(torch, name) is find(lucid, name) for name in names.split()), F is lucid.nn.functional, F.__spec__.name)
print(torch.__version__ == version("torch") == f"2.13.0+lucid.{lucid.__version__}", torch.__name__, "einsum" in dir(torch))
print(torch.__version__ >= (2, 9), torch.__version__ > "2.9", torch.version.__version__ == str(torch.__version__), lucid.version.__version__)
print(isinstance(torch.nn.BatchNorm2d(1), norms._BatchNorm), hasattr(torch, "nonsense"))
import io, torch.autograd.profiler as profiler
print(profiler is lucid.autograd.profiler is torch.autograd.profiler, torch.profiler is lucid.profiler)
try:
    __import__("torch.nonsense")
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run("-c", print_).splitlines() == [
        "True True lucid.nn.functional", "True torch True", f"True True True {lucid.__version__}", "True False", "True True", "torch.nonsense",
    ]  # fmt: skip


def test_packages_find_older_names_and_the_module_of_a_tensor():
    code = """
import lucid, torch, torch.distributed.tensor as now, torch.distributed._composable.fsdp as composed
import lucid, torch.distributed._tensor as older, torch.distributed._tensor.experimental as trying, torch.utils.data.dataloader as loading
DTensor, FSDPModule, implicit_replication, loaded = older.DTensor, composed.FSDPModule, trying.implicit_replication, loading._collate_fn_t
print(DTensor is now.DTensor, FSDPModule is torch.distributed.fsdp.FSDPModule, now.__spec__.name, implicit_replication is now.experimental.implicit_replication)
print(torch.ones(1).__class__.__module__, type(torch.nn.Parameter(torch.ones(1))).__module__, torch.Tensor is lucid.Tensor)
import copy, io, pickle
x, file = torch.nn.Parameter(torch.ones(2)), io.BytesIO()
torch.save({"x": x}, file)
print(pickle.loads(pickle.dumps(x)).tolist(), copy.deepcopy(x).tolist(), pickle.loads(pickle.dumps(torch.Tensor)) is torch.Tensor)
print(type(torch.load(io.BytesIO(file.getvalue()))["x"]) is torch.nn.Parameter)
"""
    assert run("-c", "import lucid\nlucid.install_as_torch()" + code).splitlines() == [
        "True True lucid.distributed.tensor True", "torch torch.nn.parameter True", "[1.0, 1.0] [1.0, 1.0] True", "True",
    ]  # fmt: skip


def test_what_stands_in_pytorchs_files_is_found_there():
    code = """
import lucid; lucid.install_as_torch()
import lucid, torch, torch.optim.adadelta as one, torch.optim.rmsprop as two, torch.optim.adamw, torch.autograd.grad_mode as modes, torch.nn.common_types as sizes
print(modes.no_grad is torch.no_grad, one.Adadelta is two.Adadelta is torch.optim.Adadelta, two.RMSprop is torch.optim.RMSprop, torch.optim.adamw.AdamW is torch.optim.AdamW)
print(sizes._size_2_t == int | tuple[int, int], sizes._size_2_opt_t == int | None | tuple[int | None, int | None], sizes._size_any_t == int | tuple[int, ...],
      sizes._ratio_any_t == float | tuple[float, ...])
"""
    assert run("-c", code).splitlines() == ["True True True True"] * 2


def test_it_is_refused_where_pytorch_was_imported():
    code = "import sys, types; sys.modules['torch'] = types.ModuleType('torch'); import lucid; lucid.install_as_torch()"
    assert run("-c", code).startswith("RuntimeError: install_as_torch(): PyTorch is imported already")


def test_a_program_is_run_as_it_is(tmp_path):
    (tmp_path / "beside.py").write_text("import torch\nx = torch.ones(2)\n")
    (tmp_path / "program.py").write_text("import sys, beside\nif __name__ == '__main__':\n    print(beside.x.tolist(), sys.argv[1:])\n")
    assert run("-m", "lucid", str(tmp_path / "program.py"), "--steps", "3") == "[1.0, 1.0] ['--steps', '3']"
    assert "python -m lucid program.py" in run("-m", "lucid")


def test_versions_compare_by_their_numbers():
    version = lucid.torch_version.TorchVersion("2.13.0+lucid")
    assert version > "2.9" and version > (2, 9) and version >= "2.13.0" and version != "2.13" and version < [2, 14] and version < "10"
    assert version == "2.13+lucid" and hash(version) == hash("2.13.0+lucid") and version != None and version < "parrot"  # noqa: E711
    stages = ["2.13.dev1", "2.13a0", "2.13b2", "2.13rc1", "2.13.0", "2.13.post1", "2.13.1"]
    assert sorted(map(lucid.torch_version.TorchVersion, reversed(stages))) == stages
    with pytest.raises(TypeError):
        version > 2.9  # noqa: B015


def test_modules_run_as_programs_too(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import sys, torch, package\nprint(__name__, __package__, torch.Tensor.__module__, sys.argv[1:])")
    monkeypatch.chdir(tmp_path)
    assert run("-m", "lucid", "-m", "package", "-m", "one") == "__main__ package torch ['-m', 'one']"
    assert run("-m", "lucid", "-m") == run("-m", "lucid") != ""
    assert "No module named" in run("-m", "lucid", "-m", "nonsense")
