"""The project's own source as syntax trees, for the rules that no linter sees."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from tools.syntax import tree

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("outreach", "safety", "approvals", "channels", "workflows")


@functools.cache
def modules(*, tests: bool = False, migrations: bool = False) -> tuple[Path, ...]:
    """Every Python file of the apps, by path."""
    return tuple(
        path
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        for parts in [path.relative_to(ROOT).parts]  # the checkout itself may be called "tests"
        if (tests or ("tests" not in parts and path.name != "testing.py"))
        and (migrations or "migrations" not in parts)
    )


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return 0 if not body else (node.end_lineno or 0) - body[0].lineno + 1


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node


def dotted(node: ast.expr) -> list[str]:
    """`Approval.objects.filter(...).update` as its names, calls left out."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        return [*dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []
