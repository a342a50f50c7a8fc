"""Our own source as syntax trees, for what is written or checked from it."""

from __future__ import annotations

import ast
import functools
import gc
from pathlib import Path


@functools.cache
def tree(path: Path) -> ast.Module:
    """The file as a syntax tree, read once a process. Raises SyntaxError for what is no Python.

    Without the garbage collector: before Python 3.11.8 a collection in the middle of it lets
    another thread in, and the parser then fails with a SystemError (python/cpython#106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(), str(path))
    finally:
        if collects:
            gc.enable()
