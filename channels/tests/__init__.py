"""Tests of the ways out, and the SMTP server that judges what left."""

from __future__ import annotations
