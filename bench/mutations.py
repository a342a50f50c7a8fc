"""The single changes that `bench.mutation` tries: what a tired programmer could have written.

Comparisons at their edge and turned round, and/or, not, arithmetic, constants and words, whole
conditions, arguments, assigned and returned values. Docstrings, annotations and decorators are left
alone.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

FUTURE = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
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


@dataclass(eq=False)
class Mutant:
    """One change, inside the function `scope` (qualified name, first line) or outside of all."""

    module: str
    path: Path
    tree: ast.Module
    site: _Site
    statement: ast.stmt  # of the module, that holds the change
    change: str
    name: str = ""
    constant: str = ""  # of the module, when the change is in what it is set to

    @property
    def scope(self) -> tuple[str, int] | None:
        return self.site.scope

    @property
    def lines(self) -> range:
        """Those that run when the change does: of its statement, or of the head of that."""
        statement = self.site.statement
        body = getattr(statement, "body", None) or getattr(statement, "cases", None)
        node = self.site.node
        last = getattr(node, "end_lineno", None) or statement.end_lineno or statement.lineno
        if isinstance(body, list) and isinstance(body[0], ast.stmt):
            last = max(last if node is not statement else 0, body[0].lineno - 1)
        return range(statement.lineno, max(last, statement.lineno) + 1)

    def code(self, whole: bool) -> CodeType:
        """The changed module, or only its changed statement. Call it once, in a process of its own:
        the tree that all mutants of the module share stays changed."""
        site = self.site
        site.put(ast.copy_location(site.make(), site.node))
        body = self.tree.body if whole else [FUTURE, self.statement]
        module = ast.fix_missing_locations(ast.Module(body, []))
        return compile(module, str(self.path), "exec")


@dataclass
class _Site:
    node: ast.AST
    scope: tuple[str, int] | None
    statement: ast.stmt
    make: Callable[[], ast.AST]
    put: Callable[[ast.AST], None]


def mutants_of(module: str, path: Path) -> list[Mutant]:
    """Every single change of a module, named by what it changes and where, not by line."""
    tree = ast.parse(path.read_text())
    found = []
    for number, statement in enumerate(tree.body):
        names = ", ".join(_names(statement))
        for site in _sites(tree, number):
            change = _change(site)
            found.append(Mutant(module, path, tree, site, statement, change, constant=names))
    count: Counter[str] = Counter()
    for mutant in found:
        where = mutant.scope[0] if mutant.scope else mutant.constant or "(module)"
        name = f"{module} {where}: {mutant.change}"
        count[name] += 1
        mutant.name = name if count[name] == 1 else f"{name} (#{count[name]})"
    return found


def constants_of(path: Path) -> set[str]:
    """Names that the module sets."""
    return {name for statement in ast.parse(path.read_text()).body for name in _names(statement)}


def _names(node: ast.stmt) -> list[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not node.value:
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _change(site: _Site) -> str:
    before, after = (
        ast.unparse(site.node),
        ast.unparse(ast.fix_missing_locations(ast.copy_location(site.make(), site.node))),
    )
    return f"{_short(before, after)}  ->  {_short(after, before)}"


def _short(words: str, other: str) -> str:
    """One line, cut to what differs when it is long."""
    words, other = " ".join(words.split()), " ".join(other.split())
    same = next((n for n, (a, b) in enumerate(zip(words, other, strict=False)) if a != b), 0)
    start = max(same - 20, 0) if len(words) > 80 else 0
    return ("…" if start else "") + words[start : start + 80]


def _sites(tree: ast.Module, number: int) -> Iterator[_Site]:
    """Every change in the module's statement `number`, in the order of the file."""
    statement = tree.body[number]
    if _is_docstring(statement):
        return
    put = _putter(tree, "body", number)
    yield from (_Site(statement, None, statement, make, put) for make in _makers(statement))
    yield from _walk(statement, None, "", statement)


def _walk(
    node: ast.AST, scope: tuple[str, int] | None, prefix: str, statement: ast.stmt
) -> Iterator[_Site]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "ctx", "decorator_list"):
            continue
        for position, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            put = _putter(node, field, position if isinstance(value, list) else None)
            inner, below = _inside(node, field, scope, prefix)
            at = child if isinstance(child, ast.stmt) else statement
            if isinstance(child, ast.expr | ast.stmt | ast.comprehension):
                yield from (_Site(child, inner, at, make, put) for make in _makers(child))
            yield from _walk(child, inner, below, at)


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


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


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
        case ast.Assign(value=value) if not _is_none(value) and not _is_type(value):
            yield _with(node, value=nothing)
        case ast.Return(value=value) if value is not None and not _is_false(value):
            yield _with(node, value=nothing)
        case ast.Raise():
            yield ast.Pass


def _is_type(node: ast.AST) -> bool:
    """A name for a type, such as `Step = Callable[[str], int]`."""
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Callable", "tuple")


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_call(node: ast.Call) -> Iterator[Callable[[], ast.AST]]:
    match node.func:
        case ast.Name(id="min" | "max" | "any" | "all" as name):
            yield _with(node, func=ast.Name(SWAPPED[name], ast.Load()))
        case ast.Attribute(attr=name, value=value) if name in SWAPPED:
            yield _with(node, func=ast.Attribute(value, SWAPPED[name], ast.Load()))
    for n, argument in enumerate(node.args):
        if not isinstance(argument, ast.Starred | ast.Constant | ast.GeneratorExp | ast.Lambda):
            yield _with(node, args=[*node.args[:n], ast.Constant(None), *node.args[n + 1 :]])
    for n, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield _with(node, keywords=[*node.keywords[:n], *node.keywords[n + 1 :]])
