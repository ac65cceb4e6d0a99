"""Programs that PyTorch writes to files, read and run by Lucid: `python -m conformance exported`.

Each function that the suite has cases of float32 for, and some networks, are written by PyTorch in several forms: exported as they were
traced, exported and decomposed into core operators, as TorchScript that was traced, and, networks, as TorchScript that was compiled. Lucid
loads the file, and gives what PyTorch gives for the same arguments.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils import _pytree

import lucid

from . import judging, sources
from .cases import follow, leaves
from .packages import difference, torchvision_library
from .subjects.lucid import Subject

SOURCES = ("opinfo", "own", "generated")
CASES = 2  # of each function
# How far two results may be apart, in parts of the largest element.
TOLERANCE = 1e-4
UNINITIALISED = {"empty", "empty_strided", "Tensor.new_empty", "Tensor.new_empty_strided", "empty_permuted", "Tensor.resize_", "empty_like"}
SIGNS = {"linalg.eigh", "linalg.svd", "svd"}  # vectors whose signs are LAPACK's choice


@dataclass
class Outcome:
    """How one program ended."""

    name: str
    form: str  # of FORMS
    verdict: str  # "same", "differs", or what Lucid raised
    largest: float = 0.0


class Call(nn.Module):
    """A call of a function as a module, whose inputs are the tensors among its arguments."""

    def __init__(self, function, args: tuple, kwargs: dict):
        super().__init__()
        self.function = function
        self.leaves, self.structure = _pytree.tree_flatten((args, kwargs))
        self.at = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, torch.Tensor)]

    def inputs(self) -> tuple[torch.Tensor, ...]:
        return tuple(self.leaves[i].detach().clone() for i in self.at)

    def forward(self, *tensors):
        leaves = list(self.leaves)
        for i, tensor in zip(self.at, tensors, strict=True):
            leaves[i] = tensor
        args, kwargs = _pytree.tree_unflatten(leaves, self.structure)
        return self.function(*args, **kwargs)


class Pictures(nn.Module):
    """Convolutions of several kinds, with shortcuts, padding, resizing, and a mean over places."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.1, inplace=True))
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, padding_mode="reflect")
        self.norm = nn.GroupNorm(2, 8)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(8, 5))

    def forward(self, x):
        x = self.first(x)
        x = x + nn.functional.silu(self.norm(self.depthwise(x)))
        y = nn.functional.interpolate(self.up(x), scale_factor=0.5, mode="bilinear", align_corners=False)
        x = nn.functional.max_pool2d(nn.functional.hardswish(x), 2) * torch.sigmoid(nn.functional.avg_pool2d(y, 2))
        return {"scores": self.last(x).softmax(-1), "features": x}


class Words(nn.Module):
    """Embedded tokens through a transformer with a mask, and through recurrent layers."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lstm = nn.LSTM(16, 12, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(24, 8, batch_first=True)
        self.register_buffer("positions", torch.arange(64), persistent=False)

    def forward(self, tokens, *, scale: float = 1.0):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.size(1))
        x = self.embedding(tokens) + torch.sin(self.positions[: tokens.size(1), None] / 8)
        x = self.encoder(x, mask=mask, is_causal=True) * scale
        x, (hidden, _) = self.lstm(x)
        out, _ = self.gru(x)
        with torch.no_grad():
            best = out.argmax(-1)
        return out, hidden, [best, tokens.size(0)]


class Branches(nn.Module):
    """What depends on values: a branch, a loop, a mask, and a buffer that counts."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        self.calls.add_(1)
        x = torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x - 1, (x,))
        count, x = torch.ops.higher_order.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.zeros((), dtype=torch.int64), x), ()
        )
        x = x.clone()
        x[:, 1:3] = 0.5
        x[x < 0] *= -1
        return torch.where(x > 1, x, x.abs().sqrt()), count, self.calls.clone()


def networks() -> Iterator[tuple[str, nn.Module, tuple, dict, object]]:
    """Name, module, arguments and keywords of an example, and which sizes may differ."""
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.manual_seed(0)
    yield "pictures", Pictures().eval(), (torch.randn(2, 3, 16, 16),), {}, ({0: batch},)
    yield "pictures, training", Pictures().train(), (torch.randn(2, 3, 16, 16),), {}, None
    yield "words", Words().eval(), (torch.randint(0, 50, (2, 7)),), {"scale": 0.5}, {"tokens": {0: batch}, "scale": None}
    yield "branches", Branches(), (torch.randn(3, 5),), {}, None
    yield "branches, the other", Branches(), (-torch.rand(3, 5),), {}, None


def models() -> Iterator[tuple[str, nn.Module, tuple, dict, object]]:
    """The same of models of packages, where these are installed."""
    if importlib.util.find_spec("torchvision"):
        torchvision_library.load()
    torch.manual_seed(0)
    if importlib.util.find_spec("timm"):
        import timm

        for name in ("resnet18", "mobilenetv3_small_100", "efficientnet_b0", "convnext_atto", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"):
            yield f"timm {name}", timm.create_model(name).eval(), (torch.randn(1, 3, 224, 224),), {}, None
    if importlib.util.find_spec("torchvision"):
        from torchvision import models as tv

        picture = torch.randn(1, 3, 96, 96)
        for name in ("resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "densenet121", "swin_t"):
            yield f"torchvision {name}", tv.get_model(name, weights=None).eval(), (picture,), {}, None
        for name in ("deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large"):
            yield f"torchvision {name}", tv.get_model(name, weights=None, weights_backbone=None).eval(), (picture,), {}, None
    if importlib.util.find_spec("transformers"):
        import transformers as t

        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 100}
        tokens, once = torch.randint(0, 100, (2, 9)), {"use_cache": False}
        yield "transformers BERT", t.BertModel(t.BertConfig(**sizes)).eval(), (tokens,), {}, None
        llama = t.LlamaForCausalLM(t.LlamaConfig(**sizes, num_key_value_heads=2))
        yield "transformers Llama", llama.eval(), (), {"input_ids": tokens, **once}, None
        five = t.T5ForConditionalGeneration(t.T5Config(d_model=32, d_ff=64, num_layers=2, num_heads=4, d_kv=8, vocab_size=100))
        yield "transformers T5", five.eval(), (), {"input_ids": tokens, "decoder_input_ids": tokens, **once}, None


FORMS = ("traced", "core", "jit.trace", "jit.script")


@dataclass
class Written:
    """A program in a form that PyTorch writes: how it is saved, what PyTorch runs, and how Lucid loads it."""

    form: str
    save: Callable[[io.BytesIO], None]
    theirs: Callable[[], Callable]
    load: Callable[[io.BytesIO], Callable]


def forms(module: nn.Module, args: tuple, kwargs: dict | None = None, sizes=None) -> Iterator[Written]:
    """A module's program in each of the forms in which PyTorch writes it."""
    kwargs = kwargs or {}

    def exported(form: str, program: torch.export.ExportedProgram) -> Written:
        save = lambda file: torch.export.save(program, file)
        return Written(form, save, program.module, lambda file: lucid.export.load(file).module())

    def compiled(form: str, script: torch.jit.ScriptModule) -> Written:
        return Written(form, lambda file: torch.jit.save(script, file), lambda: script, lucid.jit.load)

    def traced() -> Written:
        inputs = _pytree.tree_map_only(torch.Tensor, torch.clone, args)
        return compiled("jit.trace", torch.jit.trace(module, inputs, strict=False, check_trace=False))

    with contextlib.suppress(Exception):  # what PyTorch does not write is none of Lucid's
        torch.manual_seed(0)
        program = torch.export.export(module, args, kwargs, dynamic_shapes=sizes)
        yield exported("traced", program)
        yield exported("core", program.run_decompositions())
    if not kwargs:
        with contextlib.suppress(Exception):
            yield traced()
    if not isinstance(module, Call):
        with contextlib.suppress(Exception):
            yield compiled("jit.script", torch.jit.script(module))


def judged(name: str, written: Written, args: tuple, kwargs: dict | None = None) -> Outcome | None:
    """Run a program on both libraries; None where PyTorch does not write or run it."""
    kwargs, file, subject, form = kwargs or {}, io.BytesIO(), Subject(), written.form
    try:
        written.save(file)  # before it runs, which may write to buffers
        torch.manual_seed(0)
        theirs = written.theirs()(*_pytree.tree_map_only(torch.Tensor, torch.clone, args), **kwargs)
    except Exception:
        return None
    file.seek(0)
    try:
        module = written.load(file)
        lucid.manual_seed(0)
        mine = module(*subject.convert(args, {}), **subject.convert(kwargs, {}))
    except Exception as error:
        return Outcome(name, form, f"{type(error).__name__}: {error}".splitlines()[0])
    expected, found = list(leaves(theirs)), list(leaves(mine))
    if len(expected) != len(found):
        return Outcome(name, form, "differs", float("inf"))
    largest = max(map(apart, expected, found), default=0.0)
    return Outcome(name, form, "same" if largest <= TOLERANCE else "differs", largest)


def apart(theirs, mine) -> float:
    """How far a result is from PyTorch's, in parts of the largest element; infinity for another kind, dtype or shape."""
    if not isinstance(theirs, torch.Tensor):
        return 0.0 if type(theirs) is type(mine) and (theirs == mine or theirs != theirs) else float("inf")
    if not isinstance(mine, lucid.Tensor) or str(mine.dtype) != str(theirs.dtype).replace("torch", "lucid"):
        return float("inf")
    plain = lambda x: (x.float() if x.itemsize == 2 and x.is_floating_point() else x).detach().resolve_conj().resolve_neg().numpy()
    return difference(plain(theirs), plain(mine))


def functions(names: list[str]) -> Iterator[tuple[str, Call]]:
    """Functions with the first cases that the suite has for them."""
    found = judging.catalogue(SOURCES)
    for op in [name for name in names if name in found] if names else sorted(found):
        function = follow(torch, op)
        cases = itertools.chain.from_iterable(
            sources.load()[source].cases(op, [torch.float32], sources.seed_of(op), True) for source in found[op][1]
        )
        plain = (case for case in cases if case.kind == "function" and not case.tags & {"error", "uninitialised"})
        for case in itertools.islice(plain, CASES):
            yield op, Call(function, tuple(case.args), dict(case.kwargs))


def outcomes(names: list[str]) -> Iterator[Outcome]:
    """Of the functions and networks with these names, or of all."""
    asked = not names or {name.partition(" ")[0] for name in names} & {"timm", "torchvision", "transformers"}
    for name, module, args, kwargs, sizes in itertools.chain(networks(), models() if asked else ()):
        if not names or name in names or name.partition(" ")[0] in names:
            for written in forms(module, args, kwargs, sizes):
                if (outcome := judged(name, written, args, kwargs)) is not None:
                    yield outcome
    for name, call in functions(names):
        args = call.inputs()
        for written in forms(call, args):
            outcome = name not in UNINITIALISED | SIGNS and judged(name, written, args)
            if outcome:
                yield outcome
