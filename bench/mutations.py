"""The single changes that `bench.mutation` tries: what a tired programmer could have written.

Comparisons at their edge and turned round, and/or, not, arithmetic, constants and words, whole
conditions, arguments, assigned and returned values. Docstrings, annotations and decorators are left
alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

COMPARE = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Div, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SWAPPED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "startswith": "endswith",
    "endswith": "startswith", "lower": "upper", "upper": "lower", "lstrip": "rstrip",
    "rstrip": "lstrip", "search": "match", "fullmatch": "search", "find": "rfind",
    "partition": "rpartition", "rpartition": "partition",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the `number`th of its module, inside the function `scope` or outside of all."""

    module: str
    path: Path
    number: int
    line: int
    scope: tuple[str, int] | None
    change: str
    constant: str = ""  # of the module, when the change is in what it is set to

    @property
    def name(self) -> str:
        return f"{self.module}:{self.line}:{self.number}"


@dataclass
class _Site:
    node: ast.AST
    scope: tuple[str, int] | None
    make: Callable[[], ast.AST]
    put: Callable[[ast.AST], None]


def mutants_of(module: str, path: Path) -> list[Mutant]:
    found = []
    for number, site in enumerate(_sites(_source(path))):
        line = _line(site.node)
        names = [n for n, (first, last) in constants_of(path).items() if first <= line <= last]
        found.append(Mutant(module, path, number, line, site.scope, _change(site), "".join(names)))
    return found


def constants_of(path: Path) -> dict[str, tuple[int, int]]:
    """Names that the module sets, with the first and last line of each."""
    return {
        target.id: (node.lineno, node.end_lineno or node.lineno)
        for node in _source(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and node.value
    }


def mutated(mutant: Mutant) -> CodeType:
    tree = _source(mutant.path)
    site = next(site for n, site in enumerate(_sites(tree)) if n == mutant.number)
    site.put(ast.copy_location(site.make(), site.node))
    return compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")


def _line(node: ast.AST) -> int:
    return node.iter.lineno if isinstance(node, ast.comprehension) else node.lineno


@cache
def _text(path: Path) -> str:
    return path.read_text()


def _source(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def _change(site: _Site) -> str:
    before, after = (
        ast.unparse(site.node),
        ast.unparse(ast.fix_missing_locations(ast.copy_location(site.make(), site.node))),
    )
    return f"{_short(before)}  ->  {_short(after)}"


def _short(words: str) -> str:
    return " ".join(words.split())[:110]


def _sites(tree: ast.Module) -> Iterator[_Site]:
    yield from _walk(tree, None, "")


def _walk(node: ast.AST, scope: tuple[str, int] | None, prefix: str) -> Iterator[_Site]:
    """Every change in and under `node`, in the order of the file."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "ctx", "decorator_list"):
            continue
        for position, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_docstring(node, child):
                continue
            put = _putter(node, field, position if isinstance(value, list) else None)
            inner, below = _inside(node, field, scope, prefix)
            if isinstance(child, ast.expr | ast.stmt | ast.comprehension):
                yield from (_Site(child, inner, make, put) for make in _makers(child))
            yield from _walk(child, inner, below)


def _inside(
    node: ast.AST, field: str, scope: tuple[str, int] | None, prefix: str
) -> tuple[tuple[str, int] | None, str]:
    if isinstance(node, ast.ClassDef):
        return scope, f"{prefix}{node.name}." if field == "body" else prefix
    if isinstance(node, ast.FunctionDef) and field == "body" and scope is None:
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        return (prefix + node.name, first), prefix
    return scope, prefix


def _putter(node: ast.AST, field: str, position: int | None) -> Callable[[ast.AST], None]:
    def put(new: ast.AST) -> None:
        if position is None:
            setattr(node, field, new)
        else:
            getattr(node, field)[position] = new

    return put


def _is_docstring(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)


def _with(node: ast.AST, **fields: object) -> Callable[[], ast.AST]:
    def make() -> ast.AST:
        new = copy.copy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    return make


def _makers(node: ast.AST) -> Iterator[Callable[[], ast.AST]]:
    yield from _of_expression(node)
    yield from _of_condition(node)
    yield from _of_statement(node)
    if isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_expression(node: ast.AST) -> Iterator[Callable[[], ast.AST]]:
    match node:
        case ast.Compare(ops=ops):
            for n, op in enumerate(ops):
                for new in COMPARE[type(op)]:
                    yield _with(node, ops=[*ops[:n], new(), *ops[n + 1 :]])
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield lambda: operand
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield _with(node, op=ARITHMETIC[type(op)]())
        case ast.Constant(value=bool() as value):
            yield _with(node, value=not value)
        case ast.Constant(value=int() | float() as value):
            yield _with(node, value=value + 1)
        case ast.Constant(value=str() as value):
            yield _with(node, value=f"XX{value}XX" if value else "XX")
        case ast.Slice(lower=lower, upper=upper) if lower or upper:
            yield _with(node, lower=None, upper=None)


def _of_condition(node: ast.AST) -> Iterator[Callable[[], ast.AST]]:
    """A condition that is no comparison, turned round; comparisons have their own changes."""

    def turned(test: ast.expr) -> ast.expr:
        return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)

    plain = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.NamedExpr)
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if isinstance(
            test, plain
        ):
            yield _with(node, test=turned(test))
        case ast.comprehension(ifs=ifs):
            for n, test in enumerate(ifs):
                if isinstance(test, plain):
                    yield _with(node, ifs=[*ifs[:n], turned(test), *ifs[n + 1 :]])
                yield _with(node, ifs=[*ifs[:n], *ifs[n + 1 :]])
        case ast.BoolOp(values=values):
            for n, test in enumerate(values):
                if isinstance(test, plain):
                    yield _with(node, values=[*values[:n], turned(test), *values[n + 1 :]])


def _of_statement(node: ast.AST) -> Iterator[Callable[[], ast.AST]]:
    nothing = ast.Constant(None)
    match node:
        case ast.Break():
            yield ast.Continue
        case ast.Continue():
            yield ast.Break
        case ast.Assign(value=value) if not _is_none(value):
            yield _with(node, value=nothing)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield _with(node, value=nothing)
        case ast.Raise():
            yield ast.Pass


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_call(node: ast.Call) -> Iterator[Callable[[], ast.AST]]:
    match node.func:
        case ast.Name(id=name) if name in SWAPPED:
            yield _with(node, func=ast.Name(SWAPPED[name], ast.Load()))
        case ast.Attribute(attr=name, value=value) if name in SWAPPED:
            yield _with(node, func=ast.Attribute(value, SWAPPED[name], ast.Load()))
    for n, argument in enumerate(node.args):
        if not isinstance(argument, ast.Starred | ast.Constant | ast.GeneratorExp | ast.Lambda):
            yield _with(node, args=[*node.args[:n], ast.Constant(None), *node.args[n + 1 :]])
    for n, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield _with(node, keywords=[*node.keywords[:n], *node.keywords[n + 1 :]])
