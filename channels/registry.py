"""Which adapter serves a channel: named in settings, imported on first use, nowhere else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from channels.base import Adapter

BY_HAND = ("linkedin", "phone")  # a person does it; no program may ever be named for these
DEFAULT_ADAPTERS = {"email": "channels.adapters.email.EmailAdapter"}

Factory = Callable[[str], Adapter]

_registered: dict[str, Factory] = {}


def adapter_for(channel: str) -> Adapter | None:
    """The program's way out; None where a person hands the message over."""
    if channel in BY_HAND:
        _refuse_by_hand()
        return None
    if channel in _registered:
        return _registered[channel](channel)
    dotted = _named().get(channel)
    if dotted is None:
        raise ImproperlyConfigured(
            f"No adapter serves the channel {channel!r}. Name one in CHANNEL_ADAPTERS; "
            f"now there is {', '.join(program_channels()) or 'none'}."
        )
    return _load(channel, dotted)


def needed(channel: str) -> str:
    """What a program's way out still needs, as a sentence; empty when ready, and where a person
    hands the message over."""
    adapter = adapter_for(channel)
    return adapter.configured() if adapter is not None else ""


def program_channels() -> tuple[str, ...]:
    """The channels a program can send on, in a fixed order."""
    _refuse_by_hand()
    return tuple(sorted({*_named(), *_registered}))


def register(channel: str, factory: Factory) -> None:
    """Serve `channel` by `factory(channel)`, whatever the settings name."""
    if channel in BY_HAND:
        raise ImproperlyConfigured(f"{channel} is by hand only; no adapter may serve it.")
    _registered[channel] = factory


@contextmanager
def override(channel: str, adapter: Adapter) -> Iterator[Adapter]:
    """Serve `channel` by `adapter` for the length of a test."""
    before = _registered.get(channel)
    register(channel, lambda _: adapter)
    try:
        yield adapter
    finally:
        if before is None:
            _registered.pop(channel, None)
        else:
            _registered[channel] = before


def _named() -> dict[str, str]:
    return dict(getattr(settings, "CHANNEL_ADAPTERS", DEFAULT_ADAPTERS))


def _refuse_by_hand() -> None:
    named = [channel for channel in BY_HAND if channel in _named()]
    if named:
        raise ImproperlyConfigured(
            f"CHANNEL_ADAPTERS names {' and '.join(named)}, which is by hand only; remove it."
        )


@functools.cache
def _load(channel: str, dotted: str) -> Adapter:
    try:
        adapter: Adapter = import_string(dotted)(channel)
    except (ImportError, TypeError) as fault:
        raise ImproperlyConfigured(
            f"CHANNEL_ADAPTERS names {dotted!r} for {channel!r}, which cannot be used: {fault}"
        ) from fault
    return adapter
