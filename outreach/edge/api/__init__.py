"""The REST face. Each view parses, calls one service and shows the result; it decides nothing."""

from __future__ import annotations
