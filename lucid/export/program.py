"""An exported program: its steps, and the module that runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lucid
from lucid import Tensor, nn
from lucid.export.aten import bound, function_of
from lucid.export.control import HIGHER_ORDER
from lucid.export.graph_signature import (
    ConstantArgument,
    ExportGraphSignature,
    InputKind,
    InputSpec,
    OutputKind,
    OutputSpec,
    SymIntArgument,
    TensorArgument,
)
from lucid.export.operators import FIRST_ALONE
from lucid.export.values import DTYPES, LISTS, Place, Structure, argument, constant, name_of

__all__ = ["ExportedProgram", "Graph"]

KEYWORD = 2  # of an argument, how it is given
RESULTS = 5  # of a step, where they go


class Graph:
    """The steps of a program, or of a part that it calls.

    Attributes
    ----------
    steps : list of tuple
        The function; its positional arguments and its keywords, as `values.argument` gives them; the positions of single values
        among the former, so that most steps look at nothing else; where the results go; which values are not needed after it.
    """

    def __init__(self, written: dict):
        self.written = written
        self.places: dict[str, int] = {}
        self.size = len(written["inputs"])
        for at, one in enumerate(written["inputs"]):
            name = name_of(one)
            if name is not None:
                self.places[name] = at
        self.steps = [self._step(node) for node in written["nodes"]]
        self.outputs = [argument(one, self.places) for one in written["outputs"]]
        self.single = written["is_single_tensor_return"]
        self._forget()

    def _step(self, node: dict) -> list:
        target = node["target"]
        if target in HIGHER_ORDER:
            function = HIGHER_ORDER[target]
            positional = [self._operand(one["arg"]) for one in node["inputs"] if one["kind"] != KEYWORD]
            keywords = {one["name"]: self._operand(one["arg"]) for one in node["inputs"] if one["kind"] == KEYWORD}
        else:
            function = function_of(target)
            given = [(one["name"], argument(one["arg"], self.places)) for one in node["inputs"]]
            positional, keywords = bound(function, given)
        singles = [(at, one.at) for at, one in enumerate(positional) if type(one) is Place]
        nested = [at for at, one in enumerate(positional) if _has_places(one) and type(one) is not Place]
        results = [self._result(one) for one in node["outputs"]]
        if len(results) == 1 and node.get("is_hop_single_tensor_return") is not False:
            results = results[0]
        return [function, positional, keywords, singles, nested, results, []]

    def _operand(self, written: dict):
        """What a higher-order operator takes beside values: a part of the program, or an operator."""
        if "as_graph" in written:
            return Graph(written["as_graph"]["graph"])
        return function_of(written["as_operator"]) if "as_operator" in written else argument(written, self.places)

    def _result(self, written: dict):
        """Where a result goes: the number of its place, or a list of such, or None if nothing asks for it."""
        name = name_of(written)
        if name is not None:
            self.places[name] = self.size
            self.size += 1
            return self.size - 1
        ((kind, value),) = written.items()
        return [self._result(one) for one in value] if kind in LISTS else None

    def _forget(self) -> None:
        """Let each step compute no more than is asked for, and drop the values that no later one needs."""
        needed = set(_places_in(self.outputs))
        for step in reversed(self.steps):
            if not needed.intersection([*_numbers_in(step[RESULTS])][1:]):
                step[0] = FIRST_ALONE.get(step[0], step[0])
            _, positional, keywords, _, _, results, dead = step
            used = {*_places_in(positional), *_places_in(list(keywords.values())), *_numbers_in(results)}
            dead += sorted(used - needed)
            needed |= used

    def run(self, values: list) -> list:
        """The outputs for values of the inputs."""
        known = values + [None] * (self.size - len(values))
        step = None
        try:
            for step in self.steps:
                function, positional, keywords, singles, nested, results, dead = step
                arguments = positional.copy()
                for at, place in singles:
                    arguments[at] = known[place]
                for at in nested:
                    arguments[at] = _filled(arguments[at], known)
                if keywords:
                    result = function(*arguments, **{name: _filled(one, known) for name, one in keywords.items()})
                else:
                    result = function(*arguments)
                if type(results) is int:
                    known[results] = result
                elif results:
                    _store(results, result, known)
                for place in dead:
                    known[place] = None
        except Exception as error:
            self._explain(error, step)
            raise
        return [_filled(one, known) for one in self.outputs]

    def _explain(self, error: Exception, step: list) -> None:
        """Note at an error which step raised it, and the lines of the model's code that it comes from, as the exporter wrote them down."""
        node = self.written["nodes"][next(at for at, one in enumerate(self.steps) if one is step)]
        trace = node.get("metadata", {}).get("stack_trace")
        error.add_note(f"In the exported program: {_call(node, [])}" + (f", which was\n{trace}" if trace else ""))

    def __call__(self, *values):
        """As an operator that takes parts of programs calls them."""
        outputs = self.run(list(values))
        return outputs[0] if self.single else tuple(outputs)


def _has_places(one) -> bool:
    return next(_places_in(one), None) is not None


def _places_in(one) -> Iterator[int]:
    if type(one) is Place:
        yield one.at
    elif type(one) in (list, tuple, dict):
        for part in one.values() if type(one) is dict else one:
            yield from _places_in(part)


def _numbers_in(results) -> Iterator[int]:
    if type(results) is int:
        yield results
    for one in results if type(results) is list else ():
        yield from _numbers_in(one)


def _filled(one, known: list):
    if type(one) is Place:
        return known[one.at]
    if type(one) is list:
        return [_filled(part, known) for part in one]
    if type(one) is dict:
        return {key: _filled(part, known) for key, part in one.items()}
    return one


def _store(results: list, values, known: list) -> None:
    for place, value in zip(results, values, strict=True):
        if type(place) is int:
            known[place] = value
        elif place is not None:
            _store(place, value, known)


class ExportedProgram:
    """A program as PyTorch exported it: operator calls, and the parameters, buffers and constants that they work on.

    `export.load` makes it.

    Attributes
    ----------
    graph_signature : ExportGraphSignature
        What inputs and outputs are.
    state_dict : dict of str to Tensor
        Parameters and persistent buffers.
    constants : dict of str to Tensor
        Other tensors, and buffers that the `state_dict` does not hold.
    example_inputs : tuple or None
        The arguments with which the program was exported.
    range_constraints : dict of str to (int or None, int or None)
        The least and largest value of each size that may differ.
    files : dict of str to bytes
        The archive that it was read from, without its weights.
    """

    def __init__(self, written: dict, state_dict: dict, constants: dict, example_inputs=None, files: dict | None = None):
        self.state_dict, self.constants, self.example_inputs, self.files = state_dict, constants, example_inputs, files or {}
        module = written["graph_module"]
        self.range_constraints = {
            name: (limits["min_val"], limits["max_val"]) for name, limits in written["range_constraints"].items()
        }
        signature = module["signature"]
        self.graph_signature = ExportGraphSignature(
            [_input_spec(one) for one in signature["input_specs"]], [_output_spec(one) for one in signature["output_specs"]]
        )
        whole = next(entry["signature"] for entry in module["module_call_graph"] if entry["fqn"] == "")
        self.in_spec, self.out_spec = Structure.read(whole["in_spec"]), Structure.read(whole["out_spec"])
        self._graph = Graph(module["graph"])
        inputs = {spec.target or spec.arg.name: at for at, spec in enumerate(self.graph_signature.input_specs)}
        outputs = list(enumerate(self.graph_signature.output_specs))
        self._returned = [at for at, spec in outputs if spec.kind is OutputKind.USER_OUTPUT]
        self._written = [(at, inputs[spec.target]) for at, spec in outputs if spec.kind in WRITTEN]
        user = [spec.arg for spec in self.graph_signature.input_specs if spec.kind is InputKind.USER_INPUT]
        self._expected = [_expectation(arg, module["graph"]) for arg in user]
        missing = {spec.target for spec in self.graph_signature.input_specs if spec.target} - {*state_dict, *constants}
        if missing:
            raise ValueError(f"export.load: a damaged file: it lacks {sorted(missing)}")

    def module(self, check_guards: bool = True) -> nn.Module:
        """A module that runs the program, and has its parameters and buffers under their names.

        Parameters
        ----------
        check_guards : bool, optional
            Whether each call sees that inputs have the sizes and constants of the example.
        """
        return _ExportedModule(self, check_guards)

    def __call__(self, *args, **kwargs):
        raise RuntimeError("Unable to call ExportedProgram directly. You should use `exported_program.module()` instead.")

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The parameters and their names."""
        for name in self.graph_signature.parameters:
            yield name, self.state_dict[name]

    def parameters(self) -> Iterator[nn.Parameter]:
        """The parameters."""
        return (tensor for _, tensor in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """The buffers and their names."""
        for name in self.graph_signature.buffers:
            yield name, self.state_dict[name] if name in self.state_dict else self.constants[name]

    def buffers(self) -> Iterator[Tensor]:
        """The buffers."""
        return (tensor for _, tensor in self.named_buffers())

    def __str__(self) -> str:
        return "ExportedProgram:\n" + "\n".join(_lines(self._graph.written, "    "))


TENSOR_INPUTS = {
    "parameter": (InputKind.PARAMETER, "parameter_name"), "buffer": (InputKind.BUFFER, "buffer_name"),
    "tensor_constant": (InputKind.CONSTANT_TENSOR, "tensor_constant_name"), "token": (InputKind.TOKEN, None),
}  # fmt: skip
MUTATIONS = {
    "buffer_mutation": (OutputKind.BUFFER_MUTATION, "buffer_name"),
    "parameter_mutation": (OutputKind.PARAMETER_MUTATION, "parameter_name"),
    "user_input_mutation": (OutputKind.USER_INPUT_MUTATION, "user_input_name"), "token": (OutputKind.TOKEN, None),
}  # fmt: skip
WRITTEN = {kind for kind, key in MUTATIONS.values() if key is not None}


def _target(one: dict, key: str | None) -> str | None:
    """The dotted name of what an input is, or an output is written to."""
    if key is None:
        return None
    if not isinstance(one[key], str) or not all(one[key].split(".")):
        raise TypeError(f"{one[key]!r} is no name")
    return one[key]


def _argument(written: dict):
    name = name_of(written)
    if name is None:
        return ConstantArgument("", constant(written))
    return TensorArgument(name) if "as_tensor" in written else SymIntArgument(name)


def _input_spec(written: dict) -> InputSpec:
    ((kind, one),) = written.items()
    if kind == "user_input":
        return InputSpec(InputKind.USER_INPUT, _argument(one["arg"]))
    if kind == "constant_input":
        return InputSpec(InputKind.USER_INPUT, ConstantArgument(one["name"], constant(one["value"])))
    if kind not in TENSOR_INPUTS:
        raise NotImplementedError(f"export.load: the program has an input of the kind {kind}, which Lucid does not have")
    tag, key = TENSOR_INPUTS[kind]
    return InputSpec(tag, TensorArgument(one["arg"]["name"]), _target(one, key), one.get("persistent"))


def _output_spec(written: dict) -> OutputSpec:
    ((kind, one),) = written.items()
    if kind in ("user_output", "loss_output"):
        return OutputSpec(OutputKind.USER_OUTPUT, _argument(one["arg"] if kind == "user_output" else {"as_tensor": one["arg"]}))
    if kind not in MUTATIONS:
        raise NotImplementedError(f"export.load: the program has an output of the kind {kind}, which Lucid does not have")
    tag, key = MUTATIONS[kind]
    return OutputSpec(tag, TensorArgument(one["arg"]["name"]), _target(one, key))


class _ExportedModule(nn.Module):
    """A program's parameters and buffers, and its steps as `forward`."""

    def __init__(self, program: ExportedProgram, check_guards: bool):
        super().__init__()
        signature = program.graph_signature
        self._program, self._check_guards = program, check_guards
        self._sources: list = []  # of each input: where its tensor is kept, and under which name; None for the caller's
        for spec in signature.input_specs:
            if spec.kind is InputKind.USER_INPUT:
                self._sources.append(None)
                continue
            if spec.kind is InputKind.TOKEN:
                self._sources.append(({"": None}, ""))
                continue
            owner, name = self._home(spec.target)
            tensor = program.state_dict[spec.target] if spec.target in program.state_dict else program.constants[spec.target]
            if spec.kind is InputKind.PARAMETER:
                owner.register_parameter(name, tensor)
            else:
                owner.register_buffer(name, tensor, persistent=bool(spec.persistent))
            self._sources.append((owner._parameters if spec.kind is InputKind.PARAMETER else owner._buffers, name))

    def _home(self, path: str) -> tuple[nn.Module, str]:
        """The module in which a parameter belongs, made where it is not there, and its name there."""
        *way, name = path.split(".")
        owner = self
        for step in way:
            if step not in owner._modules:
                owner.add_module(step, nn.Module())
            owner = owner._modules[step]
        return owner, name

    def train(self, mode: bool = True):
        """A program does what it did when it was exported: there is no other mode."""
        raise NotImplementedError("Calling train() is not supported yet.")

    def eval(self):
        """A program does what it did when it was exported: there is no other mode."""
        raise NotImplementedError("Calling eval() is not supported yet.")

    def forward(self, *args, **kwargs):
        """Run the program.

        Raises
        ------
        ValueError
            If the arguments lie in other containers than the example's.
        AssertionError
            If a tensor has another size, or a constant another value, than the program was exported for.
        """
        program = self._program
        given = self._given(args, kwargs)
        if self._check_guards:
            sizes: dict[str, int] = {}
            for expected, (where, value) in zip(program._expected, given, strict=True):
                expected(value, where, sizes, program.range_constraints)
        user = iter(given)
        values = [next(user)[1] if source is None else source[0][source[1]] for source in self._sources]
        outputs = program._graph.run(list(values))
        for at, target in program._written:
            with lucid.no_grad():
                values[target].copy_(outputs[at])
        return program.out_spec.built(outputs[at] for at in program._returned)

    def _given(self, args: tuple, kwargs: dict) -> list[tuple[str, object]]:
        names = self._program.in_spec.parts[1].context
        if set(names) != set(kwargs):
            raise ValueError(f"the program takes the keywords {names}, not {list(kwargs)}")
        positional, named = self._program.in_spec.parts
        if len(args) != len(positional.parts):
            raise ValueError(f"the program takes {len(positional.parts)} arguments by position, not {len(args)}")
        return [*positional.leaves(args, "args"), *named.leaves(kwargs, "kwargs")]


SYMBOL = re.compile(r"Symbol\('(\w+)'[^()]*\)")


def _expectation(arg, graph: dict):
    """What checks a value that the caller gives: `check(value, where, sizes found so far, their limits)`."""
    if isinstance(arg, ConstantArgument):

        def check(value, where, sizes, limits):
            if value != arg.value:
                raise AssertionError(f"Guard failed: {arg.name} == {arg.value!r}: {where} is {value!r}, and the program was exported for one value")

    elif isinstance(arg, SymIntArgument):

        def check(value, where, sizes, limits):
            if type(value) is not int:
                raise TypeError(f"{where} must be an int, not {type(value).__name__}")

    else:
        expected = [
            one["as_int"] if "as_int" in one else SYMBOL.fullmatch(one["as_expr"]["expr_str"])
            for one in graph["tensor_values"][arg.name]["sizes"]
        ]

        def check(value, where, sizes, limits):
            if not isinstance(value, Tensor):
                raise TypeError(f"{where} must be a Tensor, not {type(value).__name__}")
            if value.ndim != len(expected):
                raise AssertionError(f"Guard failed: {arg.name}.dim() == {len(expected)}: {where} has {value.ndim} dimensions")
            for dim, (size, one) in enumerate(zip(value.shape, expected, strict=True)):
                if one is None:  # computed from other sizes
                    continue
                wanted = one
                if type(one) is not int:
                    low, high = limits.get(one[1], (None, None))
                    if (low is not None and size < low) or (high is not None and size > high):
                        raise AssertionError(f"Guard failed: {low} <= {arg.name}.size()[{dim}] <= {high}: {where} has {size} there")
                    wanted = sizes.setdefault(one[1], size)
                if size != wanted:
                    raise AssertionError(f"Guard failed: {arg.name}.size()[{dim}] == {wanted}: {where} is of shape {tuple(value.shape)}")

    return check


# ------------------------------------------------------------------------------------------------------------ as text


def _size(one: dict) -> str:
    return str(one["as_int"]) if "as_int" in one else SYMBOL.sub(r"\1", one["as_expr"]["expr_str"])


def _typed(one: dict, graph: dict) -> str:
    """A value by its name, with dtype and shape where it is a tensor."""
    name = name_of(one)
    if name is None:
        return repr(constant(one))
    meta = graph["tensor_values"].get(name)
    return name if meta is None else f"{name}: {DTYPES[meta['dtype']].name}[{', '.join(map(_size, meta['sizes']))}]"


def _called(written, parts: list) -> str:
    """An argument as it would stand in a call."""
    if isinstance(written, list):
        return "[" + ", ".join(_called(one, parts) for one in written) + "]"
    name = name_of(written)
    if name is not None:
        return name
    ((kind, value),) = written.items()
    if kind == "as_graph":
        parts.append(value)
        return value["name"]
    if kind in LISTS:
        return _called(value, parts)
    return repr(constant(written))


def _call(node: dict, parts: list) -> str:
    arguments = ", ".join(_called(one["arg"], parts) for one in node["inputs"])
    return f"{node['target'].removeprefix('torch.ops.')}({arguments})"


def _lines(graph: dict, indent: str, name: str = "forward") -> Iterator[str]:
    """A program as text."""
    inputs = ", ".join(_typed(one, graph) for one in graph["inputs"])
    yield f"{indent}def {name}({inputs}):"
    parts: list = []
    for node in graph["nodes"]:
        results = ", ".join(_typed(one, graph) if name_of(one) else _called(one, parts) for one in node["outputs"])
        yield f"{indent}    {results}{' = ' * bool(results)}{_call(node, parts)}"
    yield f"{indent}    return ({', '.join(_called(one, parts) for one in graph['outputs'])})"
    for part in parts:
        yield ""
        yield from _lines(part["graph"], indent, part["name"])
