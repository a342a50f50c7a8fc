"""What stops something is tried for a while; where the database never takes it, that is said."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from outreach.core.patience import impatient

logger = logging.getLogger(__name__)
Done = TypeVar("Done")
TRIES = 3  # on SQLite each waits 20 seconds for the lock by itself
PAUSE_SECONDS = 1.0
NOT_STOPPED = (
    "NOT STOPPED: the database did not take it ({error}). Try again at once; if it says so again, "
    "kill the worker processes, or set EMERGENCY_STOP=True in the environment and restart them."
)
NOT_SEEN = (
    "NOT YET STOPPED: it is set, but the database did not say what is still in flight ({error}). "
    "Run this again; if it says so again, kill the worker processes."
)
NOT_KNOWN = (
    "The database did not take it ({error}), or its answer was lost. Look with --status, and try "
    "again."
)
EXIT = 3


class NotStopped(CommandError):
    """The database never took it; the sentence says what to do. A command exits with 3.

    `plainly` is for the web: a database's own words may name its machine.
    """

    plainly = NOT_STOPPED.format(error="it is locked or away")

    def __init__(self, error: DatabaseError) -> None:
        super().__init__(NOT_STOPPED.format(error=error), returncode=EXIT)


def insist(stops: Callable[[], Done]) -> Done:
    """Do what stops something, again where the database is locked or away; else raise NotStopped.

    It must be safe to do twice: the answer to a commit may have been lost. For every face.
    """
    for turn in range(1, TRIES + 1):
        try:
            with impatient():
                return stops()
        except DatabaseError as error:
            logger.warning("Try %d to set a stop failed: %s", turn, error)
            fault = error
        if turn < TRIES:
            connection.close()
            time.sleep(PAUSE_SECONDS)
    raise NotStopped(fault)


def seen(looks: Callable[[], Done]) -> Done:
    """Do what waits for a stop that is set; exit 3 with words where the database fails."""
    try:
        return looks()
    except DatabaseError as error:
        raise CommandError(NOT_SEEN.format(error=error), returncode=EXIT) from None
