"""The surface: PyTorch's lists are the denominator, nothing disappears, and every exclusion is by a rule."""

from dataclasses import dataclass

import pytest
import torch

from conformance import surface as s
from conformance.results import Counts, Op


class Package:
    """A subject with a handful of names."""

    def __init__(self, **members):
        self.members = {name.replace("__dot__", "."): value for name, value in members.items()}

    def has(self, path):
        return path in self.members

    def resolve(self, path):
        return self.members[path]


@dataclass
class Meant:
    subject: str
    op: str
    reason: str


def relu(input_, inplace=False):
    return input_


def find(found, path):
    return next(entry for entry in found.names if entry.name == path)


def test_every_name_of_pytorchs_lists_is_counted_once():
    listed = {name for name in dir(torch) if not name.startswith("_")}
    listed |= {f"nn.functional.{name}" for name in dir(torch.nn.functional) if not name.startswith("_")}
    listed |= {f"Tensor.{name}" for name in dir(torch.Tensor) if not name.startswith("_")}
    listed |= {f"nn.{name}" for name in dir(torch.nn) if not name.startswith("_")}
    found = [entry.name for entry in s.survey(Package(), "nobody").names]
    assert listed <= set(found)
    assert len(found) == len(set(found)) > 3000


def test_an_empty_package_has_nothing():
    found = s.survey(Package(), "nobody")
    assert {entry.status for entry in found.names} == {"missing", "out of scope"}
    assert all(bool(entry.reason) == (entry.status == "out of scope") for entry in found.names)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("cuda", "CUDA"), ("Tensor.is_cuda", "CUDA"), ("sparse_coo_tensor", "sparse"), ("quint8", "quantized"),
        ("jit", "TorchScript"), ("distributed", "distributed"), ("Tensor._version", "private"), ("sym_fresh_size", "symbolic"),
        ("nn.functional.math", "imports"), ("AliasDb", "compiler"), ("eig", "removed"),
    ],
)  # fmt: skip
def test_out_of_scope_says_why(path, word):
    assert word in s.out_of_scope(path, s.names()[path][1])


@pytest.mark.parametrize(
    "path",
    [
        "index_copy", "Tensor.index_copy_", "nn.init.sparse_", "fft.hfft2", "special.ndtri", "nn.functional.pad",
        "optim.Adam", "Tensor.__add__", "Tensor.grad", "nn.Module.train", "newaxis", "inf", "float32", "bfloat16",
        "utils.data.DataLoader", "autograd.functional.jacobian", "native_layer_norm", "distributions.Normal",
        "masked.sum", "from_dlpack", "FloatTensor", "FloatStorage", "UntypedStorage.fill_", "sym_max", "cond", "library.Library.define",
        "cpu.synchronize", "nn.attention.bias.CausalBias", "serialization.safe_globals", "nn.RNNBase.check_input", "cuda.is_available", "jit.script", "nn.DataParallel",
    ],
)  # fmt: skip
def test_what_a_dense_library_could_have_is_asked(path):
    assert s.out_of_scope(path, s.names()[path][1]) == ""


def test_status_follows_the_run():
    package = Package(sin=torch.sin, cos=torch.cos, tan=torch.tan, exp=torch.exp)
    ops = [
        Op("sin", "function", "unary", "conforms"),
        Op("cos", "function", "unary", "fails"),
        Op("tan", "function", "unary", "unjudged"),
        Op("log", "function", "unary", "conforms"),
    ]
    found = s.survey(package, "p", ops)
    statuses = {path: find(found, path).status for path in ("sin", "cos", "tan", "exp", "log")}
    assert statuses == {"sin": "conforms", "cos": "fails", "tan": "present", "exp": "present", "log": "missing"}


def test_methods_follow_the_checks_of_their_op():
    package = Package(**{"Tensor.sin": 0, "Tensor.sin_": 0, "Tensor.__sub__": 0, "Tensor.relu": 0})
    counts = [Counts("method", "own", "float32", passed=3), Counts("inplace", "own", "float32", passed=3, failed=1)]
    ops = [
        Op("sin", "function", "unary", "fails", counts=counts),
        Op("sub", "function", "binary", "conforms", counts=[Counts("operator", "own", "float32", passed=1)]),
        Op("nn.functional.relu", "function", "unary", "conforms", counts=[Counts("method", "own", "int64", crash=1)]),
    ]
    found = s.survey(package, "p", ops)
    assert find(found, "Tensor.sin").status == "conforms"
    assert find(found, "Tensor.sin_").status == "fails"
    assert find(found, "Tensor.__sub__").status == "conforms"
    assert find(found, "Tensor.relu").status == "fails"
    ops[0].counts = [Counts("method", "own", "float32", passed=3, missing=1)]
    assert find(s.survey(package, "p", ops), "Tensor.sin").status == "missing"


def test_deviations_are_named_and_belong_to_one_subject():
    package, meant = Package(**{"Tensor.backward": torch.Tensor.backward}), [Meant("p", "Tensor.backward", "because")]
    deviating = find(s.survey(package, "p", deviations=meant), "Tensor.backward")
    assert (deviating.status, deviating.reason) == ("deviates", "because")
    assert find(s.survey(package, "q", deviations=meant), "Tensor.backward").status == "present"


def test_signatures_stand_beside_the_status():
    found = find(s.survey(Package(**{"nn.functional.relu": relu}), "p"), "nn.functional.relu")
    assert (found.signature, found.subject_signature) == ("same", "(input_, inplace=False)")
    found = find(s.survey(Package(**{"nn.functional.relu": lambda x: x}), "p"), "nn.functional.relu")
    assert (found.signature, found.difference) == ("differs", "lacks input; lacks inplace; has x besides")


def test_pytorch_itself_lacks_nothing():
    names = s.names()

    class Torch:
        has = staticmethod(lambda path: path in names)
        resolve = staticmethod(lambda path: names[path][1])

    found = s.survey(Torch(), "torch")
    assert not [entry.name for entry in found.names if entry.status == "missing" or entry.signature == "differs"]


def test_what_is_judged_is_asked():
    """The two places that decide about scope never contradict each other."""
    from conformance import judging, scope

    names = s.names()
    judged = [op for op in judging.catalogue() if op in names]
    assert len(judged) > 600
    assert not [op for op in judged if s.out_of_scope(op, names[op][1])]
    asked = [path for path, (_, value) in names.items() if not s.out_of_scope(path, value)]
    assert [path for path in asked if scope.out_of_scope(path)] == ["nn.init.sparse_"]  # dense, with zeros in it


def test_the_count_does_not_depend_on_what_was_imported():
    import subprocess
    import sys

    count = "from conformance import surface; print(len(surface.names()))"
    fresh = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True).stdout
    after = subprocess.run([sys.executable, "-c", "import conformance.torch_private, torch.distributed; " + count],
                           capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert fresh == after
