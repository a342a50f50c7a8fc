#!/usr/bin/env python
"""Django's entry. A configuration that cannot be read is one sentence, never a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

TRIED = "OUTREACH_OWN_PYTHON_TRIED"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db.utils import OperationalError

        from outreach.stopping import stops_everything
    except ImportError:
        again_by_its_own_python()
        sys.exit("Django is not installed in this Python. Run `make run`, or use .venv/bin/python.")
    os.environ.pop(TRIED, None)
    try:
        try:
            execute_from_command_line(sys.argv)
        except ImproperlyConfigured as error:
            if not stops_everything(sys.argv):
                raise
            from django.core.management import get_commands

            stop_with_the_database_alone(error)
            # Without settings it found Django's own commands only, and remembers that.
            get_commands.cache_clear()  # type: ignore[attr-defined]
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if stops_everything(sys.argv):
            sys.stderr.write(f"NOT STOPPED: {error} Or kill the worker processes.\n")
            sys.exit(3)
        sys.exit(f"Configuration error: {error}")
    except OperationalError as error:
        said = str(error).strip().splitlines()[0]
        if stops_everything(sys.argv):
            from outreach.edge.insisting import NOT_STOPPED

            sys.stderr.write(f"{NOT_STOPPED.format(error=said)}\n")
            sys.exit(3)
        sys.stderr.write(
            f"The database does not answer: {said}. Check DATABASE_URL, then try again.\n"
        )
        sys.exit(5)
    except BrokenPipeError:
        # `manage.py … | head` closed our output: nothing is wrong and nothing is half done.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)


def again_by_its_own_python() -> None:
    """Start once more by the Python beside this file, where there is one and it was not that:
    who stops at night types `python3 manage.py`."""
    own = str(Path(__file__).resolve().parent / ".venv" / "bin" / "python")
    if os.environ.get(TRIED) or not os.access(own, os.X_OK):
        return
    os.environ[TRIED] = "1"
    with contextlib.suppress(OSError):
        os.execv(own, [own, *sys.argv])  # noqa: S606 — the words of whoever started this


def stop_with_the_database_alone(error: Exception) -> None:
    """Say what was wrong with the settings, and leave of them what a stop needs."""
    from django.conf import settings

    from outreach.environment import FileUnreadable, only_the_database

    if settings.configured:  # they were read: the fault is another, and would come again
        raise error
    if isinstance(error, FileUnreadable) and not os.environ.get("DATABASE_URL"):
        raise error  # any database but the right one would say "stopped" in vain
    only_the_database()
    sys.stderr.write(
        f"Configuration error: {error}\nStopping all the same, with the database's address alone.\n"
    )


if __name__ == "__main__":
    main()
