"""Module: parameters, buffers and other modules, under names, with what a forward pass does to an input.

Assigning a Parameter, a Module or a Buffer to an attribute registers it. `state_dict` names and shapes are PyTorch's, so
that weights travel both ways.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections import OrderedDict, namedtuple

import lucid
from lucid.autograd.modes import no_grad
from lucid.autograd.node import RemovableHandle, registered
from lucid.nn.modules.backward import BackwardHooks, hook_last_node
from lucid.nn.parameter import Buffer, Parameter, is_lazy
from lucid.ops.conversion import parse_to
from lucid.tensor import Tensor, on_meta

__all__ = ["Module"]


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` did not find, and what it found too many."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


HOOKS = (
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs",
)  # fmt: skip

# Hooks of all modules, which are called before a module's own.
FORWARD_HOOKS, FORWARD_PRE_HOOKS, BACKWARD_HOOKS, BACKWARD_PRE_HOOKS, LAST_NODE_HOOKS = (OrderedDict() for _ in range(5))
WITH_KWARGS, ALWAYS_CALLED = {}, {}
REGISTRATION = {"buffer": OrderedDict(), "module": OrderedDict(), "parameter": OrderedDict()}

EXTRA_STATE = "_extra_state"  # the last part of its name in a `state_dict`
_EXTRA_STATE_KEY_SUFFIX = EXTRA_STATE  # as packages name it
CHANGES = "changes"  # where `load_state_dict` collects what is to be done


def _key_errors(missing: list[str], unexpected: list[str]) -> list[str]:
    found = {"Unexpected": unexpected, "Missing": missing}
    listed = lambda names: ", ".join(f'"{name}"' for name in names)
    return [f"{what} key(s) in state_dict: {listed(names)}. " for what, names in found.items() if names]


def _hooked(hooks: dict, hook, prepend: bool, *how: tuple[dict, bool]) -> RemovableHandle:
    """A hook's handle; its number is also put into those dictionaries whose flag is set."""
    handle = registered(hooks, hook, prepend)
    for numbers, flag in how:
        if flag:
            numbers[handle.id] = True
            handle.dicts.append(numbers)
    return handle


def register_module_forward_pre_hook(hook) -> RemovableHandle:
    """As `Module.register_forward_pre_hook`, of every module."""
    return registered(FORWARD_PRE_HOOKS, hook)


def register_module_forward_hook(hook, *, with_kwargs: bool = False, always_call: bool = False) -> RemovableHandle:
    """As `Module.register_forward_hook`, of every module."""
    return _hooked(FORWARD_HOOKS, hook, False, (WITH_KWARGS, with_kwargs), (ALWAYS_CALLED, always_call))


def register_module_full_backward_pre_hook(hook) -> RemovableHandle:
    """As `Module.register_full_backward_pre_hook`, of every module."""
    return registered(BACKWARD_PRE_HOOKS, hook)


def register_module_full_backward_hook(hook) -> RemovableHandle:
    """As `Module.register_full_backward_hook`, of every module; RuntimeError beside `register_module_backward_hook`."""
    return _apart(BACKWARD_HOOKS, LAST_NODE_HOOKS, hook)


def register_module_backward_hook(hook) -> RemovableHandle:
    """As `Module.register_backward_hook`, of every module; RuntimeError beside `register_module_full_backward_hook`."""
    return _apart(LAST_NODE_HOOKS, BACKWARD_HOOKS, hook)


def _apart(hooks: dict, others: dict, hook) -> RemovableHandle:
    if others:
        raise RuntimeError("Cannot use both regular backward hooks and full backward hooks as hooks of all modules. Please use "
                           "only one of them.")  # fmt: skip
    return registered(hooks, hook)


def _registration_hook(what: str):
    def register(hook) -> RemovableHandle:
        return registered(REGISTRATION[what], hook)

    register.__doc__ = f"Have `hook(module, name, {what})` called when a {what} is registered; it may return another one."
    register.__name__ = register.__qualname__ = f"register_module_{what}_registration_hook"
    return register


register_module_buffer_registration_hook, register_module_module_registration_hook, register_module_parameter_registration_hook = map(
    _registration_hook, REGISTRATION
)


class Module:
    """Base of all neural network modules: define `__init__` and `forward`.

    Parameters
    ----------
    *args, **kwargs
        For the next class in a subclass's order of bases, where it says `call_super_init = True`; else there are none.

    Examples
    --------
    >>> import lucid
    >>> from lucid import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = nn.Linear(2, 2)
    ...     def forward(self, x):
    ...         return self.inner(self.inner(x))
    >>> [name for name, _ in Twice().named_parameters()]
    ['inner.weight', 'inner.bias']
    """

    training: bool
    dump_patches = False
    call_super_init = False
    _version = 1  # noted at a `state_dict`, so that a later class can tell how an earlier one wrote it
    _is_full_backward_hook = None

    def __init__(self, *args, **kwargs):
        if not self.call_super_init and (args or kwargs):
            given = f"{len(args)} positional arguments, but takes none" if args else f"an unexpected keyword argument '{next(iter(kwargs))}'"
            raise TypeError(f"{type(self).__name__}.__init__() got {given}")
        put = object.__setattr__
        put(self, "training", True)
        for name in ("_parameters", "_buffers", "_modules"):
            put(self, name, {})
        put(self, "_non_persistent_buffers_set", set())
        for name in HOOKS:
            put(self, name, OrderedDict())
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __setstate__(self, state: dict):
        self.__dict__.update(state)
        for name in HOOKS:  # a pickle of before may lack some
            self.__dict__.setdefault(name, OrderedDict())

    def forward(self, *inputs):
        """What the module computes."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **kwargs):
        own = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        if not (own or FORWARD_HOOKS or FORWARD_PRE_HOOKS or BACKWARD_HOOKS or BACKWARD_PRE_HOOKS or LAST_NODE_HOOKS):
            return self.forward(*args, **kwargs)
        result, after = None, None
        try:
            for number, hook in (*FORWARD_PRE_HOOKS.items(), *self._forward_pre_hooks.items()):
                with_kwargs = number in self._forward_pre_hooks_with_kwargs
                changed = hook(self, args, kwargs) if with_kwargs else hook(self, args)
                if changed is not None:
                    if with_kwargs:
                        args, kwargs = changed
                    else:
                        args = changed if isinstance(changed, tuple) else (changed,)
            full = self._is_full_backward_hook
            hooks = [*BACKWARD_HOOKS.values(), *(self._backward_hooks.values() if full else ())]
            pre_hooks = [*BACKWARD_PRE_HOOKS.values(), *self._backward_pre_hooks.values()]
            backward = BackwardHooks(self, hooks, pre_hooks) if hooks or pre_hooks else None
            if backward is not None:
                args = backward.inputs(args)
            result = self.forward(*args, **kwargs)
            after = self._hooks_after()
            while after:
                result = self._shown(after.pop(0), args, kwargs, result)
            if LAST_NODE_HOOKS or (self._backward_hooks and not full):
                hook_last_node(self, (*LAST_NODE_HOOKS.values(), *(() if full else self._backward_hooks.values())), result)
            return result if backward is None else backward.outputs(result)
        except Exception:
            for hook in self._hooks_after() if after is None else after:
                if hook[2]:
                    try:
                        result = self._shown(hook, args, kwargs, result)
                    except Exception as error:
                        import warnings

                        warnings.warn(f"a forward hook with always_call=True failed after another error: {error}", stacklevel=2)
            raise

    def _hooks_after(self) -> list:
        """The forward hooks, each with whether it takes keywords and whether it is called after an error."""
        return [
            (hook, number in with_kwargs, number in always)
            for hooks, with_kwargs, always in (
                (FORWARD_HOOKS, WITH_KWARGS, ALWAYS_CALLED),
                (self._forward_hooks, self._forward_hooks_with_kwargs, self._forward_hooks_always_called),
            )
            for number, hook in hooks.items()
        ]

    def _shown(self, hook: tuple, args: tuple, kwargs: dict, result):
        """The result, or what a forward hook made of it."""
        call, with_kwargs, _ = hook
        changed = call(self, args, kwargs, result) if with_kwargs else call(self, args, result)
        return result if changed is None else changed

    # ------------------------------------------------------------------------------------------ registration

    def __getattr__(self, name: str):
        for room in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(room)
            if found is not None and name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value):
        tensor = isinstance(value, Tensor)  # asked first: of what is none, Parameter and Buffer need not be asked
        if "_parameters" not in self.__dict__ and (isinstance(value, Module) or (tensor and isinstance(value, (Parameter, Buffer)))):
            raise AttributeError(f"cannot assign {type(value).__name__.lower()} before Module.__init__() call")
        if tensor and isinstance(value, Parameter):
            if name not in self._parameters:
                self._forget(name)
            self.register_parameter(name, value)
        elif name in self.__dict__.get("_parameters", ()):
            if value is not None:
                raise TypeError(f"cannot assign '{type(value).__name__}' as parameter '{name}' (Parameter or None expected)")
            self._parameters[name] = None
        elif isinstance(value, Module):
            if name not in self._modules:
                self._forget(name)
            self._modules[name] = self._hooked("module", name, value)
        elif name in self.__dict__.get("_modules", ()):
            if value is not None:
                raise TypeError(f"cannot assign '{type(value).__name__}' as child module '{name}' (Module or None expected)")
            self._modules[name] = None
        elif tensor and isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif name in self.__dict__.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"cannot assign '{type(value).__name__}' as buffer '{name}' (Tensor or None expected)")
            self._buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str):
        for room in (self._parameters, self._buffers, self._modules):
            if name in room:
                del room[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def _forget(self, name: str) -> None:
        for room in (self.__dict__, self._parameters, self._buffers, self._modules):
            room.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _check_name(self, what: str, name: str, room: dict) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in room:
            raise KeyError(f"attribute '{name}' already exists")

    def _hooked(self, what: str, name: str, value):
        """What is to be registered, or what a hook made of it."""
        for hook in REGISTRATION[what].values():
            changed = hook(self, name, value)
            value = value if changed is None else changed
        return value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name; None for one that is not there."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign '{type(param).__name__}' object to parameter '{name}' (Parameter or None required)")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not param.is_leaf:
            raise ValueError(f"Cannot assign non-leaf Tensor to parameter '{name}'.")
        self._parameters[name] = None if param is None else self._hooked("parameter", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer: state that is not trained, and is part of `state_dict` if `persistent`."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)")
        self._check_name("buffer", name, self._buffers)
        self._buffers[name] = self._hooked("buffer", name, tensor)
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = self._hooked("module", name, module)

    register_module = add_module

    def _lacks(self, name: str, kind: str) -> AttributeError:
        what = f"`{name}` is not {kind}" if hasattr(self, name) else f"it has no attribute `{name}`"
        return AttributeError(f"{type(self).__name__}: {what}")

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path."""
        module = self
        for name in target.split(".") if target else ():
            if name not in module._modules:
                raise module._lacks(name, "an nn.Module")
            module = module._modules[name]
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted path, in the place of the one that is there; with `strict` there must be one."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        if not isinstance(getattr(parent, name, module), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in module._parameters:
            raise module._lacks(name, "a parameter")
        return module._parameters[name]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in module._buffers:
            raise module._lacks(name, "a buffer")
        return module._buffers[name]

    # ------------------------------------------------------------------------------------------ going through

    def named_modules(self, memo=None, prefix: str = "", remove_duplicate: bool = True):
        """All modules of the tree with their dotted paths, this one first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True):
        """All modules of the tree, this one first; each once, unless duplicates are kept."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self):
        """The modules directly under this one, with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self):
        """The modules directly under this one."""
        for _, module in self.named_children():
            yield module

    def _named_members(self, get_members_fn, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True):
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, tensor in get_members_fn(module):
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield (f"{path}.{name}" if path else name), tensor

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True):
        """The parameters with their dotted paths, each once."""
        return self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True):
        """The parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True):
        """The buffers with their dotted paths, each once."""
        return self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True):
        """The buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # ------------------------------------------------------------------------------------------ state

    def get_extra_state(self):
        """What `state_dict` keeps of the module beside tensors; for subclasses, with `set_extra_state`."""
        raise RuntimeError("Module.get_extra_state is only called where a subclass defines it")

    def set_extra_state(self, state) -> None:
        """Take over what `get_extra_state` returned."""
        raise RuntimeError("Module.set_extra_state is only called where a subclass defines it")

    def state_dict(self, *args, destination=None, prefix: str = "", keep_vars: bool = False) -> OrderedDict:
        """Parameters and persistent buffers by their dotted paths; detached tensors that share memory."""
        if args:
            import warnings

            warnings.warn("state_dict() takes its arguments by name; by position is deprecated", FutureWarning, stacklevel=2)
        destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        about = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = about
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            found = hook(self, destination, prefix, about)
            destination = destination if found is None else found
        return destination

    def _save_to_state_dict(self, destination, prefix: str, keep_vars: bool) -> None:
        """What `state_dict` enters for this module alone; subclasses may enter something else."""
        for name, tensor in self._state():
            destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _state(self) -> list:
        """The names and tensors of the parameters and persistent buffers."""
        both = itertools.chain(self._parameters.items(), self._buffers.items())
        return [(name, tensor) for name, tensor in both if tensor is not None and name not in self._non_persistent_buffers_set]

    def load_state_dict(self, state_dict, strict: bool = True, assign: bool = False) -> _IncompatibleKeys:
        """Copy parameters and buffers from a `state_dict`.

        Parameters
        ----------
        state_dict : mapping of str to Tensor
            What `state_dict` returned.
        strict : bool, optional
            Raise where a name is missing or unknown (default).
        assign : bool, optional
            Take the tensors themselves over rather than copy them.

        Returns
        -------
        _IncompatibleKeys
            The names that were missing and unexpected.

        Raises
        ------
        RuntimeError
            Naming every mismatch. Nothing was changed then, unless hooks had to see what was loaded first.
        """
        if not hasattr(state_dict, "items"):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict).__name__}.")
        about = getattr(state_dict, "_metadata", {})
        missing, unexpected, errors, changes = [], [], [], []
        left = [("", self, OrderedDict(state_dict))]
        while left:
            prefix, module, given = left.pop()
            local = {**about.get(prefix[:-1], {}), "assign_to_params_buffers": assign, CHANGES: changes}
            module._load_from_state_dict(given, prefix, local, True, missing, unexpected, errors)
            for name, child in reversed(module._modules.items()):
                if child is not None:
                    inner = f"{prefix}{name}."
                    left.append((inner, child, {key: value for key, value in given.items() if key.startswith(inner)}))
        hooked = [module for module in reversed(list(self.modules())) if module._load_state_dict_post_hooks]
        if strict and not hooked:
            errors[:0] = _key_errors(missing, unexpected)
        self._raise_loading(errors)
        with no_grad():
            for change in changes:
                change()
        found = _IncompatibleKeys(missing, unexpected)
        for module in hooked:
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, found) is not None:
                    raise AssertionError("a hook after load_state_dict changes the keys it is given in place: it must return None")
        if hooked and strict:
            self._raise_loading(_key_errors(missing, unexpected))
        return found

    def _load_from_state_dict(
        self, state_dict, prefix: str, local_metadata: dict, strict: bool, missing_keys: list, unexpected_keys: list, error_msgs: list,
    ) -> None:  # fmt: skip
        """Load this module alone; subclasses may look at `state_dict`, and change it, before they call this.

        Within `load_state_dict` nothing is changed yet: what is to be done is noted, and is done once all modules agree.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own, changes = dict(self._state()), []
        for name, tensor in own.items():
            if (key := prefix + name) not in state_dict:
                missing_keys += [key] * strict
                continue
            given = state_dict[key]
            if not isinstance(given, Tensor):
                error_msgs.append(f'While copying the parameter named "{key}", expected a Tensor, got {type(given).__name__}.')
                continue
            if not is_lazy(tensor):
                if not tensor.ndim and given.shape == (1,):
                    given = given[0]
                if given.shape != tensor.shape:
                    error_msgs.append(
                        f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in "
                        f"current model is {tensor.shape}."
                    )
                    continue
            assign = local_metadata.get("assign_to_params_buffers", False)
            changes.append(functools.partial(self._take, name, given, assign))
        extra = prefix + EXTRA_STATE
        if type(self).set_extra_state is not Module.set_extra_state:
            if extra in state_dict:
                changes.append(functools.partial(self.set_extra_state, state_dict[extra]))
            else:
                missing_keys += [extra] * strict
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            for key in state_dict:
                first, *rest = key.removeprefix(prefix).split(".", 1)
                if key.startswith(prefix) and key != extra and first not in (self._modules if rest else own):
                    unexpected_keys.append(key)
        if CHANGES in local_metadata:
            local_metadata[CHANGES] += changes
        else:
            with no_grad():
                for change in changes:
                    change()

    def _take(self, name: str, given: Tensor, assign: bool) -> None:
        """Copy a tensor into a parameter or buffer, or put it in its place."""
        if is_lazy(given):
            return
        room = self._parameters if name in self._parameters else self._buffers
        if is_lazy(room[name]):
            room[name].materialize(given.shape)
        if room[name].is_meta and not assign and not given.is_meta:
            warnings.warn(
                f"for {name}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current model, which is a no-op. "
                "(Did you mean to pass `assign=True` to assign items in the state dictionary to their corresponding key in the module "
                "instead of copying them in place?)", stacklevel=5,
            )  # fmt: skip
        if assign:
            room[name] = Parameter(given, room[name].requires_grad) if isinstance(room[name], Parameter) else given
        else:
            room[name].copy_(given)

    def _raise_loading(self, errors: list[str]) -> None:
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))

    # ------------------------------------------------------------------------------------------ changing all

    def apply(self, fn):
        """Call `fn` on every module of the tree, this one last; returns the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, change, recurse: bool = True):
        for module in self.children() if recurse else ():
            module._apply(change)
        with no_grad():
            for name, tensor in self._parameters.items():
                if tensor is not None:
                    changed = change(tensor)
                    if changed.is_meta is not tensor.is_meta:  # tensors of meta are of another class
                        self._parameters[name] = Parameter(changed, tensor.requires_grad)
                        continue
                    tensor.data = changed
                    if tensor._grad is not None:
                        tensor._grad = change(tensor._grad)
            for name, tensor in self._buffers.items():
                if tensor is not None:
                    self._buffers[name] = change(tensor)
        return self

    def to(self, *args, **kwargs):
        """Convert floating and complex parameters and buffers to a dtype, and those of 4 or 5 dimensions to a memory format; the device
        can be the CPU, or `meta`, which forgets all values."""
        dtype, device, _, copy, memory_format = parse_to(args, **kwargs)
        if copy:
            raise RuntimeError(".to() does not accept copy argument")
        if dtype is not None and dtype.kind < 2:
            raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}")
        if dtype is None and memory_format is None and device is None:
            return self

        def change(tensor):
            layout = memory_format if memory_format is not None and tensor.dim() in (4, 5) else None
            if tensor.is_meta and device is not None and not on_meta(device):
                raise NotImplementedError(
                    "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() when "
                    "moving module from meta to a different device."
                )
            return tensor.to(dtype=dtype if tensor.dtype.kind >= 2 else None, device=device, memory_format=layout)

        return self._apply(change)

    def to_empty(self, *, device=None, recurse: bool = True):
        """Give parameters and buffers new memory without values; returns the module."""
        return self._apply(lambda tensor: lucid.empty_like(tensor, device=device), recurse)

    def type(self, dst_type):
        """Convert all parameters and buffers."""
        return self._apply(lambda tensor: tensor.to(dst_type))

    def _floating(self, dtype_name: str):
        from lucid import dtypes

        dtype = getattr(dtypes, dtype_name)
        return self._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)

    def float(self):
        """Convert floating parameters and buffers to float32."""
        return self._floating("float32")

    def double(self):
        """Convert floating parameters and buffers to float64."""
        return self._floating("float64")

    def half(self):
        """Convert floating parameters and buffers to float16."""
        return self._floating("float16")

    def bfloat16(self):
        """Convert floating parameters and buffers to bfloat16."""
        return self._floating("bfloat16")

    def compile(self, *args, **kwargs) -> None:
        """Have the module compiled: it runs as it is."""

    def cuda(self, device=None):
        """Needs a graphics processor: raises AssertionError, where there are parameters or buffers to move."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def xpu(self, device=None):
        """Needs a graphics processor: raises AssertionError, where there are parameters or buffers to move."""
        return self._apply(lambda tensor: tensor.xpu(device))

    def cpu(self):
        """The module itself: it lies on the CPU."""
        return self

    def train(self, mode: bool = True):
        """Set training mode, which Dropout and BatchNorm look at; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Leave training mode; returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True):
        """Set `requires_grad` of all parameters; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            if parameter._grad is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    parameter._grad = parameter._grad.detach()
                    parameter._grad.zero_()

    def share_memory(self):
        """Move parameters, their gradients and buffers to memory that other processes may see; returns the module.

        Processes that get the module as an argument, or from a queue, then train it together.
        """
        return self._apply(lambda tensor: tensor.share_memory_())

    # ------------------------------------------------------------------------------------------ hooks

    def register_forward_pre_hook(self, hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """Have `hook(module, args)` called before `forward`; it may return other arguments."""
        return _hooked(self._forward_pre_hooks, hook, prepend, (self._forward_pre_hooks_with_kwargs, with_kwargs))

    def register_forward_hook(
        self, hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, args, output)` called after `forward`, if `always_call` also when that raises; it may return
        another output."""
        return _hooked(
            self._forward_hooks, hook, prepend, (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        )  # fmt: skip

    def register_full_backward_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(module, grad_output)` called before the module is differentiated; it may return other gradients."""
        return registered(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(module, grad_input, grad_output)` called once the gradients of the module's positional arguments are
        known; it may return other ones. None stands where there is no gradient."""
        return self._backward_hook(True, hook, prepend)

    def register_backward_hook(self, hook) -> RemovableHandle:
        """Have `hook(module, grad_input, grad_output)` called with the gradients of the operation that made the module's
        result, which may be the last of many; deprecated: `register_full_backward_hook` is what one wants. RuntimeError if
        both are on one module."""
        return self._backward_hook(False, hook)

    def _backward_hook(self, full: bool, hook, prepend: bool = False) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError("Cannot use both regular backward hooks and full backward hooks on a single Module. Please use "
                               "only one of them.")  # fmt: skip
        self._is_full_backward_hook = full
        return registered(self._backward_hooks, hook, prepend)

    def register_state_dict_pre_hook(self, hook) -> RemovableHandle:
        """Have `hook(module, prefix, keep_vars)` called before `state_dict` looks at the module."""
        return registered(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook) -> RemovableHandle:
        """Have `hook(module, state_dict, prefix, local_metadata)` called by `state_dict`."""
        return registered(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook) -> RemovableHandle:
        """Have `hook` called before `load_state_dict`; it may change the dictionary."""
        return registered(self._load_state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(self, hook, with_module: bool = False) -> RemovableHandle:
        """As `register_load_state_dict_pre_hook`; without `with_module` the hook does not get the module."""
        return self.register_load_state_dict_pre_hook(hook if with_module else lambda module, *rest: hook(*rest))

    def _register_state_dict_hook(self, hook) -> RemovableHandle:
        """As `register_state_dict_post_hook`; what the hook returns takes the dictionary's place."""
        return self.register_state_dict_post_hook(hook)

    def register_load_state_dict_post_hook(self, hook) -> RemovableHandle:
        """Have `hook(module, incompatible_keys)` called once `load_state_dict` has copied; what it takes out of the lists
        is no error."""
        return registered(self._load_state_dict_post_hooks, hook)

    # ------------------------------------------------------------------------------------------ text

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What `repr` says of the module itself."""
        return ""

    def __repr__(self) -> str:
        own = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        lines = own + children
        if not children and len(own) <= 1:
            return f"{self._get_name()}({''.join(own)})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"
