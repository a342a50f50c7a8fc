"""`manage.py mcp` in a process of its own, on the database of a test."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "mcp", *sys.argv[1:]])
