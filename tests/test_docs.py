"""The documentation: a page for every function, and the examples of the seed's page and the README run as printed."""

import doctest
import re
import sys
from pathlib import Path

import pytest

import lucid
from lucid.autograd.op import REGISTRY

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import pages  # noqa: E402


def test_every_function_has_a_page(tmp_path):
    written = {path.stem for path in pages.write(tmp_path)}
    by_hand = {path.stem for path in (ROOT / "docs").glob("*.rst")}
    assert set(pages.public()) <= written | by_hand
    assert "nn.functional.leaky_relu" in by_hand
    for spec in REGISTRY.values():
        if not spec.name.startswith("_") and not spec.path.startswith("Tensor."):
            found = lucid
            for part in spec.path.split("."):
                found = getattr(found, part)
            assert found is spec.function, spec.path


def test_the_seeds_page_prints_what_it_says():
    result = doctest.testfile(str(ROOT / "docs" / "nn.functional.leaky_relu.rst"), module_relative=False)
    assert result.attempted >= 6 and result.failed == 0


def test_the_readmes_example_prints_what_it_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line.partition("# ")[2].strip() for line in code.splitlines() if line.startswith("print")]


FAMILIES = ("reduction", "sorting", "indexing", "shape", "view", "creation", "random", "linalg")
ARRAYS = {f"lucid.ops.{name}" for name in FAMILIES}
COPIES = {"resize_as_"} | {path for path in REGISTRY if path.endswith("_copy") and not path.startswith("index")}


def _documented():
    found = {id(spec): path for path, spec in REGISTRY.items() if spec.forward.__module__ in ARRAYS}
    return sorted(path for path in found.values() if not path.rpartition(".")[2].startswith("_"))


@pytest.mark.parametrize("path", _documented())
def test_every_operation_on_arrays_is_described_and_its_example_runs(path):
    text = REGISTRY[path].function.__doc__
    assert text and text.splitlines()[0].endswith((".", ":", "`"))
    if path in COPIES or path.endswith(("dropout", "dropout_")):
        return
    example = doctest.DocTestParser().get_doctest(text, {"lucid": lucid}, path, None, None)
    assert example.examples, "no example"
    assert "Parameters\n----------" in text or "Parameters\n    ----------" in text
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def _examples():
    public = [spec for spec in REGISTRY.values() if not spec.name.startswith("_")]
    functions = {spec.path: spec.function for spec in public if spec.forward.__module__ not in ARRAYS}
    classes = {f"optim.{name}": getattr(lucid.optim, name) for name in lucid.optim.__all__}
    schedules = {f"optim.lr_scheduler.{n}": getattr(lucid.optim.lr_scheduler, n) for n in lucid.optim.lr_scheduler.__all__}
    found = functions | classes | schedules
    return {path: found[path] for path in sorted(found) if ">>>" in (found[path].__doc__ or "")}


EXAMPLES = _examples()


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_example_prints_what_it_says(path):
    names = {"lucid": lucid, "F": lucid.nn.functional, "Tensor": lucid.Tensor}
    runner, said = doctest.DocTestRunner(verbose=False), []
    runner.run(doctest.DocTestParser().get_doctest(EXAMPLES[path].__doc__, names, path, None, 0), out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


# Families whose functions are described in full: what they take, return, compute, pass back, and an example.
WHOLE = {f"lucid.ops.{family}" for family in ("activation", "convolution", "distance", "loss", "normalization", "pooling")}


@pytest.mark.parametrize(
    "path", sorted(p for p, spec in REGISTRY.items() if spec.forward.__module__ in WHOLE and not spec.name.startswith("_"))
)
def test_the_page_has_all_sections(path):
    for part in ("Parameters\n", "Returns\n", ".. math::", ">>>"):
        assert part in REGISTRY[path].function.__doc__
