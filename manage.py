#!/usr/bin/env python
"""Django's entry. A configuration that cannot be read is one sentence, never a traceback."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db.utils import OperationalError
    except ImportError:
        sys.exit("Django is not installed in this Python. Run `make run`, or use .venv/bin/python.")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration error: {error}")
    except OperationalError as error:
        sys.stderr.write(
            f"The database does not answer: {str(error).strip().splitlines()[0]}. "
            "Check DATABASE_URL, then try again.\n"
        )
        sys.exit(5)
    except BrokenPipeError:
        # `manage.py … | head` closed our output: nothing is wrong and nothing is half done.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
