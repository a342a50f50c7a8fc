"""Checks an export of the log without Django, a database or a package: python verify_audit.py FILE.

    manage.py audit export > log.jsonl
    python3 verify_audit.py log.jsonl [--head SEQ:HASH]

Every line is one entry with its seal: `hash` is over the previous hash and every other column, so a
line that was changed, taken out, put in or moved is named. Lines cut off at the end leave a whole
chain: only a head that was kept elsewhere shows that (`manage.py audit verify` prints how many
entries there are, and the last hash); give it with --head.

Exit 0: it holds. 1: it does not, and the first bad line is named. 2: it cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

DOMAIN = b"outreach/seal/v1\0"
GENESIS = "0" * 64
SEAL = ("seq", "hash")  # the rest of a line is what was sealed


class Bad(Exception):
    """The chain breaks here; the sentence says where and how."""


class Unreadable(Exception):
    """No export of the log."""


def link(previous: str, content: dict[str, Any]) -> str:
    """The hash of one entry. Each part is preceded by its length: none can slide into another."""
    digest = hashlib.sha256(DOMAIN)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for part in (previous.encode(), text.encode("utf-8", "surrogatepass")):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def entries(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line with its number."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise Unreadable(f"line {number} is no JSON: {error}") from None
        if not isinstance(entry, dict) or not set(SEAL) <= set(entry):
            raise Unreadable(f"line {number} is no entry of the log: it has no seal")
        yield number, entry


def verify(lines: Iterable[str], heads: dict[int, str]) -> tuple[int, str]:
    """How many entries hold, and the last hash. Raises Bad at the first that does not."""
    previous, count = GENESIS, 0
    open_heads = dict(heads)
    for number, entry in entries(lines):
        seq, sealed = entry.pop("seq"), entry.pop("hash")
        if seq != count + 1:
            raise Bad(f"line {number}: entry {seq} stands where entry {count + 1} is due")
        if link(previous, entry) != sealed:
            raise Bad(
                f"line {number}: entry {seq} ({entry.get('verb')} on {entry.get('object_type')} "
                f"{entry.get('object_id')}) does not match its seal: it or the seal was changed"
            )
        kept = open_heads.pop(seq, sealed)
        if kept != sealed:
            raise Bad(f"line {number}: entry {seq} is another than the one kept elsewhere")
        previous, count = sealed, seq
    if open_heads:
        missing = min(open_heads)
        raise Bad(f"entry {missing}, which was kept elsewhere, is not there: the end was cut off")
    return count, previous


def head(text: str) -> tuple[int, str]:
    seq, _, found = text.partition(":")
    if not seq.isdigit() or len(found) != 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no head: write SEQ:HASH")
    return int(seq), found.lower()


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", help="an export as JSON Lines; - for standard input")
    parser.add_argument(
        "--head", type=head, action="append", default=[], metavar="SEQ:HASH",
        help="a head kept elsewhere; may be given several times",
    )  # fmt: skip
    given = parser.parse_args(words)
    try:
        if given.file == "-":
            count, last = verify(sys.stdin, dict(given.head))
        else:
            with open(given.file, encoding="utf-8") as lines:  # noqa: PTH123 - one import less
                count, last = verify(lines, dict(given.head))
    except Bad as bad:
        print(f"BAD: {bad}.")
        return 1
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        print(f"It cannot be read: {error}.", file=sys.stderr)
        return 2
    print(f"{count} entries hold. The head is {count}:{last}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
