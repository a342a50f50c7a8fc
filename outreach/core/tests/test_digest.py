"""The digest byte for byte, made here a second time from its description alone."""

from __future__ import annotations

import hashlib

import pytest

from outreach.core.digest import canonical, message_digest, sha256

FILE = {"name": "Grüße.pdf", "type": "application/pdf", "size": 9, "sha256": "0" * 64}
WHOLE = (
    '{"address":"a@example.com","attachments":[{"name":"Grüße.pdf","sha256":"%s","size":9,'
    '"type":"application/pdf"}],"channel":"email","html":"<p>ß</p>","subject":"Grüße",'
    '"text":"😀\\n","workspace":7}' % ("0" * 64)
).encode()
BARE = (
    b'{"address":"","attachments":[],"channel":"phone","html":"","subject":"","text":"",'
    b'"workspace":7}'
)


def by_hand(content: bytes) -> str:
    length = len(content).to_bytes(8, "big")
    return "v1:" + hashlib.sha256(b"outreach/message/v1\0" + length + content).hexdigest()


def test_a_message_is_bound_byte_for_byte():
    whole = message_digest(
        workspace_id=7, channel="email", address="a@example.com", subject="Grüße", text="😀\n",
        html="<p>ß</p>", attachments=({**FILE, "head": b"MZ", "missing": True},),
    )  # fmt: skip
    assert whole == by_hand(WHOLE)
    bare = message_digest(workspace_id=7, channel="phone", address="", subject="", text="")
    assert bare == by_hand(BARE)


def test_the_same_value_has_the_same_bytes_and_what_has_none_is_refused():
    assert canonical({"b": [1, None, True], "a": "é\ud800"}) == (
        b'{"a":"\xc3\xa9\xed\xa0\x80","b":[1,null,true]}'
    )
    for strange in (float("nan"), float("inf"), b"x", {1, 2}):
        with pytest.raises((ValueError, TypeError)):
            canonical({"a": strange})


def test_parts_cannot_be_spliced_and_domains_not_be_mixed():
    told = [
        sha256(b"d"), sha256(b"d", b""), sha256(b"d", b"a", b"b"), sha256(b"d", b"ab"),
        sha256(b"d", b"b", b"a"), sha256(b"e", b"a", b"b"),
    ]  # fmt: skip
    assert len(set(told)) == len(told)
    assert told[2] == hashlib.sha256(b"d" + b"\0" * 7 + b"\1a" + b"\0" * 7 + b"\1b").hexdigest()
