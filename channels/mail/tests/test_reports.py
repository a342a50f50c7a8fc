"""Delivery reports (RFC 3464) and complaints (RFC 5965)."""

from __future__ import annotations

import pytest

from channels.mail.reading import read

OURS = "<6e9b9a1e-0000-4000-8000-000000000000.7@example.org>"


def dsn(status: str, *, action: str = "failed", said: str = "smtp; 550 no", original: str = OURS):
    return (
        "From: Mail Delivery <MAILER-DAEMON@mx.example.net>\r\nTo: outreach@example.org\r\n"
        "Subject: Undelivered\r\nMessage-ID: <dsn1@mx.example.net>\r\nReturn-Path: <>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net"
        f"\r\n\r\nFinal-Recipient: rfc822; Ann@Example.com\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: {said}\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {original}\r\nSubject: Hi\r\n\r\n"
        "Hi\r\n--b--\r\n"
    ).encode()


def arf(*, original: str = OURS, kind: str = "abuse", recipient: str = "ann@example.com") -> bytes:
    return (
        "From: Feedback <fbl@mx.example.net>\r\nTo: outreach@example.org\r\nSubject: FW: Hi\r\n"
        "Message-ID: <arf1@mx.example.net>\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\n"
        f"User-Agent: X/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <{recipient}>\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("status", "said", "permanent"),
    [
        ("5.1.1", "smtp; 550 5.1.1 no such user", True),
        ("5.1.10", "smtp; 550", True),
        ("5.0.0", "smtp; 550 5.1.1 unknown", True),
        ("5.0.0", "smtp; 550 unknown", True),
        ("5.2.1", "smtp; 550 disabled", True),
        ("5.4.4", "smtp; host not found", True),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("5.0.0", "smtp; 552 5.2.2 mailbox full", False),
        ("5.7.1", "smtp; 550 5.7.1 blocked", False),
        ("4.4.7", "smtp; expired", False),
        ("", "", False),
    ],
)
def test_only_what_says_that_the_mailbox_is_gone_is_permanent(status, said, permanent):
    report = read(dsn(status, said=said)).report
    [failure] = report.failures
    assert (report.kind, report.original) == ("bounce", OURS)
    assert (failure.recipient, failure.permanent) == ("ann@example.com", permanent)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_what_did_not_fail_is_no_bounce(action):
    report = read(dsn("4.4.1", action=action)).report
    assert (report.kind, report.failures) == ("delay", ())


def test_a_complaint_names_message_and_recipient():
    report = read(arf()).report
    assert (report.kind, report.original) == ("complaint", OURS)
    assert report.complainant == "ann@example.com"


def test_not_spam_is_no_complaint():
    assert read(arf(kind="not-spam")).report.kind == "receipt"


def test_a_report_in_prose_names_its_recipient_in_a_header():
    raw = (
        b"From: Mailer-Daemon@mx.example.net\r\nX-Failed-Recipients: ann@example.com\r\n"
        b"Subject: failed\r\n\r\nunrouteable address"
    )
    [failure] = read(raw).report.failures
    assert (failure.recipient, failure.permanent) == ("ann@example.com", False)


def test_anybody_may_write_that_header_without_being_believed():
    raw = b"From: eve@example.net\r\nX-Failed-Recipients: ann@example.com\r\n\r\nhi"
    assert read(raw).report is None


@pytest.mark.parametrize("report", [dsn("5.1.1"), arf()], ids=["bounce", "complaint"])
def test_a_report_that_somebody_attaches_is_their_letter(report):
    """It was taken for the report alone, and what they wrote above it was read by nobody."""
    head = (
        "From: Ann <ann@example.com>\r\nMessage-ID: <m1@example.com>\r\n"
        'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n'
    )
    attached = b"--q\r\nContent-Type: message/rfc822\r\n\r\n" + report + b"\r\n--q--\r\n"
    words = b"Content-Type: text/plain\r\n\r\nSee below, and stop writing to us.\r\n"
    letter = read(head.encode() + words + attached)
    assert letter.report is None
    assert letter.text.startswith("See below, and stop writing to us.")
    passed_on = read(head.encode() + b"\r\n" + attached)
    assert passed_on.report is not None, "a gateway adds no words"
