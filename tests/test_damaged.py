"""Files that somebody or something changed: bytes of each member of an archive, which is put together again, and whole archives.

Reading says ValueError, or what else its documentation names, or gives what can be used; it ends, and takes no memory to speak of.
A program that is read all the same may raise anything of Python's when it runs.
"""

import contextlib
import io
import pickle
import random
import resource
import signal
import sys
import zipfile

import numpy as np
import pytest
from test_export import file as exported
from test_torchscript import INTEGERS, MODULE, X, archive, method, network

import lucid
from lucid import export, jit

SECONDS, MEGABYTES = 10, 300
UNIT = 1 if sys.platform == "darwin" else 1024  # of `ru_maxrss`


def changed(data: bytes, source: random.Random) -> bytes:
    """Some bytes are others, or twice there, or gone."""
    data = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 4, 16))):
        at = source.randrange(len(data) or 1)
        what = source.random()
        if what < 0.6:
            data[at : at + 1] = bytes([source.randrange(256)])
        elif what < 0.75:
            data[at:at] = data[at : at + source.randrange(20)]
        elif what < 0.95:
            del data[at : at + source.randrange(1, 20)]
        else:
            del data[at:]
    return bytes(data)


def rebuilt(whole: bytes, source: random.Random) -> io.BytesIO:
    """An archive with one member changed, or with bytes changed anywhere."""
    if source.random() < 0.2:
        return io.BytesIO(changed(whole, source))
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made, "w") as out:
        one = source.choice(old.namelist())
        for name in old.namelist():
            out.writestr(name, changed(old.read(name), source) if name == one else old.read(name))
    return made


@contextlib.contextmanager
def bounded():
    """A block that ends, and leaves memory as it was."""

    def late(*_):
        pytest.fail(f"more than {SECONDS} seconds")

    before, old = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < (MEGABYTES << 20) // UNIT


def state():
    file = io.BytesIO()
    lucid.save({"a": lucid.arange(6).view(2, 3).t(), "b": [1, "x", {2.5: lucid.nn.Parameter(lucid.ones(2))}, lucid.tensor([True])]}, file)
    return file


def arrays():
    file = io.BytesIO()
    lucid.save({"a": np.arange(6).reshape(2, 3).T, "b": [np.float32(1.5), np.zeros((0, 3)), np.dtype(">i2")], "c": lucid.ones(2)}, file)
    return file


READ = {
    "torchscript": (network, jit.load, ValueError, lambda module: module(X)),
    "exported": (exported, export.load, (ValueError, NotImplementedError), lambda program: program.module()(lucid.ones(2, 4))),
    "saved": (state, lucid.load, ValueError, repr),
    "of NumPy": (arrays, lambda file: lucid.load(file, weights_only=False), pickle.UnpicklingError, repr),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_or_read(name, seed):
    make, load, error, use = READ[name]
    whole, source, refused = make().getvalue(), random.Random(seed), 0
    with bounded():
        for _ in range(150):
            file = rebuilt(whole, source)
            try:
                found = load(file)
            except error as raised:
                refused += bool(str(raised))
                continue
            with contextlib.suppress(Exception):
                use(found)
    assert 40 < refused < 150


def pickled(*instructions: bytes) -> bytes:
    return b"\x80\x02" + b"".join(instructions) + b"."


NAMED = b"c__torch__\nM\n)\x81"
LOOP = "def endless() -> int:\n  while True:\n    pass\n  return 1\n"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ"
HUGE = b"\x8a\x08" + (2**62).to_bytes(8, "little")
HOSTILE = {
    "a function is called": archive(MODULE + LOOP, **{"data.pkl": pickled(b"c__torch__\nendless\n)R")}),
    "a method is called": archive(MODULE + "  def f(self) -> int:\n    while True:\n      pass\n    return 1\n", **{"data.pkl": pickled(b"c__torch__.M\nf\n)R")}),
    "a constant is computed": archive(MODULE.replace("size : Final[int] = 3", "size : Final[int] = __torch__.endless()") + LOOP),
    "a constant is large": archive(MODULE.replace("= 3", "= torch.mul([0], 1000000000000)")),
    "a state of its own ends in no object": archive(MODULE + "  def __setstate__(self: __torch__.M, state: int) -> int:\n    return self.other\n", **{"data.pkl": pickled(NAMED, b"K\x01b")}),
    "a class of itself": archive(MODULE + "class P(NamedTuple):\n  a : int = __torch__.P.a\n", **{"data.pkl": pickled(b"c__torch__\nP\n)R")}),
    "a tuple in itself": archive(
        MODULE + "  p : __torch__.P\nclass P(NamedTuple):\n  a : List[__torch__.P]\n", **{"data.pkl": pickled(NAMED, b"}X\x01\x00\x00\x00p]q\x00h\x00\x85q\x01h\x00h\x01a0h\x01s0b")}
    ),
    "sizes that no memory has": archive(MODULE, **{"data.pkl": pickled(NAMED, b"}X\x01\x00\x00\x00x", TENSOR, b"K\x00", HUGE, HUGE, b"\x86K\x00K\x00\x86\x89)tRsb"), "data/0": bytes(4)}),
    "a stride that goes around": archive(MODULE, **{"data.pkl": pickled(NAMED, b"}X\x01\x00\x00\x00x", TENSOR, b"K\x00", HUGE, b"\x85", HUGE, b"\x85\x89)tRsb"), "data/0": bytes(4)}),
    "no elements of a large size": archive(MODULE, **{"data.pkl": pickled(NAMED, b"}X\x01\x00\x00\x00x", TENSOR, b"K\x00(K\x00", HUGE, HUGE, b"t(K\x01K\x01K\x01t\x89)tRsb"), "data/0": bytes(4)}),
    "a text of a large size": archive(MODULE, **{"data.pkl": pickled(b"\x8d" + (2**60).to_bytes(8, "little"), b"abc")}),
    "a number of a large size": archive(MODULE, **{"data.pkl": pickled(b"\x8b" + (2**31 - 1).to_bytes(4, "little"), b"abc")}),
    "no end of marks": archive(MODULE, **{"data.pkl": pickled(b"(" * 100000, b"t" * 100001)}),
    "blocks in blocks": archive(MODULE + "  def f(self) -> int:\n" + "".join("  " * n + "if True:\n" for n in range(2, 400)) + "  " * 400 + "return 1\n"),
    "a long sum": archive(MODULE + "  x : int\n" + method("return " + "not " * 100000 + "x")),
    "a number of many digits": archive(MODULE + method("return " + "9" * 100000)),
    "brackets without end": archive(MODULE + method("return " + "[" * 100000)),
    "zeros in the text": archive(MODULE + "\0"),
    "no text": archive(b"\xff\xfe" + MODULE.encode()),
    "a version of many digits": archive(MODULE, version="9" * 100000),
    "no version": archive(MODULE, version=""),
    "constants that are no tuple": archive(MODULE, **{"constants.pkl": pickled(b"c__torch__\nNothing\n)R")}),
    "parameters that are no names": archive(MODULE.replace("__parameters__ = []", "__parameters__ = [x()]")),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_are_refused(name):
    with bounded(), pytest.raises(ValueError):  # noqa: PT011 (each says something else)
        jit.load(HOSTILE[name])


def test_names_that_are_not_there():
    for body in ("return self.other", "return y", "return torch.mul()", "return (self).other()", "return (self.training).x"):
        with pytest.raises((ValueError, TypeError, NameError, AttributeError)):
            jit.load(archive(MODULE + method(body)))(INTEGERS)


def test_lists_in_themselves_are_read_once():
    values = [1]
    values.append(values)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("archive/data.pkl", pickle.dumps(values, 2))
    found = lucid.load(file)
    assert found[1] is found
