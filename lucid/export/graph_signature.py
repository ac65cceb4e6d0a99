"""What the inputs and outputs of an exported program are: parameters, buffers, constants, or the caller's."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["ConstantArgument", "ExportGraphSignature", "InputKind", "InputSpec", "OutputKind", "OutputSpec", "SymIntArgument", "TensorArgument"]


class InputKind(enum.Enum):
    """What an input is."""

    USER_INPUT = enum.auto()
    PARAMETER = enum.auto()
    BUFFER = enum.auto()
    CONSTANT_TENSOR = enum.auto()
    TOKEN = enum.auto()  # which orders operators that have no result


class OutputKind(enum.Enum):
    """What an output is: the caller's, or the new value of a buffer, a parameter or an input that the program writes to."""

    USER_OUTPUT = enum.auto()
    BUFFER_MUTATION = enum.auto()
    PARAMETER_MUTATION = enum.auto()
    USER_INPUT_MUTATION = enum.auto()
    TOKEN = enum.auto()


@dataclass(frozen=True)
class TensorArgument:
    """A tensor, by its name in the program."""

    name: str


@dataclass(frozen=True)
class SymIntArgument:
    """A size, by its name in the program."""

    name: str


@dataclass(frozen=True)
class ConstantArgument:
    """An argument that is what it was when the program was exported."""

    name: str
    value: int | float | bool | str | None


@dataclass(frozen=True)
class InputSpec:
    """An input: `target` is the dotted name of a parameter, buffer or constant."""

    kind: InputKind
    arg: TensorArgument | SymIntArgument | ConstantArgument
    target: str | None = None
    persistent: bool | None = None


@dataclass(frozen=True)
class OutputSpec:
    """An output: `target` is the name of what it is written to."""

    kind: OutputKind
    arg: TensorArgument | SymIntArgument | ConstantArgument
    target: str | None = None


@dataclass(frozen=True)
class ExportGraphSignature:
    """The inputs and outputs of an exported program, in order.

    Attributes
    ----------
    input_specs : list of InputSpec
    output_specs : list of OutputSpec
    """

    input_specs: list[InputSpec]
    output_specs: list[OutputSpec]

    def _inputs(self, kind: InputKind) -> list[InputSpec]:
        return [spec for spec in self.input_specs if spec.kind is kind]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters in the module."""
        return tuple(spec.target for spec in self._inputs(InputKind.PARAMETER))

    @property
    def buffers(self) -> tuple[str, ...]:
        """The names of the buffers in the module."""
        return tuple(spec.target for spec in self._inputs(InputKind.BUFFER))

    @property
    def non_persistent_buffers(self) -> frozenset[str]:
        """The names of the buffers that the `state_dict` does not hold."""
        return frozenset(spec.target for spec in self._inputs(InputKind.BUFFER) if not spec.persistent)

    @property
    def lifted_tensor_constants(self) -> tuple[str, ...]:
        """The names of the tensors that stood in the program's code."""
        return tuple(spec.target for spec in self._inputs(InputKind.CONSTANT_TENSOR))

    @property
    def inputs_to_parameters(self) -> dict[str, str]:
        """The name of each parameter in the program -> its name in the module."""
        return {spec.arg.name: spec.target for spec in self._inputs(InputKind.PARAMETER)}

    @property
    def inputs_to_buffers(self) -> dict[str, str]:
        """The name of each buffer in the program -> its name in the module."""
        return {spec.arg.name: spec.target for spec in self._inputs(InputKind.BUFFER)}

    @property
    def user_inputs(self) -> tuple:
        """What the caller gives: names of tensors and sizes, and the values of constants."""
        return tuple(_named(spec.arg) for spec in self._inputs(InputKind.USER_INPUT))

    @property
    def user_outputs(self) -> tuple:
        """What the caller gets: names of tensors and sizes, and the values of constants."""
        return tuple(_named(spec.arg) for spec in self.output_specs if spec.kind is OutputKind.USER_OUTPUT)

    @property
    def buffers_to_mutate(self) -> dict[str, str]:
        """The name of an output -> the buffer that it is the new value of."""
        return {spec.arg.name: spec.target for spec in self.output_specs if spec.kind is OutputKind.BUFFER_MUTATION}

    @property
    def user_inputs_to_mutate(self) -> dict[str, str]:
        """The name of an output -> the input that it is the new value of."""
        return {spec.arg.name: spec.target for spec in self.output_specs if spec.kind is OutputKind.USER_INPUT_MUTATION}


def _named(arg):
    return arg.value if isinstance(arg, ConstantArgument) else arg.name
