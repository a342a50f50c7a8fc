"""Checks an export of the log without Django, a database or a package: python verify_audit.py FILE.

    manage.py audit export > log.jsonl
    python3 verify_audit.py log.jsonl [--head SEQ:HASH] [--checkpoint FILE]

Every line is one entry with its seal: `hash` is over the previous hash and every other column, so a
line that was changed, taken out, put in or moved is named. Lines cut off at the end leave a whole
chain: only a head that was kept elsewhere shows that. Give it with --head, or with --checkpoint the
file that `manage.py audit checkpoint` wrote: each of its lines is a head. With AUDIT_KEY in the
environment their signatures are checked as well; without it the answer says that they were not.

Exit 0: it holds. 1: it does not, and the first bad line is named. 2: it cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

DOMAIN = b"outreach/seal/v1\0"
GENESIS = "0" * 64
SIGNED = b"outreach/checkpoint/v1\0"
SEAL = ("seq", "hash")  # the rest of a line is what was sealed
LONGEST = 10_000_000  # characters of a line; an entry has a few hundred


class Bad(Exception):
    """The chain breaks here; the sentence says where and how."""


def link(previous: str, content: dict[str, Any]) -> str:
    """The hash of one entry. Each part is preceded by its length: none can slide into another."""
    parts = (previous.encode(), canonical(content))
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(DOMAIN + framed).hexdigest()


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key twice: readers differ about which counts."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def canonical(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def sealed_lines(file: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line with its number. Raises ValueError where one, or the whole file, has no seal."""
    found = None
    for number, line in enumerate(iter(lambda: file.readline(LONGEST), ""), 1):
        if len(line) == LONGEST:
            raise ValueError(f"line {number} has {LONGEST:,} characters or more")
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=once)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number} is no plain JSON: {error}") from None
        # By type, for true and 1.0 would count as the number 1.
        if type(found) is not dict or [type(found.get(part)) for part in SEAL] != [int, str]:
            raise ValueError(f"line {number} is no entry of the log: it has no seal, or an odd one")
        yield number, found
    if found is None:
        raise ValueError("there is no entry and no checkpoint in it")


def checkpoints(file: IO[str], key: str) -> Iterator[tuple[int, str]]:
    """The heads in a file of checkpoints. Raises Bad for a signature that is not of this key."""
    for number, point in sealed_lines(file):
        signature = point.pop("signature", None)
        due = hmac.new(key.encode(), SIGNED + canonical(point), hashlib.sha256).hexdigest()
        if key and signature != due:
            raise Bad(f"checkpoint {number} was changed, or signed with another key than AUDIT_KEY")
        yield point["seq"], point["hash"]


def verify(file: IO[str], heads: dict[int, str]) -> tuple[int, str]:
    """How many entries hold, and the last hash. Raises Bad at the first that does not."""
    previous, count, open_heads = GENESIS, 0, dict(heads)
    for number, entry in sealed_lines(file):
        seq, sealed = entry.pop("seq"), entry.pop("hash")
        if seq <= count:
            raise Bad(f"line {number}: entry {seq} is there a second time")
        if seq != count + 1:
            raise Bad(f"line {number}: entry {count + 1} is missing: {seq} stands in its place")
        if set(entry) == {"id"}:
            gone = f"activity {ascii(entry['id'])[:60]}"
            raise Bad(f"line {number}: {gone} was removed: its seal {seq} is there")
        if link(previous, entry) != sealed:
            told = (ascii(entry.get(name))[:60] for name in ("verb", "object_type", "object_id"))
            verb, kind, pk = told  # as ASCII, for whatever stands there goes to a terminal
            what = f"line {number}: entry {seq} ({verb} on {kind} {pk})"
            raise Bad(f"{what} does not match its seal: it or the seal was changed")
        if open_heads.pop(seq, sealed) != sealed:
            raise Bad(f"line {number}: entry {seq} is another than the one kept elsewhere")
        previous, count = sealed, seq
    if open_heads:
        wanted = f"entry {min(open_heads)}, which was kept elsewhere,"
        raise Bad(f"{wanted} is not there: the end was cut off")
    return count, previous


def head(text: str) -> tuple[int, str]:
    seq, _, found = text.partition(":")
    if not seq.isdigit() or len(found) != 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no head: write SEQ:HASH")
    return int(seq), found.lower()


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", help="an export as JSON Lines; - for standard input")
    parser.add_argument("--head", type=head, action="append", default=[], metavar="SEQ:HASH",
                        help="a head kept elsewhere; may be given several times")  # fmt: skip
    parser.add_argument("--checkpoint", metavar="FILE", help="checkpoints kept elsewhere")
    given = parser.parse_args(words)
    heads, key = list(given.head), os.environ.get("AUDIT_KEY", "")
    try:
        if given.checkpoint:
            with open(given.checkpoint, encoding="utf-8") as lines:  # noqa: PTH123 - one import less
                heads += checkpoints(lines, key)
        if len(wanted := dict(heads)) != len(set(heads)):
            raise Bad("two heads kept elsewhere say different things of the same entry")
        file = 0 if given.file == "-" else given.file
        with open(file, encoding="utf-8", closefd=file == given.file) as lines:
            count, last = verify(lines, wanted)
    except Bad as bad:
        print(f"BAD: {bad}.")
        return 1
    except (ValueError, OSError, RecursionError) as error:
        print(f"It cannot be read: {error}.", file=sys.stderr)
        return 2
    print(f"{count} entries hold. The head is {count}:{last}")
    if given.checkpoint and not key:
        print("The signatures of the checkpoints were NOT checked: AUDIT_KEY is not set.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
