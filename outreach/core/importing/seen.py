"""On which line of a file a key was first seen, in twelve bytes a key.

A dict would take ten times as much, and a million rows have millions of keys. Keys are kept as
64-bit hashes: two different ones of a million meet with a chance of one in ten million.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable

FIRST_SIZE = 1 << 12


class Seen:
    """Open addressing over two arrays, at most two thirds full."""

    def __init__(self) -> None:
        self._allot(FIRST_SIZE)
        self._count = 0

    def first_line(self, key: Hashable, line: int) -> int:
        """The line this key was first seen on: `line` itself when it is new."""
        if self._count * 3 >= len(self._hashes) * 2:
            self._grow()
        # Zero marks a free slot, and arrays hold no negative number.
        value = hash(key) & 0xFFFF_FFFF_FFFF_FFFF or 1
        slot = self._slot(value)
        if self._hashes[slot] == value:
            return self._lines[slot]
        self._hashes[slot] = value
        self._lines[slot] = line
        self._count += 1
        return line

    def find(self, key: Hashable) -> int:
        """The line of a key, or 0; nothing is noted."""
        value = hash(key) & 0xFFFF_FFFF_FFFF_FFFF or 1
        slot = self._slot(value)
        return self._lines[slot] if self._hashes[slot] == value else 0

    def _slot(self, value: int) -> int:
        hashes, mask = self._hashes, len(self._hashes) - 1
        slot = value & mask
        while hashes[slot] and hashes[slot] != value:
            slot = (slot + 1) & mask
        return slot

    def _allot(self, size: int) -> None:
        self._hashes = array("Q", bytes(8 * size))
        self._lines = array("I", bytes(4 * size))

    def _grow(self) -> None:
        hashes, lines = self._hashes, self._lines
        self._allot(2 * len(hashes))
        for index, value in enumerate(hashes):
            if value:
                slot = self._slot(value)
                self._hashes[slot] = value
                self._lines[slot] = lines[index]
