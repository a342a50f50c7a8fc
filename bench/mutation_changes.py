"""How a mutant is put in the place of what is loaded, or of what will be imported."""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from bench.mutations import Mutant, constants_of

ROOT = Path(__file__).resolve().parent.parent


def path_of(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def swap(mutant: Mutant, function: FunctionType) -> None:
    key = key_of(function.__code__)
    function.__code__ = next(c for c in codes_in(mutant.code(whole=False)) if key_of(c) == key)


def replace_constants(mutant: Mutant) -> None:
    """Give every module of ours the constants that the mutated text makes."""
    old = sys.modules[mutant.module].__dict__
    new = {"__name__": mutant.module, "__file__": str(mutant.path)}
    changed = constants_of(mutant.path)
    exec(mutant.code(whole=True), new)
    for name in changed:
        own = name in mutant.constant.split(", ")
        if not own and (old[name] == new[name] or " at 0x" in repr(new[name])):
            continue
        was = old[name]
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name, mutant) is was:
                setattr(module, name, new[name])
        if isinstance(was, dict) and isinstance(new[name], dict):
            was.clear()
            was.update(new[name])


def key_of(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


def live_functions(files: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    live = defaultdict(list)
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename in files:
            live[key_of(function.__code__)].append(function)
    return live


def caches_of(modules: list[str]) -> list[tuple[Any, set[str]]]:
    """Our caches, each with the modules whose work it may hold: its own and what that imports."""
    names = {str(path_of(module)): module for module in modules}
    caches = []
    for cached in gc.get_objects():
        if isinstance(cached, _lru_cache_wrapper):
            code = getattr(cached.__wrapped__, "__code__", None)
            if code and code.co_filename in names:
                caches.append((cached, imports_of(names[code.co_filename], set(modules))))
    return caches


def imports_of(module: str, known: set[str]) -> set[str]:
    """The module and those of the known ones that it imports, directly or not."""
    found, todo = set(), {module}
    while todo:
        found.add(one := todo.pop())
        text = path_of(one).read_text()
        for parent, name in re.findall(r"^from ([\w.]+) import \(?\s*(\w+)", text, re.MULTILINE):
            todo |= {parent, f"{parent}.{name}"} & known - found
    return found


def clear(caches: Iterable[Any]) -> None:
    for cached in caches:
        cached.cache_clear()


# --- At import ------------------------------------------------------------------------------------


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module in its mutated form."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.mutant.module:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(path_of(name)))

    def exec_module(self, module: Any) -> None:
        module.__file__ = str(path_of(module.__name__))
        exec(self.mutant.code(whole=True), module.__dict__)
