"""A worker that tells webhooks on the database of a test, and stands still where it is told to.

Arguments: the moment (ISO 8601), and `put_down`, `claimed` or `carried`.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")

if __name__ == "__main__":
    import django

    django.setup()
    from outreach.edge.hooks import carrying, events, outbox

    at, where = datetime.fromisoformat(sys.argv[1]), sys.argv[2]

    def stand_still(*_):
        sys.stdout.write("here\n")
        sys.stdout.flush()
        threading.Event().wait()

    def carrier(url, headers, body):
        if where == "carried":
            carrying.carry(url, headers, body)
        return stand_still()

    if where == "put_down":
        events.put_down(at=at)
        stand_still()
    outbox.run(at=at, carrier=carrier)
