"""Operators of exported programs that take parts of programs: branches, loops, and parts that run without gradients."""

from __future__ import annotations

import lucid

__all__ = ["HIGHER_ORDER"]


def _with_grad_enabled(enabled: bool, part, *operands):
    with lucid.set_grad_enabled(enabled):
        return part(*operands)


def _with_autocast(device_type, dtype, enabled, cache_enabled, part, *operands):
    with lucid.autocast(device_type, dtype, enabled, cache_enabled):
        return part(*operands)


def _cond(condition, first, second, operands=()):
    return (first if condition else second)(*operands)


def _while_loop(condition, body, carried, others=()):
    values = tuple(carried)
    while _only(condition(*values, *others)):
        values = body(*values, *others)
    return values


def _only(value) -> bool:
    return bool(value[0] if isinstance(value, tuple) else value)


def _map(part, rows, others=()):
    results = [part(*one, *others) for one in zip(*[row.unbind(0) for row in rows], strict=True)]
    return [lucid.stack(column) for column in zip(*results, strict=True)]


def _with_effects(token, function, *arguments, **keywords):
    return token, function(*arguments, **keywords)


HIGHER_ORDER = {
    "torch.ops.higher_order.with_effects": _with_effects,
    "torch.ops.higher_order.wrap_with_set_grad_enabled": _with_grad_enabled,
    "torch.ops.higher_order.wrap_with_autocast": _with_autocast,
    "torch.ops.higher_order.cond": _cond,
    "torch.ops.higher_order.while_loop": _while_loop,
    "torch.ops.higher_order.map_impl": _map,
}
