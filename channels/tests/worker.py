"""A Celery worker with a beat whose wall clock says what a test says: `worker SECONDS WORDS…`.

The shift stands before the product is imported, so that every clock it passes on is shifted.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from django.utils import timezone

if __name__ == "__main__":
    shift, original = timedelta(seconds=float(sys.argv.pop(1))), timezone.now
    timezone.now = lambda: original() + shift
    from outreach.celery import app

    app.worker_main(["worker", "-B", "-P", "threads", "-c", "2", *sys.argv[1:]])
