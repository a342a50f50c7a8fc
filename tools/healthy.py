"""Asks /healthz as a machine would: exit 0 when database, broker and beat are alive, else 1.

The supervisor waits for it, and docker-compose.yml asks it for the health of web and beat.
"""

from __future__ import annotations

import http.client
import json
import os
import sys

WAIT_SECONDS = 5.0


def ask(port: int, host: str, address: str = "127.0.0.1") -> tuple[bool, str]:
    """Whether everything is alive, and the answer in one line. `host` names the site."""
    connection = http.client.HTTPConnection(address, port, timeout=WAIT_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer yet ({type(error).__name__})"
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return True, _words(body)
    return False, f"{answer.status}: {_words(body)}"


def site_name(allowed: list[str]) -> str:
    """A host name that this site answers to."""
    first = allowed[0].lstrip(".") if allowed else ""
    return first if first and "*" not in first else "localhost"


def _words(body: str) -> str:
    try:
        parts = json.loads(body)
    except ValueError:
        return "not the answer of /healthz; see the log"
    return ", ".join(f"{name} {state}" for name, state in parts.items())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    from django.conf import settings

    server = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    healthy, said = ask(settings.PORT, site_name(settings.ALLOWED_HOSTS), server)
    sys.stdout.write(said + "\n")
    sys.exit(not healthy)
