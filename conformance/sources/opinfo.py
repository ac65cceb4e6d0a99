"""PyTorch's own test database: sample inputs and error inputs of 640-odd functions."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from .. import torch_private
from ..cases import Case, dtype_name, follow, tensors
from ..scope import out_of_scope
from . import kind_of, seed_of, spread

LARGE = 2**20  # elements; from there on a case is asked what large ones are
QUICK = {torch.float32: 6, torch.float64: 2, torch.int64: 2, torch.bool: 2}
RANDOM = frozenset(
    [
        "bernoulli",
        "cauchy",
        "exponential",
        "geometric",
        "log_normal",
        "normal",
        "uniform",
        "multinomial",
        "randn",
        "randn_like",
        "rand_like",
        "randint",
        "randint_like",
        "nn.functional.dropout",
        "nn.functional.dropout2d",
        "nn.functional.dropout3d",
        "nn.functional.alpha_dropout",
        "nn.functional.feature_alpha_dropout",
        "nn.functional.rrelu",
        "nn.functional.fractional_max_pool2d",
        "nn.functional.fractional_max_pool3d",
        "nn.functional.scaled_dot_product_attention",
        "svd_lowrank",
        "pca_lowrank",
        "nn.functional.multi_head_attention_forward",
    ]
)
UNINITIALISED = frozenset(["empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"])


def ops() -> dict[str, str]:
    return {
        path: torch_private.family_of(infos[0])
        for path, infos in torch_private.entries().items()
        if not out_of_scope(path)
    }


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    for info in torch_private.entries().get(op, ()):
        target = _target(info)
        tags = frozenset()
        if info.name in RANDOM:
            tags |= {"random"}
        if info.name in UNINITIALISED:
            tags |= {"uninitialised"}
        variant = f"{info.variant_test_name}." if info.variant_test_name else ""
        wrapper = torch_private.gradient_wrapper(info)
        about = {"family": torch_private.family_of(info), "tags": tags}
        for dtype in dtypes:
            if not torch_private.supports(info, dtype):
                continue
            made = []
            for i, sample in enumerate(torch_private.samples(info, dtype, seed_of(seed, op, dtype))):
                case = Case(op, "opinfo", dtype_name(dtype), f"{variant}{i}", target, (sample.input, *sample.args),
                            dict(sample.kwargs), process=torch_private.process_of(sample), wrapper=wrapper, **about)  # fmt: skip
                if sample.kwargs.get("dropout_p") == 0:
                    case.tags -= {"random"}
                if sum(one.numel() for one in tensors(case.args, case.kwargs)) > LARGE:
                    case.tags |= {"large"}
                made.append(case)
            yield from spread(made, QUICK.get(dtype, 2), _kind) if quick else made
        errors = []
        for i, (sample, kind) in enumerate(torch_private.errors(info, seed_of(seed, op))):
            case = Case(op, "opinfo", "error", f"{variant}{i}", target, (sample.input, *sample.args),
                        dict(sample.kwargs), error=kind, family=about["family"], tags=frozenset({"error"}))  # fmt: skip
            if _in_scope(case):
                errors.append(case)
        yield from errors[:4] if quick else errors


def _kind(case: Case) -> str:
    return kind_of(case.args, case.kwargs)


def _in_scope(case: Case) -> bool:
    """Whether a case is not about devices and sparse layouts."""
    layout = case.kwargs.get("layout")
    return layout in (None, torch.strided) and all(
        t.device.type == "cpu" and t.layout is torch.strided for t in tensors(case.args, case.kwargs)
    )


def _target(info):
    """The torch path when that is all the entry calls, else its function."""
    path = torch_private.path_of(info)
    return path if follow(torch, path) is info.op else info.op
