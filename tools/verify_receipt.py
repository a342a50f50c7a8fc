"""Checks an approval receipt without Django, a database or a package: verify_receipt.py FILE.

    manage.py review --receipt 12 > receipt.json     (or "Download" on the approval's page)
    python3 verify_receipt.py receipt.json [--log log.jsonl]

The file holds a receipt and the letter it is about. The letter's digest is computed anew over
workspace, channel, address, subject, bodies and attachments and held against the receipt; the
receipt's seal is computed anew over that digest, the policy version, the check results, who
approved and when. Anybody can compute a seal, so a receipt and a letter forged together hold by
themselves: --log holds the seal against an export of the log (`manage.py audit export`), whose
chain verify_audit.py checks.

Exit 0: it holds. 1: it does not, and what was changed is named. 2: it cannot be read or checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from typing import Any

LETTER, RECEIPT = b"outreach/message/v1\0", b"outreach/receipt/v1\0"
FIELDS = ("workspace", "channel", "address", "subject", "text", "html", "attachments")
APPROVED = ("approvals.approved", "approvals.auto_approved")


class Bad(Exception):
    """It does not hold; the sentence says what was changed."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key twice: readers differ about which counts."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def digest(domain: bytes, value: dict[str, Any]) -> str:
    """SHA-256 over JSON with sorted keys and no spaces, its length before it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    part = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(domain + len(part).to_bytes(8, "big") + part).hexdigest()


def verify(given: dict[str, Any]) -> dict[str, Any]:
    """The receipt without its seal, when it holds and is about this letter. Raises Bad."""
    receipt, letter = dict(given["receipt"]), given["letter"]
    which, sealed = f"approval {receipt['approval']}", receipt.pop("seal")
    if digest(RECEIPT, receipt) != sealed:
        raise Bad(f"the receipt of {which} was changed: it does not match its seal")
    if letter is None:
        raise ValueError(f"the receipt of {which} is whole, but its letter was erased")
    found = "v1:" + digest(LETTER, {name: letter[name] for name in FIELDS})
    if found != receipt["message"] or set(letter) != set(FIELDS):
        raise Bad(f"the letter is not the one of {which}: it is {found}, not {receipt['message']}")
    if receipt["workspace"] != letter["workspace"]:
        raise Bad(f"{which} belongs to another workspace than the letter")
    return receipt


def in_log(path: str, approval: int, seal: str) -> None:
    """Raises Bad unless the log tells of this approval with this seal."""
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123 - one import less
        for line in lines:
            entry = json.loads(line, object_pairs_hook=once) if line.strip() else {}
            if entry.get("verb") in APPROVED and entry.get("object_id") == str(approval):
                if entry["codes"].get("receipt") == seal:
                    return
                raise Bad(f"the log tells of approval {approval} with another receipt")
    raise Bad(f"the log does not tell that approval {approval} was given")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", help="the downloaded receipt; - for standard input")
    parser.add_argument("--log", help="an export of the log that must tell of it")
    asked = parser.parse_args(words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        file = sys.stdin if asked.file == "-" else open(asked.file, encoding="utf-8")  # noqa: SIM115, PTH123
        given = json.load(file, object_pairs_hook=once)
        receipt = verify(given)
        if asked.log:
            in_log(asked.log, receipt["approval"], given["receipt"]["seal"])
        told = sentence(receipt)
    except Bad as bad:
        print(plain(f"BAD: {bad}."))
        return 1
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        print(plain(f"It cannot be checked: {error!s}."), file=sys.stderr)
        return 2
    print(told)
    return 0


def sentence(receipt: dict[str, Any]) -> str:
    """What holds, in three lines."""
    checks = ", ".join(f"{item['code']} {item['status']}" for item in receipt["checks"])
    lines = (
        f"Approval {receipt['approval']} holds for exactly this letter ({receipt['message']}),",
        f"given {receipt['approved_at']} by user {receipt['approved_by']}",
        f"under {receipt['policy']}; checks: {checks or 'none'}.",
    )
    return "\n".join(map(plain, lines))


def plain(text: str) -> str:
    """On one line, without what steers a terminal: a forger may have written it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
