"""Tests of the pure contract: tables, properties and the seed's own logs."""

from __future__ import annotations
