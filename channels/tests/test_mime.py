"""What is approved arrives decoded exactly, or is refused with a sentence: never changed."""

from __future__ import annotations

import email
import email.header
import email.utils
import re
from email import policy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.adapters.mime import RESERVED, compose
from channels.base import Outcome
from channels.smtp import SmtpConnection
from channels.tests.contract import make_envelope
from channels.tests.sink import SmtpSink
from channels.wire import Unsendable, data_block


@pytest.fixture(scope="module")
def over_the_wire():
    """Carry an envelope over real SMTP; the bytes the other side took, or None if refused."""
    with SmtpSink() as sink:
        connection = SmtpConnection(sink.host, sink.port, timeout=5, compose=compose)

        def carry(envelope):
            before = len(sink.arrivals)
            receipt = connection.carry(envelope)
            if receipt.outcome is Outcome.REFUSED:
                assert len(sink.arrivals) == before
                assert receipt.reply.endswith(".")
                return None
            assert receipt.outcome is Outcome.SENT
            (arrival,) = sink.arrivals[before:]
            return arrival.data

        yield carry
        connection.close()


def with_crlf(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


def text_in(data: bytes, subtype: str = "plain") -> str:
    for part in email.message_from_bytes(data).walk():
        if part.get_content_type() == f"text/{subtype}":
            return part.get_payload(decode=True).decode()
    raise AssertionError(f"no text/{subtype}")


def header(data: bytes, name: str) -> str:
    """The value as RFC 5322 unfolds and RFC 2047 decodes it."""
    value = email.message_from_bytes(data)[name].replace("\r\n", "")
    parts = email.header.decode_header(value)
    return "".join(p if isinstance(p, str) else p.decode(c or "ascii") for p, c in parts)


def head_of(data: bytes) -> list[bytes]:
    return data.partition(b"\r\n\r\n")[0].split(b"\r\n")


# -- texts -------------------------------------------------------------------------------------

TEXTS = {
    "plain": "Dear Ana,\n\nyes.\n",
    "no final newline": "Dear Ana",
    "empty": "",
    "only newlines": "\n\n\n",
    "emoji": "🙂👩‍👩‍👧‍👦🏳️‍🌈\n",
    "right to left": "שלום עולם\nمرحبا\n\u202eevil\u202c",
    "very long line": "word " * 2_000,
    "very long word": "x" * 5_000 + "\n",
    "very long line of emoji": "🙂" * 1_000,
    "leading dots": ".\n..\n...\n.hidden\n\n.\n",
    "a dot alone": ".",
    "trailing blanks": "a \nb\t\n  \nc   ",
    "from": "From here\n\nFrom there\n>From\nüFrom\nFrom ü",
    "equals signs": "a=b =3D =_ =\n=",
    "line ends": "a\r\nb\nc\rd\r\r\n\n\re",
    "odd separators": "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\x7f",
    "a boundary": "--=_a\n--=_m--\n",
    "headers": "Bcc: x@y\nSubject: z\n\n{{ a }} {% b %}",
    "998": "y" * 998 + "\n" + "z" * 999 + "\n",
    "byte order mark": "\ufeffa\n",
}


@pytest.mark.parametrize("html", ["", "<p>The same</p>"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_arrives_byte_for_byte(over_the_wire, text, html):
    data = over_the_wire(make_envelope(text=text, html=html))
    assert text_in(data) == with_crlf(text)
    assert not html or text_in(data, "html") == html
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()
    assert not email.message_from_bytes(data, policy=policy.default).defects


@given(text=st.text(), html=st.sampled_from(["", "<p>x</p>"]))
@settings(max_examples=300, deadline=None)
@example(text="\ud800", html="")
@example(text="\0", html="")
def test_any_text_arrives_exactly_or_is_refused(over_the_wire, text, html):
    data = over_the_wire(make_envelope(text=text, html=html))
    if data is None:
        assert "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)
    else:
        assert text_in(data) == with_crlf(text)


@given(html=st.text(), name=st.text(min_size=1, max_size=40), content=st.binary())
@settings(max_examples=150, deadline=None)
def test_any_html_and_attachment_arrives_exactly_or_is_refused(over_the_wire, html, name, content):
    files = ((name, "application/octet-stream", content),)
    data = over_the_wire(make_envelope(html=html, attachments=files))
    if data is None:
        odd = re.search("[\0\ud800-\udfff]", html) or re.search("[\0-\x1f\x7f-\x9f]", name)
        assert odd or name != name.strip() or len(name.encode("utf-8", "replace")) > 255
        return
    message = email.message_from_bytes(data, policy=policy.default)
    (attachment,) = message.iter_attachments()
    assert attachment.get_payload(decode=True) == content
    assert email.message_from_bytes(attachment.as_bytes()).get_filename() == name
    assert not html or text_in(data, "html") == with_crlf(html)


def test_plain_ascii_stays_readable_on_the_wire():
    assert b"Content-Transfer-Encoding: 7bit" in compose(make_envelope()).data
    mostly = compose(make_envelope(text="Zoë asks about the long plan of ours.\n" * 5)).data
    assert b"quoted-printable" in mostly
    assert b"base64" in compose(make_envelope(text="שלום עולם\n" * 9)).data


# -- subjects, names, headers ------------------------------------------------------------------


@given(subject=st.text(max_size=200))
@settings(max_examples=400, deadline=None)
@example(subject="=?utf-8?q?decoded=3F?=")
@example(subject=" leading and trailing ")
@example(subject="two  blanks " * 12)
@example(subject="a long ASCII subject " * 60)
@example(subject="x" * 2_000)
@example(subject="\x0b\x1c\x85\u2028")
def test_any_subject_arrives_exactly_or_is_refused(over_the_wire, subject):
    data = over_the_wire(make_envelope(subject=subject))
    if data is None:
        assert re.search("[\r\n\0\ud800-\udfff]", subject)
        return
    assert header(data, "Subject") == subject
    assert max(map(len, head_of(data))) <= 998
    names = [line.partition(b":")[0] for line in head_of(data) if line[:1] not in b" \t"]
    assert len(names) == len(set(names)) == 8


@given(name=st.text(max_size=120))
@settings(max_examples=300, deadline=None)
@example(name='Bob "the, pen" \\ Writer')
@example(name='"Bob, \\\\"the\\\\" Writer"')
@example(name="x" * 1_200)
@example(name="evil@example.com, Bob")
@example(name="Bob <evil@example.com>")
def test_any_name_of_the_sender_arrives_and_stays_one_address(over_the_wire, name):
    data = over_the_wire(make_envelope(sender=f"{name} <bob@example.org>"))
    if data is None:
        assert re.search("[\r\n\0\ud800-\udfff]", name)
        return
    shown, address = sender_in(data)
    assert address == "bob@example.org"
    assert name.strip()[:1] == '"' or shown == name.strip()


def sender_in(data: bytes) -> tuple[str, str]:
    """The only mailbox of From, its name decoded."""
    value = email.message_from_bytes(data)["From"].replace("\r\n", "")
    ((shown, address),) = email.utils.getaddresses([value])
    return str(email.header.make_header(email.header.decode_header(shown))), address


def test_a_name_as_formataddr_writes_it_is_not_encoded_twice(over_the_wire):
    sender = email.utils.formataddr(("Zoë Ünal, Köln " * 5, "z@example.org"), charset="utf-8")
    data = over_the_wire(make_envelope(sender=sender))
    assert sender_in(data) == (("Zoë Ünal, Köln " * 5).strip(), "z@example.org")


INJECTIONS = ["a\r\nBcc: evil@x", "a\nb", "a\rb", "a\0b", "\ud800"]


@pytest.mark.parametrize("bad", INJECTIONS)
@pytest.mark.parametrize(
    "field", ["subject", "recipient", "sender", "reply_to", "message_id", "header", "name", "file"]
)
def test_line_breaks_are_refused_wherever_a_header_is_made(over_the_wire, field, bad):
    changes = {
        "recipient": {"recipient": f"ana{bad}@example.com"},
        "sender": {"sender": f"{bad} <bob@example.org>"},
        "reply_to": {"reply_to": f"bob@example.org{bad}"},
        "header": {"headers": (("X-One", bad),)},
        "name": {"headers": ((f"X-{bad}", "1"),)},
        "file": {"attachments": ((bad, "text/plain", b""),)},
    }.get(field, {field: bad})
    assert over_the_wire(make_envelope(**changes)) is None


@pytest.mark.parametrize("name", [*sorted(RESERVED), "Resent-To", "Content-Language", "BCC", "X-1"])
def test_a_header_that_is_ours_or_comes_twice_is_refused(name):
    with pytest.raises(Unsendable, match="set here, once"):
        compose(make_envelope(headers=(("x-1", "1"), (name, "x@y"))))


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "x" * 80])
def test_what_is_no_header_name_is_refused(name):
    with pytest.raises(Unsendable, match="not a header name"):
        compose(make_envelope(headers=((name, "1"),)))


def test_a_long_list_of_references_is_folded_and_unfolds_the_same(over_the_wire):
    references = " ".join(f"<{n}@very-long-domain.example.org>" for n in range(60))
    data = over_the_wire(make_envelope(headers=(("References", references),)))
    assert header(data, "References") == references
    assert max(map(len, head_of(data))) < 80


@pytest.mark.parametrize("bad", ["no brackets", "<a b@c>", "<é@x>", "<nothing>", "<a@b> <c@d>"])
def test_a_message_id_is_kept_or_refused(bad):
    with pytest.raises(Unsendable, match="Message-ID"):
        compose(make_envelope(message_id=bad))


def test_without_a_message_id_a_delivery_always_gets_the_same():
    first, again = (compose(make_envelope(message_id="", token="t1")).data for _ in range(2))
    other = compose(make_envelope(message_id="", token="t2")).data
    ids = [header(data, "Message-ID") for data in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.org>")


# -- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_address", "sent_to"),
    [
        ("ana@example.com", "ana@example.com"),
        ("a.n+a@sub.example.com", "a.n+a@sub.example.com"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),
        ("ana@EXÄMPLE.com", "ana@xn--exmple-cua.com"),
        ("почта@пример.рф", "почта@xn--e1afmkfd.xn--p1ai"),
        ("ana@localhost", "ana@localhost"),
    ],
)
def test_addresses_go_out_with_ascii_domains(given_address, sent_to):
    mail = compose(make_envelope(recipient=given_address))
    assert (mail.recipient, mail.utf8) == (sent_to, not sent_to.isascii())


@pytest.mark.parametrize(
    "bad",
    [
        *("", "ana", "@x.de", "ana@", "a b@x.de", "ana@x.de,eve@x.de", "ana@x.de eve@x.de"),
        *("a;b@x.de", "<ana@x.de>", "Ana <ana@x.de>", "a<b@x.de", "group:ana@x.de;", '"a"@x.de'),
        *("ana@x..de", "ana@-x.de", "ana@x.de.", "ana@[1.2.3.4]", "ana@x.de>\t", "ana@x y.de"),
        *("ana@\u2028x.de", "ana@xn--.\u0300.de", "a" * 65 + "@x.de", f"ana@{'x' * 64}.de"),
        "ana@" + "x." * 130 + "de",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(over_the_wire, bad):
    assert over_the_wire(make_envelope(recipient=bad)) is None


@pytest.mark.parametrize("bad", ["Bob", "Bob <bob>", "<bob@x.de", "Bob bob@x.de", "a@x.de, b@x.de"])
def test_a_sender_that_is_no_address_is_refused(over_the_wire, bad):
    assert over_the_wire(make_envelope(sender=bad)) is None
    assert over_the_wire(make_envelope(reply_to=bad)) is None


# -- attachments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        *(("", "text/plain"), ("x" * 256, "text/plain"), ("a\x07", "text/plain"), ("a", "")),
        *(("a", "text"), ("a", "a/b; c=d"), ("a", "message/rfc822"), ("a", "multipart/mixed")),
        *((" a", "text/plain"), ("a", "text/pl\r\nain")),
    ],
)
def test_an_attachment_that_cannot_be_declared_is_refused(over_the_wire, name, media_type):
    assert over_the_wire(make_envelope(attachments=((name, media_type, b"x"),))) is None


def test_the_composed_bytes_need_no_repair_on_the_wire():
    for text in TEXTS.values():
        data = compose(make_envelope(text=text, html=text)).data
        assert data_block(data).replace(b"\r\n..", b"\r\n.") == data + b".\r\n"
