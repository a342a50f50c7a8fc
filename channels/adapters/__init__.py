"""The ways out, one module a channel. Only `channels.registry` imports them."""

from __future__ import annotations
