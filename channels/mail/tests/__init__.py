"""Tests of reading mail: bytes in, facts out."""
