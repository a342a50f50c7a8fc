"""Every option of every command of ours says what it does."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

# What the commands say of their options is no matter of a database.
pytestmark = pytest.mark.once
OF_OTHERS = ("django.", "rest_framework", "drf_", "unfold")
COMMANDS = {name: app for name, app in get_commands().items() if not app.startswith(OF_OTHERS)}


def silent(parser: argparse.ArgumentParser, where: str) -> Iterator[str]:
    """What this parser and those of its acts take without a word about it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, act in action.choices.items():
                yield from silent(act, f"{where} {name}")
        elif not action.help:
            yield f"{where} {'/'.join(action.option_strings) or action.dest}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name):
    command: BaseCommand = load_command_class(COMMANDS[name], name)
    assert command.help
    assert not list(silent(command.create_parser("manage.py", name), name))


def test_all_commands_are_looked_at():
    assert {"review", "person", "control", "suppression", "validate_action"} <= set(COMMANDS)


@pytest.mark.parametrize("name", ["review", "person"])
def test_the_help_gives_an_example(name):
    assert f"manage.py {name} --" in load_command_class(COMMANDS[name], name).help
