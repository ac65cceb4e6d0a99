"""The documentation: a page for every function, docstrings that are whole, and every example run as printed."""

import ast
import builtins
import doctest
import functools
import inspect
import re
import sys
from pathlib import Path

import pytest

import lucid
import lucid.nn.functional as F
from lucid import nn, optim
from lucid.autograd.op import REGISTRY
from lucid.ops._doc import entries, sections

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import pages  # noqa: E402
from claims import agrees, heads  # noqa: E402


def documented() -> dict:
    """Everything public, by its path."""
    found = {path: pages.find(path) for path in pages.public()}
    for namespace in pages.CLASSES:
        found |= {path: pages.find(path) for path in pages.classes(namespace)}
    return found | {path: pages.find(path) for paths in pages.OTHERS.values() for path in paths}


DOCUMENTED = documented()
# Tensor's own methods are documented in a sentence or more; their examples run too.
METHODS = {
    f"Tensor.{name}": member for name, member in vars(lucid.Tensor).items()
    if not name.startswith("_") and getattr(member, "__doc__", None) and not hasattr(member, "op")
}  # fmt: skip


def test_every_function_has_a_page(tmp_path):
    written = {path.stem for path in pages.write(tmp_path)}
    by_hand = {path.stem for path in (ROOT / "docs").glob("*.rst")}
    assert set(pages.public()) <= written | by_hand
    assert "nn.functional.leaky_relu" in by_hand
    for spec in REGISTRY.values():
        if not spec.name.startswith("_") and not spec.path.startswith("Tensor."):
            assert pages.find(spec.path) is spec.function, spec.path


def test_every_public_name_is_in_the_reference(tmp_path):
    text = "\n".join(path.read_text() for path in [*pages.write(tmp_path), *(ROOT / "docs").glob("*.rst")])
    named = set(re.findall(r"lucid\.([\w.]+)", text))
    namespaces = ["", *pages.CLASSES, "nn.functional", "linalg", "special", "fft", "signal.windows", "autograd",
                  "autograd.forward_ad", "autograd.functional", "autograd.graph", "func", "utils.checkpoint"]  # fmt: skip
    for namespace in namespaces:
        module = pages.find(namespace) if namespace else lucid
        for name in getattr(module, "__all__", dir(module)):
            one = getattr(module, name)
            if name.startswith("_") or inspect.ismodule(one):
                continue
            path = f"{namespace}.{name}".lstrip(".")
            elsewhere = one in (pages.find(path) for path in DOCUMENTED) if callable(one) else False
            assert path in named or elsewhere, path


def lacking(one) -> set[str]:
    """The sections that a docstring needs and has not."""
    text = inspect.getdoc(one) or ""
    needed = {"Examples"}
    try:
        parameters = inspect.signature(one).parameters
    except ValueError:
        parameters = ()
    if parameters:
        needed.add("Parameters")
    if not inspect.isclass(one) and getattr(one, "__annotations__", {}).get("return", object) not in (None, "None"):
        needed.add("Returns")
    return {section for section in needed if not re.search(rf"^{section}\n-+$", text, re.M)}


def test_docstrings_are_whole():
    """Parameters, Returns, Examples."""
    short = {path for page in ("settings", "types", "errors", "probes") for path in pages.OTHERS[page]}  # a sentence says all
    unfinished = {path: found for path, one in DOCUMENTED.items() if path not in short and (found := lacking(one))}
    assert not unfinished, "docstrings lack sections"


def declared() -> dict:
    """Everything that has sections: what is public, members of classes, and operations that are methods alone."""
    found = DOCUMENTED | {spec.path: spec.function for spec in REGISTRY.values()}
    for path, one in DOCUMENTED.items():
        members = vars(one).items() if inspect.isclass(one) else ()
        found |= {f"{path}.{name}": member for name, member in members if name[0] != "_" and inspect.isfunction(member)}
    return found


def test_the_parameters_are_those_of_the_signature():
    wrong = {}
    for path, one in declared().items():
        names = [name.strip("*") for head in heads(one, "Parameters") for name in head.partition(" :")[0].split(", ")]
        named = set(names)
        try:
            parameters = inspect.signature(one).parameters.values()
        except ValueError:
            continue
        kinds = {each.name: each.kind for each in parameters if each.name != "self"}
        rest = {name for name, kind in kinds.items() if kind == inspect.Parameter.VAR_KEYWORD}
        if set(kinds) == {"args", "kwargs"} or not named:  # or documented in a sentence
            continue
        private = {name for name in kinds if name[0] == "_"}
        if named - set(kinds) or set(kinds) - named - rest - private or len(named) < len(names):
            wrong[path] = sorted(named ^ set(kinds)) or names
    assert not wrong


def test_every_parameter_has_a_sentence():
    bare = {
        path: entry for path, one in declared().items()
        for entry in entries(sections(inspect.getdoc(one) or "").get("Parameters", "")) if "\n" not in entry.strip()
    }  # fmt: skip
    assert not bare


# Parameters of functions with several forms: what one form needs, another has not.
NEEDED = {"arange": "end", "range": "end", "randint": "high size", "randint_like": "high", "istft": "n_fft"}


def test_what_has_a_default_is_optional():
    wrong = set()
    for path, one in declared().items():
        try:
            parameters = inspect.signature(one).parameters
        except ValueError:
            continue
        parts = [head.partition(" : ") for head in heads(one, "Parameters")]
        for name, kind in ((name, kind) for names, _, kind in parts if kind for name in names.split(", ")):
            if name not in parameters or name in NEEDED.get(path, "").split():
                continue
            needed = parameters[name].default is inspect.Parameter.empty
            if needed == ("optional" in kind) and "None" not in kind:
                wrong.add((path, name))
    assert not wrong


def test_the_errors_exist():
    places = (builtins, lucid, lucid.linalg, lucid.autograd, lucid.utils.checkpoint)
    wrong = {}
    for path, one in declared().items():
        names = [name for head in heads(one, "Raises") for name in head.split(", ")]
        found = [next((getattr(place, name) for place in places if hasattr(place, name)), None) for name in names]
        if not all(inspect.isclass(error) and issubclass(error, Exception) for error in found):
            wrong[path] = names
    assert not wrong


# Families whose pages also state formula and gradient.
FAMILIES = "activation classification convolution distance loss margins normalization pooling softmax"
FORMULAS = {f"lucid.ops.{family}" for family in FAMILIES.split()}


@pytest.mark.parametrize(
    "path", sorted(p for p, spec in REGISTRY.items() if spec.forward.__module__ in FORMULAS and not spec.name.startswith("_"))
)
def test_the_page_has_all_sections(path):
    for part in ("Parameters\n", "Returns\n", ".. math::", ">>>"):
        assert part in REGISTRY[path].function.__doc__


def run_examples(text: str, name: str) -> int:
    """Run a text's examples; returns how many there were."""
    names = {"lucid": lucid, "nn": nn, "F": F, "optim": optim, "Tensor": lucid.Tensor}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told = []
    try:
        runner.run(test, out=told.append)
    finally:
        lucid.set_default_dtype(lucid.float32)
    assert not runner.failures, "".join(told)
    return len(test.examples)


@pytest.mark.parametrize("path", sorted(DOCUMENTED | METHODS))
def test_the_examples_print_what_they_say(path, monkeypatch):
    """And what they return is of the type that the docstring names."""
    one = {**DOCUMENTED, **METHODS}[path]
    results = []
    if inspect.isroutine(one) and path not in METHODS:

        @functools.wraps(one)
        def recorded(*args, **kwargs):
            results.append(one(*args, **kwargs))
            return results[-1]

        place, _, name = path.rpartition(".")
        monkeypatch.setattr(pages.find(place) if place else lucid, name, recorded)
    run_examples(inspect.getdoc(one) or "", path)
    for result in results:
        said = sections(inspect.getdoc(one)).get("Returns")
        assert not said or agrees(result, one), f"{path} returns {type(result).__name__}, not {said}"
    if inspect.isclass(one):
        for name, member in vars(one).items():
            if not name.startswith("_") and getattr(member, "__doc__", None):
                run_examples(inspect.getdoc(member) or "", f"{path}.{name}")


@pytest.mark.parametrize("name", ["quickstart.md", "threads-and-memory.md"])
def test_the_guides_print_what_they_say(name):
    text = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(), re.S))
    assert run_examples(text, name) > 3


def test_the_seeds_page_prints_what_it_says():
    result = doctest.testfile(str(ROOT / "docs" / "nn.functional.leaky_relu.rst"), module_relative=False)
    assert result.attempted >= 6 and result.failed == 0


@pytest.mark.parametrize("name", ["README.md", "docs/index.rst"])
def test_the_first_example_prints_what_it_says(name, capsys):
    text = (ROOT / name).read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S) or re.findall(r"code-block:: python\n\n(.*?)\n\n\.\.", text, re.S)
    code = inspect.cleandoc("\n" + code)
    exec(compile(code, name, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line.partition("# ")[2].strip() for line in code.splitlines() if line.startswith("print")]


def test_links_and_named_files_are_there():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*.rst")):
        text = page.read_text()
        links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link} - {""}
        named = set(re.findall(r"`((?:lucid|pyx|tests|conformance|benchmarks|examples|docs)/[\w/.-]+)`", text))
        missing = {link for link in links if not (page.parent / link).exists()} | {path for path in named if not (ROOT / path).exists()}
        assert not missing - {"docs/_build"}, page.name


def test_the_differences_from_pytorch_are_listed():
    text = pages.differences()
    assert "Tensor.backward" in text and "PyTorch" in text


def parameters_in(text: str) -> list[str]:
    """The names of a Cython function's parameters."""
    parts = [part.partition("=")[0].replace(" not None", "").split() for part in re.split(r",(?![^\[]*\])", text)]
    return [part[-1] for part in parts if part]


def parameters_of(arguments: ast.arguments) -> list[str]:
    """Those of a Python function, with the `/` behind the ones that are by position alone."""
    first = [each.arg for each in arguments.posonlyargs]
    return [*first, *["/"][: len(first)], *(each.arg for each in arguments.args + arguments.kwonlyargs)]


def test_the_stubs_are_those_of_the_kernels():
    """A `.pyi` beside each `.pyx`: the same functions and classes, with the same parameters."""
    for module in sorted((ROOT / "pyx").glob("*.pyx")):
        source = module.read_text()
        for part in re.findall(r'^include "(.*)"', source, re.M):
            source += (ROOT / "pyx" / part).read_text()
        found = re.findall(r"^(?:def|cpdef(?: \w+)*?) (\w+)\(((?:[^()]|\([^()]*\))*)\)", source, re.M)
        functions = {name: parameters_in(text) for name, text in found if not name.startswith("_")}
        classes = set(re.findall(r"^(?:cdef )?class (\w+)", source, re.M))
        stub = ast.parse(module.with_suffix(".pyi").read_text())
        stubbed = {one.name: parameters_of(one.args) for one in stub.body if isinstance(one, ast.FunctionDef)}
        assert stubbed == functions, module.name
        assert {one.name for one in stub.body if isinstance(one, ast.ClassDef)} == classes, module.name
