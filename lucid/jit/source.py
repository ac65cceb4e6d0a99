"""TorchScript's source, translated to functions of Python.

An archive holds what was compiled as text, in a small language that is written as Python is. It is parsed, and translated part by part:
names of variables stay, `torch.add` and the like become functions that `jit.operators` has, everything else becomes a call of
one of the helpers of `Translator`. What is no part of the language is refused. So a program can compute with tensors, numbers, strings
and lists of them, and reach nothing else: no module, no builtin of Python, no attribute of an object that is not its own.
"""

from __future__ import annotations

import ast
import copy
import math
import threading
from collections.abc import Callable

__all__ = ["OWN", "Translator", "dotted", "parsed"]

OWN = "__lucid_"  # how names of this module begin in functions, and no name of a program does
CONSTANTS = {"inf": math.inf, "nan": math.nan, "infj": complex(0, math.inf), "nanj": complex(0, math.nan), "NoneType": None}
LITERALS = (int, float, complex, str, bool, type(None))
DEEPEST = 200  # brackets within brackets, and blocks within blocks
NUMBERS = {"number", "int", "float", "bool", "complex"}


def parsed(text: str, name: str) -> ast.Module:
    """The syntax of a source file. ValueError where it is none."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > DEEPEST:
            raise ValueError(f"jit.load: a damaged file: {name} nests more than {DEEPEST} brackets")
    try:
        return ast.parse(text, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"jit.load: a damaged file: {name}: {error}") from None


def dotted(node: ast.expr) -> list[str]:
    """The parts of `a.b.c`; nothing for what is not only names."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []


class Translator:
    """Makes functions of Python of a program's.

    Parameters
    ----------
    named : callable
        `named(path)` is what a program means by `__torch__.path`.
    constant : callable
        `constant(0)` is what it means by `CONSTANTS.c0`.
    operator : callable
        `operator(path, count, keywords)` is the function of `torch.add` or `ops.prim.dtype`, and for each argument, of which `count` come
        by position, under which name it goes ("" for none, None where it is left out) and what is made of it. `operator(path)` says
        whether there is one.
    helpers : dict of str to callable
        What is done by other means than operators: `field`, `set_field`, `invoke`, `new`, `scope`, `is_a`, `plain`, `fork`.
    """

    def __init__(self, named: Callable, constant: Callable, operator: Callable, helpers: dict):
        self.named, self.constant, self.operator = named, constant, operator
        self.known: dict = {"__builtins__": {}}  # what the functions use, by the names that they use
        self.names: dict = {}  # the same the other way round
        self.lock = threading.RLock()  # of two threads that call a function first
        self.helpers = {name: self._hold(function) for name, function in helpers.items()}

    def function(self, node: ast.FunctionDef, file: str):
        """The function that a definition is."""
        with self.lock:
            self.file = file
            module = ast.fix_missing_locations(ast.Module([self._definition(node)], []))
            made: dict = {}
            exec(compile(module, file, "exec"), self.known, made)
            return made[node.name]

    # -------------------------------------------------------------------------------------------- parts of the language

    def _refuse(self, node: ast.AST, what: str = ""):
        what = what or f"{type(node).__name__} is no part of TorchScript"
        raise ValueError(f"jit.load: {self.file}, line {getattr(node, 'lineno', '?')}: {what}")

    def _hold(self, value) -> str:
        """The name of what no literal can say."""
        key = id(value)
        if key not in self.names:
            self.names[key] = f"{OWN}{len(self.names)}"
            self.known[self.names[key]] = value  # (which keeps it, and so its id)
        return self.names[key]

    def _name(self, name: str, node: ast.AST) -> str:
        if name.startswith(OWN):
            self._refuse(node, f"a name that begins with {OWN}")
        return name

    def _load(self, name: str) -> ast.Name:
        return ast.Name(name, ast.Load())

    def _call(self, name: str, *arguments: ast.expr, keywords=()) -> ast.Call:
        return ast.Call(self._load(name), list(arguments), list(keywords))

    def _definition(self, node: ast.FunctionDef) -> ast.FunctionDef:
        given = node.args
        plain = not (given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or node.decorator_list)
        if not plain or getattr(node, "type_params", None):
            self._refuse(node, "a function whose parameters are not plain ones")
        made = copy.copy(node)  # (whose fields differ between versions of Python)
        made.name, made.returns, made.body = self._name(node.name, node), None, self.block(node.body)
        arguments = [ast.arg(self._name(one.arg, node)) for one in given.args]
        made.args = ast.arguments([], arguments, None, [], [], None, [self.expression(one) for one in given.defaults])
        return made

    # -------------------------------------------------------------------------------------------- statements

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements, each of which stays where it is for tracebacks."""
        return [ast.copy_location(self.statement(one), one) for one in statements]

    def statement(self, node: ast.stmt) -> ast.stmt:
        """What a statement becomes."""
        of = getattr(self, f"_{type(node).__name__.lower()}_statement", None)
        return of(node) if of else self._refuse(node)

    def _pass_statement(self, node):
        return ast.Pass()

    def _return_statement(self, node):
        return ast.Return(node.value and self.expression(node.value))

    def _expr_statement(self, node):
        return ast.Expr(self.expression(node.value))

    def _assign_statement(self, node):
        target = node.targets[0] if len(node.targets) == 1 else self._refuse(node)
        if isinstance(target, ast.Attribute):
            owner, name = self.expression(target.value), ast.Constant(target.attr)
            return ast.Expr(self._call(self.helpers["set_field"], owner, name, self.expression(node.value)))
        return ast.Assign([self.target(target)], self.expression(node.value))

    def _annassign_statement(self, node):
        if node.value is None:
            return ast.Pass()
        return ast.Assign([self.target(node.target)], self.expression(node.value))

    def _if_statement(self, node):
        return ast.If(self.expression(node.test), self.block(node.body), self.block(node.orelse))

    def _while_statement(self, node):
        return ast.While(self.expression(node.test), self.block(node.body), self.block(node.orelse))

    def _for_statement(self, node):
        return ast.For(self.target(node.target), self.expression(node.iter), self.block(node.body), self.block(node.orelse))

    def _with_statement(self, node):
        items = []
        for one in node.items:
            context = self._call(self.helpers["scope"], self.expression(one.context_expr))
            items.append(ast.withitem(context, one.optional_vars and self.target(one.optional_vars)))
        return ast.With(items, self.block(node.body))

    def _functiondef_statement(self, node):
        return self._definition(node)

    def target(self, node: ast.expr) -> ast.expr:
        """What is assigned to."""
        if isinstance(node, ast.Name):
            return ast.Name(self._name(node.id, node), ast.Store())
        if isinstance(node, ast.Tuple):
            return ast.Tuple([self.target(one) for one in node.elts], ast.Store())
        return self._refuse(node, "an assignment to something else than names")

    # -------------------------------------------------------------------------------------------- expressions

    def expression(self, node: ast.expr) -> ast.expr:
        """What an expression becomes."""
        of = getattr(self, f"_{type(node).__name__.lower()}_expression", None)
        return ast.copy_location(of(node) if of else self._refuse(node), node)

    def _constant_expression(self, node):
        return ast.Constant(node.value) if type(node.value) in LITERALS else self._refuse(node)

    def _name_expression(self, node):
        if node.id in CONSTANTS:
            return ast.Constant(CONSTANTS[node.id])
        return self._load(self._name(node.id, node))

    def _unaryop_expression(self, node):
        return ast.UnaryOp(ast.USub(), self.expression(node.operand)) if isinstance(node.op, ast.USub) else self._refuse(node)

    def _binop_expression(self, node):  # of a complex number: a real and an imaginary part
        if isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(node.right, ast.Constant) and isinstance(node.right.value, complex):
            return ast.BinOp(self.expression(node.left), node.op, self.expression(node.right))
        return self._refuse(node)

    def _tuple_expression(self, node):
        return ast.Tuple([self.expression(one) for one in node.elts], ast.Load())

    def _list_expression(self, node):
        return ast.List([self.expression(one) for one in node.elts], ast.Load())

    def _dict_expression(self, node):
        return ast.Dict([self.expression(one) for one in node.keys], [self.expression(one) for one in node.values])

    def _subscript_expression(self, node):
        return ast.Subscript(self.expression(node.value), self.expression(node.slice), ast.Load())

    def _ifexp_expression(self, node):
        return ast.IfExp(self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    def _attribute_expression(self, node):
        path = dotted(node)
        if path and path[0] == "__torch__":
            return self._load(self._hold(self.named(".".join(path))))
        if len(path) == 2 and path[0] == "CONSTANTS":
            return self._load(self._hold(self.constant(int(path[1].removeprefix("c")))))
        return self._call(self.helpers["field"], self.expression(node.value), ast.Constant(node.attr))

    def _call_expression(self, node):
        path = dotted(node.func)
        if len(path) == 1:
            return self._word(path[0], node)
        if path and path[0] in ("torch", "ops"):
            return self._operator(".".join(path), node)
        if node.keywords:
            self._refuse(node, "a call by keywords")
        if path and path[0] == "__torch__":
            if path[-1] == "__new__":
                return self._call(self.helpers["new"], self._load(self._hold(self.named(".".join(path[:-1])))))
            return ast.Call(self.expression(node.func), [self.expression(one) for one in node.args], [])
        if not isinstance(node.func, ast.Attribute):
            return self._refuse(node, "a call of what has no name")
        owner, name = self.expression(node.func.value), ast.Constant(node.func.attr)
        return self._call(self.helpers["invoke"], owner, name, *[self.expression(one) for one in node.args])

    def _word(self, name: str, node: ast.Call) -> ast.expr:
        """A call of what has a name without dots: a part of the language, or a function that a variable holds."""
        if name in ("annotate", "unchecked_cast"):
            kind, value = node.args
            value = self.expression(value)
            return self._call(self.helpers["plain"], value) if isinstance(kind, ast.Name) and kind.id in NUMBERS else value
        if name == "uninitialized":
            return ast.Constant(None)
        if name == "isinstance":
            value, kinds = node.args
            kinds = kinds.elts if isinstance(kinds, (ast.Tuple, ast.List)) else [kinds]
            return self._call(self.helpers["is_a"], self.expression(value), self._load(self._hold(kinds)))
        if name == "getattr":
            owner, attribute = node.args
            return self._call(self.helpers["field"], self.expression(owner), self.expression(attribute))
        if name in self.helpers:
            return self._call(self.helpers[name], *[self.expression(one) for one in node.args])
        if self.operator(name)[0] is not None:
            return self._operator(name, node)
        return self._call(self._name(name, node), *[self.expression(one) for one in node.args])

    def _operator(self, path: str, node: ast.Call) -> ast.expr:
        keywords = {one.arg: one.value for one in node.keywords}
        function, positions, names = self.operator(path, len(node.args), list(keywords))
        # Each argument goes where the function has it, through what makes it one of Lucid's.
        placed, by_name = [], []
        for value, (where, change) in [*zip(node.args, positions), *zip(keywords.values(), names)]:
            if where is None:
                continue
            value = self.expression(value)
            if change:
                literal = isinstance(value, ast.Constant)
                value = self._load(self._hold(change(value.value))) if literal else self._call(self._hold(change), value)
            placed.append(value) if where == "" else by_name.append(ast.keyword(where, value))
        return self._call(self._hold(function), *placed, keywords=by_name)
