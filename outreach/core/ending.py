"""Whether this process was told to end: it finishes the wave it carries and begins nothing new."""

from __future__ import annotations

import threading

ending = threading.Event()
