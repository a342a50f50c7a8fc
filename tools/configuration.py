"""Writes docs/configuration.md from what the program really reads: `python -m tools.configuration`.

What a variable is for is told by the comment above it in `.env.example`; its kind, its default and
its range come from the call that reads it. `--check` writes nothing, exit 1 when the page is old.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tools import syntax
from tools.steps import ROOT

PAGE = ROOT / "docs" / "configuration.md"
EXAMPLE = ROOT / ".env.example"
SOURCES = ("outreach", "tools")
READERS = {"flag", "whole_number", "env", "get", "str", "list", "json_object"}
SECRET = re.compile(r"SECRET|TOKEN$|KEY$|^ANYMAIL|^(DATABASE|CELERY_BROKER|EMAIL|NOTIFY)_URLS?$")
HEAD = """# Configuration

Everything is set in the environment, or in a file `.env` beside `manage.py`; what stands in the
environment wins. A value that cannot be read stops the start with one sentence: nothing is taken
for a default in silence. Restart every process after a change. `manage.py doctor` says what
is set and unsafe, and where `make run` was started with something else.

This page is made from `.env.example` and from the calls that read the variables
(`python -m tools.configuration`); a test fails when it is old. 🔒 marks what is, or may hold, a
secret: never in the database, in a log or in a repository.
"""


@dataclass(frozen=True)
class Reading:
    """How one variable is read: of which kind, within which range, and what holds without it."""

    kind: str
    default: str


def readings() -> dict[str, Reading]:
    """Every variable that a call in our sources reads by its name."""
    found: dict[str, Reading] = {}
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts:
                found |= dict(_in_source(syntax.tree(path)))
    return found


def _in_source(tree: ast.AST) -> Iterator[tuple[str, Reading]]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        reader, name = ast.unparse(call.func).rpartition(".")[2], call.args[0]
        is_name = isinstance(name, ast.Constant) and re.fullmatch(
            r"[A-Z][A-Z0-9_]+", str(name.value)
        )
        if reader in READERS and is_name and isinstance(name, ast.Constant):
            given = {each.arg: _said(each.value) for each in call.keywords if each.arg}
            yield str(name.value), Reading(_kind(reader, given), given.get("default", ""))


def _said(value: ast.expr) -> str:
    try:
        plain = ast.literal_eval(value)
    except ValueError:  # worked out when it runs; the comment tells it
        return ""
    if isinstance(plain, list):
        return ",".join(plain)
    return "" if plain is None else str(plain)


def _kind(reader: str, given: dict[str, str]) -> str:
    if reader == "flag":
        return "`True` or `False`"
    if reader == "whole_number":
        least, most = (f"{int(given[end]):,}" for end in ("least", "most"))
        return f"whole number, {least} to {most}"
    return {"list": "list, commas between", "json_object": "JSON in one line"}.get(reader, "text")


def page() -> str:
    """The whole page, section by section as `.env.example` has them."""
    known = readings()
    lines, told = [HEAD.rstrip()], list[str]()
    for line in EXAMPLE.read_text().splitlines()[3:]:
        variable = re.match(r"#?([A-Z][A-Z0-9_]+)=(.*)", line)
        if heading := re.match(r"# --- (.*?) -+$", line):
            lines += [
                "",
                f"## {heading[1]}",
                "",
                "| variable | kind | default | what it does |",
                "|---|---|---|---|",
            ]
            told = []
        elif variable:
            name, example = variable.groups()
            lines.append(_row(name, example, line.startswith("#"), known.get(name), " ".join(told)))
            told = []
        elif line.startswith("# "):
            told.append(line[2:].strip())
    return "\n".join(lines) + "\n"


def _row(name: str, example: str, is_example: bool, read: Reading | None, told: str) -> str:
    read = read or Reading("text", "")
    default = read.default if read.default or is_example else example
    if is_example and example and example != default:
        told = f"{told} Example: `{example}`".strip()
    mark = " 🔒" if SECRET.search(name) else ""
    cells = (f"`{name}`{mark}", read.kind, f"`{default}`" if default else "—", told)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when it is old")
    wanted = page()
    if parser.parse_args().check:
        return int(not PAGE.is_file() or PAGE.read_text() != wanted)
    PAGE.write_text(wanted)
    print(f"{PAGE.relative_to(ROOT)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
