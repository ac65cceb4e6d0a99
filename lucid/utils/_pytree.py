"""Values in containers inside each other: taken out, mapped, put back.

A container is a tuple, list, dict (or named tuple, OrderedDict, defaultdict, deque), or of a class that `register_pytree_node`
was told how to take apart; anything else, None too, is a leaf. The module is private in PyTorch, but packages use it.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "Context", "GetAttrKey", "LeafSpec", "MappingKey", "NodeDef", "PyTree", "PyTreeSpec", "SequenceKey", "TreeSpec", "is_namedtuple",
    "is_namedtuple_class", "is_namedtuple_instance", "is_structseq", "is_structseq_class", "is_structseq_instance", "key_get", "keystr",
    "register_pytree_node", "tree_all", "tree_all_only", "tree_any", "tree_any_only", "tree_flatten", "tree_flatten_with_path",
    "tree_is_leaf", "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map", "tree_map_", "tree_map_only", "tree_map_only_",
    "tree_map_with_path", "tree_structure", "tree_unflatten", "treespec_dumps", "treespec_loads", "treespec_pprint",
]  # fmt: skip

PyTree = Context = Any


class NodeDef(NamedTuple):
    """How containers of a class are taken apart and put together."""

    type: type
    flatten_fn: Callable  # container -> (its parts, what else it takes to put it together)
    unflatten_fn: Callable  # (parts, that) -> container
    flatten_with_keys_fn: Callable | None = None  # as flatten_fn, with (key, part) for each part
    name: str | None = None  # in `treespec_dumps`
    to_dumpable: Callable | None = None  # the context -> what JSON can hold
    from_dumpable: Callable | None = None  # and back


@dataclass(frozen=True)
class SequenceKey:
    """The place of a part in a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence):
        """The part."""
        return sequence[self.idx]


@dataclass(frozen=True)
class MappingKey:
    """The key of a part in a mapping."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping):
        """The part."""
        return mapping[self.key]


@dataclass(frozen=True)
class GetAttrKey:
    """The name of a part that is an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj):
        """The part."""
        return getattr(obj, self.name)


def _numbered(flatten):
    def with_keys(tree):
        parts, context = flatten(tree)
        return [(SequenceKey(i), part) for i, part in enumerate(parts)], context

    return with_keys


def _dict_flatten(tree: dict):
    return list(tree.values()), list(tree)


def _dict_flatten_with_keys(tree: dict):
    return [(MappingKey(key), part) for key, part in tree.items()], list(tree)


def _dict_unflatten(values, context) -> dict:
    return dict(zip(context, values, strict=True))


SUPPORTED_NODES: dict[type, NodeDef] = {}


def register_pytree_node(
    cls: type, flatten_fn: Callable, unflatten_fn: Callable, *, serialized_type_name: str | None = None,
    to_dumpable_context: Callable | None = None, from_dumpable_context: Callable | None = None,
    flatten_with_keys_fn: Callable | None = None,
) -> None:  # fmt: skip
    """Let objects of a class be containers.

    Parameters
    ----------
    cls : type
        The class itself; its subclasses are not meant.
    flatten_fn : callable
        Of an object: a sequence of its parts, and what else it takes to put it together.
    unflatten_fn : callable
        Of parts and that: an object.
    flatten_with_keys_fn : callable, optional
        As `flatten_fn`, with pairs of key and part.
    serialized_type_name, to_dumpable_context, from_dumpable_context : optional
        For `treespec_dumps`: the name of the class, and what makes of the rest something that JSON can hold, and back.

    Raises
    ------
    ValueError
        If the class is known already, or of the last two only one is given.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    if (to_dumpable_context is None) != (from_dumpable_context is None):
        raise ValueError(f"Both to_dumpable_context and from_dumpable_context for {cls} must be None or registered.")
    SUPPORTED_NODES[cls] = NodeDef(
        cls, flatten_fn, unflatten_fn, flatten_with_keys_fn, serialized_type_name, to_dumpable_context, from_dumpable_context
    )


_register_pytree_node = register_pytree_node

for _type, _flatten, _unflatten, _with_keys in (
    (tuple, lambda tree: (list(tree), None), lambda parts, context: tuple(parts), None),
    (list, lambda tree: (list(tree), None), lambda parts, context: list(parts), None),
    (deque, lambda tree: (list(tree), tree.maxlen), lambda parts, context: deque(parts, context), None),
    (dict, _dict_flatten, _dict_unflatten, _dict_flatten_with_keys),
    (OrderedDict, _dict_flatten, lambda parts, context: OrderedDict(zip(context, parts, strict=True)), _dict_flatten_with_keys),
    (defaultdict, lambda tree: (list(tree.values()), [tree.default_factory, list(tree)]),
     lambda parts, context: defaultdict(context[0], zip(context[1], parts, strict=True)),
     lambda tree: (_dict_flatten_with_keys(tree)[0], [tree.default_factory, list(tree)])),
):  # fmt: skip
    SUPPORTED_NODES[_type] = NodeDef(_type, _flatten, _unflatten, _with_keys or _numbered(_flatten), f"{_type.__module__}.{_type.__name__}")

SUPPORTED_NODES[defaultdict] = SUPPORTED_NODES[defaultdict]._replace(
    to_dumpable=lambda context: {
        "default_factory_module": context[0].__module__, "default_factory_name": context[0].__qualname__, "dict_context": context[1]
    },
    from_dumpable=lambda found: [_builtin(found["default_factory_module"], found["default_factory_name"]), found["dict_context"]],
)  # fmt: skip


def _builtin(module: str, name: str) -> type:
    """A type of Python's own: nothing else that a text names is looked for."""
    import builtins

    found = getattr(builtins, name, None) if module == "builtins" else None
    if not isinstance(found, type):
        raise NotImplementedError(f"treespec_loads(): only types of Python's own are read, not {module}.{name}")
    return found


_DICTS = {dict, OrderedDict, defaultdict}  # one stands for another where keys match
_NAMED = NodeDef(
    tuple, lambda tree: (list(tree), type(tree)), lambda parts, context: context(*parts),
    lambda tree: ([(GetAttrKey(name), part) for name, part in zip(tree._fields, tree, strict=True)], type(tree)),
)  # fmt: skip


def _node(tree, is_leaf=None) -> NodeDef | None:
    """How a value is taken apart; None for a leaf."""
    if is_leaf is not None and is_leaf(tree):
        return None
    kind = type(tree)
    return SUPPORTED_NODES.get(kind) or (_NAMED if issubclass(kind, tuple) and hasattr(kind, "_fields") else None)


@dataclass(eq=False)
class TreeSpec:
    """The form of a tree: its containers without their leaves."""

    type: Any  # None for a leaf
    context: Any
    children_specs: list[TreeSpec]
    node: NodeDef | None = None

    def __post_init__(self):
        if self.type is not None and self.node is None:
            self.node = SUPPORTED_NODES.get(self.type, _NAMED)
        self.num_leaves = sum(child.num_leaves for child in self.children_specs) if self.node else 1
        self.num_nodes, self.num_children = 1 + sum(child.num_nodes for child in self.children_specs), len(self.children_specs)

    def __eq__(self, other):
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (self.type, self.context, self.children_specs) == (other.type, other.context, other.children_specs)

    def __hash__(self):
        return hash((self.type, self.num_leaves))

    def __repr__(self) -> str:
        inner = f"{self.type.__name__}, {self.context}, {self.children_specs}" if self.node else "*"
        return f"TreeSpec({inner})"

    def is_leaf(self) -> bool:
        """Whether it is a leaf's."""
        return self.node is None

    def children(self) -> list[TreeSpec]:
        """The forms of its parts."""
        return list(self.children_specs)

    def child(self, index: int) -> TreeSpec:
        """The form of a part."""
        return self.children_specs[index]

    def flatten_up_to(self, tree) -> list:
        """The parts of a tree that stand where this form has leaves. ValueError if the tree is of another form."""
        return _leaves_like(self, tree, None)

    def unflatten(self, leaves: Iterable):
        """A tree of this form. ValueError if the number of leaves is another."""
        return tree_unflatten(leaves, self)

    def _build(self, leaves: Iterator):
        if self.node is None:
            return next(leaves)
        return self.node.unflatten_fn([child._build(leaves) for child in self.children_specs], self.context)


PyTreeSpec = TreeSpec


def LeafSpec() -> TreeSpec:
    """The form of a leaf."""
    return TreeSpec(None, None, [])


_LEAF = LeafSpec()  # nobody changes it, so that it is made once


def _get_node_type(tree):
    """The class by which a value is taken apart."""
    node = _node(tree)
    return type(tree) if node is None else node.type


def tree_is_leaf(tree, is_leaf=None) -> bool:
    """Whether a value is a leaf; `is_leaf` may say so of containers too."""
    return _node(tree, is_leaf) is None


def tree_iter(tree, is_leaf=None) -> Iterator:
    """The leaves of a tree, one after the other."""
    return iter(tree_leaves(tree, is_leaf))


def tree_leaves(tree, is_leaf=None) -> list:
    """The leaves of a tree."""
    node = _node(tree, is_leaf)
    if node is None:
        return [tree]
    return [leaf for part in node.flatten_fn(tree)[0] for leaf in tree_leaves(part, is_leaf)]


def tree_flatten(tree, is_leaf=None) -> tuple[list, TreeSpec]:
    """The leaves of a tree and its form."""
    leaves: list = []
    return leaves, _flatten_into(leaves, tree, is_leaf)


def _flatten_into(leaves: list, tree, is_leaf) -> TreeSpec:
    node = _node(tree, is_leaf)
    if node is None:
        leaves.append(tree)
        return _LEAF
    parts, context = node.flatten_fn(tree)
    return TreeSpec(type(tree), context, [_flatten_into(leaves, part, is_leaf) for part in parts], node)


def tree_structure(tree, is_leaf=None) -> TreeSpec:
    """The form of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_unflatten(leaves: Iterable, treespec: TreeSpec):
    """A tree of a form. ValueError if the number of leaves is another."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(f"tree_unflatten: {len(leaves)} leaves for a tree that has {treespec.num_leaves}: {treespec}")
    return treespec._build(iter(leaves))


def tree_map(func: Callable, tree, *rests, is_leaf=None):
    """A tree of the same form, of a function's results for the leaves of one or several trees."""
    if not rests and _node(tree, is_leaf) is None:
        return func(tree)
    leaves, form = tree_flatten(tree, is_leaf)
    others = [_leaves_like(form, rest, is_leaf) for rest in rests]
    return form._build(iter([func(*row) for row in zip(leaves, *others, strict=True)]))


def _leaves_like(form: TreeSpec, tree, is_leaf) -> list:
    """The parts of a tree that stand where another one, whose form this is, has leaves."""
    if form.node is None:
        return [tree]
    node = _node(tree, is_leaf)
    parts = node.flatten_fn(tree)[0] if node else []
    same = form.type in _DICTS if type(tree) in _DICTS else type(tree) is form.type
    if not same or len(parts) != len(form.children_specs):
        raise ValueError(f"tree_map: {form} and {tree!r} have different forms")
    if form.type in _DICTS:
        keys = form.context[1] if form.type is defaultdict else form.context
        if tree.keys() != set(keys):
            raise ValueError(f"tree_map: {form} and {tree!r} have different keys")
        parts = [tree[key] for key in keys]
    return [leaf for child, part in zip(form.children_specs, parts, strict=True) for leaf in _leaves_like(child, part, is_leaf)]


def broadcast_leaves(tree, full) -> list:
    """For each leaf of a full tree the leaf of a tree that is there or further up. ValueError if that is of another form."""
    leaves, form = tree_flatten(tree)
    return [leaf for leaf, part in zip(leaves, _leaves_like(form, full, None), strict=True) for _ in tree_iter(part)]


def tree_map_(func: Callable, tree, *rests, is_leaf=None):
    """Call a function with the leaves of one or several trees; the first tree itself is returned."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def _only(kinds, func: Callable) -> Callable:
    wanted = kinds if callable(kinds) and not isinstance(kinds, type) else lambda leaf: isinstance(leaf, kinds)
    return lambda leaf: func(leaf) if wanted(leaf) else leaf


def tree_map_only(type_or_types_or_pred, func: Callable, tree, is_leaf=None):
    """As `tree_map`, but leaves of other types, or that a predicate does not want, stay as they are."""
    return tree_map(_only(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def tree_map_only_(type_or_types_or_pred, func: Callable, tree, is_leaf=None):
    """As `tree_map_`, for leaves of these types, or that a predicate wants."""
    return tree_map_(_only(type_or_types_or_pred, func), tree, is_leaf=is_leaf)


def tree_all_only(type_or_types, pred: Callable, tree, is_leaf=None) -> bool:
    """Whether a predicate holds of all leaves of some types."""
    return all(pred(leaf) for leaf in tree_iter(tree, is_leaf) if isinstance(leaf, type_or_types))


def tree_any_only(type_or_types, pred: Callable, tree, is_leaf=None) -> bool:
    """Whether a predicate holds of a leaf of some types."""
    return any(pred(leaf) for leaf in tree_iter(tree, is_leaf) if isinstance(leaf, type_or_types))


def tree_all(pred: Callable, tree, is_leaf=None) -> bool:
    """Whether a predicate holds of all leaves."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable, tree, is_leaf=None) -> bool:
    """Whether a predicate holds of a leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def _walk(tree, path: tuple, is_leaf) -> Iterator:
    node = _node(tree, is_leaf)
    if node is None:
        yield path, tree
        return
    if node.flatten_with_keys_fn is None:
        raise ValueError(f"{type(tree)} was registered without flatten_with_keys_fn, so that its parts have no keys")
    for key, part in node.flatten_with_keys_fn(tree)[0]:
        yield from _walk(part, (*path, key), is_leaf)


def tree_leaves_with_path(tree, is_leaf=None) -> list:
    """Pairs of the keys that lead to a leaf, and the leaf."""
    return list(_walk(tree, (), is_leaf))


def tree_flatten_with_path(tree, is_leaf=None) -> tuple[list, TreeSpec]:
    """These pairs and the tree's form."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(func: Callable, tree, *rests, is_leaf=None):
    """As `tree_map`, where the function is also given, first, the keys that lead to the leaf."""
    paths = [path for path, _ in _walk(tree, (), is_leaf)]
    numbered = iter(paths)
    return tree_map(lambda *row: func(next(numbered), *row), tree, *rests, is_leaf=is_leaf)


def keystr(kp: Iterable) -> str:
    """Keys as a program writes them: `[0]['weight'].grad`."""
    return "".join(map(str, kp))


def key_get(obj, kp: Iterable):
    """What keys lead to."""
    for key in kp:
        obj = key.get(obj)
    return obj


def is_namedtuple_class(cls) -> bool:
    """Whether it is a class that `collections.namedtuple` made, or one that stands on it."""
    fields = getattr(cls, "_fields", None)
    return isinstance(cls, type) and issubclass(cls, tuple) and isinstance(fields, tuple) and hasattr(cls, "_make")


def is_namedtuple_instance(obj) -> bool:
    """Whether it is an instance of such a class."""
    return is_namedtuple_class(type(obj))


def is_namedtuple(obj) -> bool:
    """Whether it is such a class or an instance of one."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_structseq_class(cls) -> bool:
    """Whether it is a class of tuples whose parts have names: `return_types`, or one of Python's such as `time.struct_time`."""
    return isinstance(cls, type) and issubclass(cls, tuple) and isinstance(getattr(cls, "n_unnamed_fields", None), int)


def is_structseq_instance(obj) -> bool:
    """Whether it is an instance of such a class."""
    return is_structseq_class(type(obj))


def is_structseq(obj) -> bool:
    """Whether it is such a class or an instance of one."""
    return is_structseq_class(obj if isinstance(obj, type) else type(obj))


PROTOCOL = 1  # of the text, which is PyTorch's


def treespec_dumps(treespec: TreeSpec, protocol: int | None = None) -> str:
    """A form as a text that `treespec_loads` reads, and PyTorch's does.

    Parameters
    ----------
    treespec : TreeSpec
        The form; TypeError for anything else.
    protocol : int, optional
        How it is written: 1; ValueError for others.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    NotImplementedError
        For a class that was registered without `serialized_type_name`, and for named tuples.
    """
    import json

    if not isinstance(treespec, TreeSpec):
        raise TypeError(f"Expected `treespec` to be a TreeSpec but got item of type {type(treespec)}.")
    if protocol not in (None, PROTOCOL):
        raise ValueError(f"Unknown protocol {protocol}. Available protocols: [{PROTOCOL}]")
    return json.dumps((PROTOCOL, _described(treespec)))


def _described(form: TreeSpec) -> dict:
    import json

    name = context = None
    if form.node is not None:
        name = form.node.name
        if name is None:
            raise NotImplementedError(f"treespec_dumps(): {form.type} was registered without serialized_type_name")
        context = form.node.to_dumpable(form.context) if form.node.to_dumpable else json.dumps(form.context)
    return {"type": name, "context": context, "children_spec": [_described(child) for child in form.children_specs]}


def treespec_loads(serialized: str) -> TreeSpec:
    """The form that such a text is of.

    Parameters
    ----------
    serialized : str
        What `treespec_dumps` returned.

    Returns
    -------
    TreeSpec
        The form.

    Raises
    ------
    ValueError
        If the text is of another protocol, or no JSON.
    NotImplementedError
        If a class is not known.
    """
    import json

    protocol, found = json.loads(serialized)
    if protocol != PROTOCOL:
        raise ValueError(f"Unknown protocol {protocol}. Available protocols: [{PROTOCOL}]")
    named = {node.name: node for node in SUPPORTED_NODES.values() if node.name is not None}
    return _read(found, named)


def _read(found: dict, named: dict[str, NodeDef]) -> TreeSpec:
    import json

    if found["type"] is None:
        return LeafSpec()
    if found["type"] not in named:
        raise NotImplementedError(f"treespec_loads(): no container is registered as {found['type']!r}")
    node, context = named[found["type"]], found["context"]
    context = node.from_dumpable(context) if node.from_dumpable else json.loads(context)
    return TreeSpec(node.type, context, [_read(child, named) for child in found["children_spec"]], node)


def treespec_pprint(treespec: TreeSpec) -> str:
    """A tree of a form, with `*` for its leaves, as Python prints it."""
    return repr(tree_unflatten([_Star()] * treespec.num_leaves, treespec))


class _Star:
    def __repr__(self) -> str:
        return "*"
