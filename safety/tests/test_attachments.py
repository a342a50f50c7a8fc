"""Files by what they are: programs refused, disguises seen through, pictures left to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.attachments import LIMITS, MB, check_attachments, kind_of
from safety.gate import Moment
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Level

SHA = "a" * 64
PDF, PNG, JPG, EXE = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0", b"MZ\x90\x00"
ZIP, MP4 = b"PK\x03\x04....", b"\x00\x00\x00\x18ftypmp42"


def file(name, head=None, type="", size=1000, **fields):
    item = {"name": name, "type": type, "size": size, "sha256": SHA, **fields}
    return item if head is None else {**item, "head": head}


CASES = [
    (file("offer.pdf", PDF, "application/pdf"), Level.ALLOW, "attachment"),
    (file("notes.txt", b"Minutes of Monday"), Level.ALLOW, "attachment"),
    (file("table.xlsx", ZIP), Level.ALLOW, "attachment"),
    (file("BMW prices.txt", b"BMW prices of this month"), Level.ALLOW, "attachment"),
    (file("offer.pdf"), Level.REVIEW, "attachment_unseen"),
    (file("offer.xyz", b"abc"), Level.REVIEW, "attachment_unknown"),
    (file("offer"), Level.REVIEW, "attachment_unknown"),
    (file("offer.pdf", b"\x01\x00\x02"), Level.REVIEW, "attachment_unknown"),
    (file("all.zip", ZIP), Level.REVIEW, "attachment_packed"),
    (file("team.png", PNG, "image/png"), Level.REVIEW, "attachment_media"),
    (file("team.JPG", JPG), Level.REVIEW, "attachment_media"),
    (file("team.png"), Level.REVIEW, "attachment_media"),
    (file("film.mp4", MP4, "video/mp4"), Level.REVIEW, "attachment_media"),
    (file("scan", PNG), Level.REVIEW, "attachment_media"),
    (file("x", None, "image/png"), Level.REVIEW, "attachment_media"),
    (file("setup.exe"), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf.exe", PDF), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf.EXE. "), Level.BLOCK, "attachment_program"),
    (file("invoice.pdf", EXE), Level.BLOCK, "attachment_program"),
    (file("run", b"#!/bin/sh\n"), Level.BLOCK, "attachment_program"),
    (file("macro.docm", ZIP), Level.BLOCK, "attachment_program"),
    (file("page.html", b"<html>"), Level.BLOCK, "attachment_program"),
    (file("drawing.svg", b"<svg>"), Level.BLOCK, "attachment_program"),
    (file("offer.pdf", PNG), Level.BLOCK, "attachment_disguised"),
    (file("team.png", PDF), Level.BLOCK, "attachment_disguised"),
    (file("strange", PDF, "image/png"), Level.BLOCK, "attachment_disguised"),
    (file("a\u202efdp.exe"), Level.BLOCK, "attachment_malformed"),
    (file("../etc/passwd"), Level.BLOCK, "attachment_malformed"),
    (file("a\x00b.pdf"), Level.BLOCK, "attachment_malformed"),
    (file(" "), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=0), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=True), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size="12"), Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, sha256="zz"), Level.BLOCK, "attachment_malformed"),
    ({}, Level.BLOCK, "attachment_malformed"),
    (file("a.pdf", PDF, size=10 * MB + 1), Level.BLOCK, "attachment_size"),
]


@pytest.mark.parametrize(("item", "level", "code"), CASES)
def test_one_file(item, level, code):
    verdict = check_attachments([item])
    assert verdict.level is level
    assert code in {finding.code for finding in verdict.findings}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x00\x00\x00\x00WEBP", "image"),
        (b"RIFF\x00\x00\x00\x00AVI ", "video"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio"),
        (b"RIFF\x00\x00\x00\x00XXXX", ""),
        (b"\x00\x00\x00\x18ftypheic", "image"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio"),
        (b"BM\x00\x00\x00\x00\x00\x00\x00\x00", "image"),
        (b"\xff\xfb\x90\x00", "audio"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office"),
        (b"\xca\xfe\xba\xbe", "program"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "program"),
        (b"Hello", "text"),
        (b"\x01\x02\x00", ""),
    ],
)
def test_what_content_begins_so(head, kind):
    assert kind_of(head) == kind


@pytest.mark.parametrize("channel", [*LIMITS, "fax"])
def test_number_and_size_by_channel(channel):
    limit = LIMITS.get(channel)
    most = limit.most if limit else 0
    small = file("a.pdf", PDF)
    codes = {f.code for f in check_attachments([small] * (most + 1), channel=channel).blockers}
    assert codes & ({"attachment_count"} if most else {"attachment_channel"})
    if most:
        assert check_attachments([small] * most, channel=channel).level is Level.ALLOW
        share = file("a.pdf", PDF, size=limit.all // most + 1)
        big = check_attachments([share] * most, channel=channel)
        assert "attachment_size" in {f.code for f in big.blockers}


def test_no_file_says_nothing():
    assert check_attachments([]).findings == ()


ITEMS = st.sampled_from([item for item, _, _ in CASES])


@given(st.lists(ITEMS, max_size=4), ITEMS, st.sampled_from(sorted(LIMITS)))
def test_one_more_file_never_loosens(items, more, channel):
    before = check_attachments(items, channel=channel)
    assert check_attachments([*items, more], channel=channel).level >= before.level


def test_files_whose_bytes_are_not_stored_refuse_the_message_at_every_moment():
    facts = replace(GOOD, attachments=({**file("offer.pdf", PDF), "missing": True},))
    for moment in Moment:
        verdict = gate.judge_message(facts, moment, NOON)
        assert "attachment_missing" in {f.code for f in verdict.blockers}


@pytest.mark.parametrize("channel", ["whatsapp", "instagram", "linkedin", "phone"])
def test_a_channel_that_cannot_carry_files_says_so_before_anybody_approves(channel):
    facts = replace(GOOD, channel=channel, attachments=(file("offer.pdf", PDF),))
    verdict = gate.check_files(facts, Moment.SUBMISSION, NOON)
    assert "attachments_not_carried" in {f.code for f in verdict.blockers}
    assert "Send a link" in " ".join(f.message for f in verdict.blockers)
