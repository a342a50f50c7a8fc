"""Commands of the gate: what would be said about a message, without sending it."""

from __future__ import annotations
