"""Which modules are being called, or differentiated."""

from __future__ import annotations

import weakref

from lucid.autograd import engine
from lucid.autograd.graph import register_multi_grad_hook
from lucid.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_leaves

__all__ = ["ModuleTracker"]


class ModuleTracker:
    """A block in which `parents` holds the names of the modules that are being called, or whose gradients are computed.

    A name begins with the class of the module that was called first, and "Global" is always there.

    Examples
    --------
    >>> from lucid.utils.module_tracker import ModuleTracker
    >>> with ModuleTracker() as tracker:
    ...     handle = nn.modules.module.register_module_forward_pre_hook(lambda module, args: print(sorted(tracker.parents)))
    ...     out = nn.Sequential(nn.ReLU())(lucid.ones(1))
    ['Global', 'Sequential']
    ['Global', 'Sequential', 'Sequential.0']
    >>> handle.remove()
    """

    def __init__(self):
        self.parents = {"Global"}
        self._names, self._handles = weakref.WeakKeyDictionary(), []

    @property
    def is_bw(self) -> bool:
        """Whether gradients are being computed."""
        return hasattr(engine.running, "at_end")

    def _name(self, module) -> str:
        if module not in self._names:
            for name, inner in module.named_modules(prefix=type(module).__name__):
                self._names[inner] = name
        return self._names[module]

    def _when_differentiated(self, values, call) -> None:
        tensors = [one for one in tree_leaves(values) if isinstance(one, Tensor) and one.requires_grad]
        if tensors:
            self._handles.append(register_multi_grad_hook(tensors, lambda gradients: call()))

    def _begin(self, module, args) -> None:
        name = self._name(module)
        self.parents.add(name)
        self._when_differentiated(args, lambda: self.parents.discard(name))

    def _end(self, module, args, result) -> None:
        name = self._name(module)
        self.parents.discard(name)

        def enter():
            engine.running.at_end[self] = lambda: setattr(self, "parents", {"Global"})
            self.parents.add(name)

        self._when_differentiated(result, enter)

    def __enter__(self):
        self._handles += register_module_forward_pre_hook(self._begin), register_module_forward_hook(self._end)
        return self

    def __exit__(self, *error):
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
