"""Wording that says what a message is for, whatever its label says.

Follow-ups are counted harder after silence, so calling one something else must not help.
"""

from __future__ import annotations

import re2

_FOLLOW_UP = re2.compile(
    r"(?i)\b(?:"
    r"follow(?:ing|ed)?[ -]?up (?:on|with|about|again|regarding|to|from|my|our|the)"
    r"|just following up"
    r"|(?:circl|check|com|gett)ing back (?:to you|on|about|with)|circling back"
    r"|(?:just |only )?check(?:ing)? in (?:again|with you|on|to see)|just checking in"
    r"|(?:touch(?:ing)? base|reach(?:ing)? out|writ(?:e|ing)|bump(?:ing)?|nudg(?:e|ing))"
    r" (?:again|this)"
    r"|did you (?:see|get|receive|read|have a chance|have time|manage)"
    r"|have you (?:seen|had a chance|had time|received|read|got)"
    r"|(?:gentle|friendly|quick|kind|little) (?:reminder|nudge|bump)"
    r"|(?:my|our) (?:previous|earlier|last|prior|recent) (?:e-?mails?|messages?|notes?|texts?|dms?)"
    r"|haven't heard (?:back|from you)|still waiting (?:for|to hear)"
    r"|any (?:update|thoughts|news) on (?:this|my)"
    r"|to the top of your inbox"
    r")\b"
)


def is_follow_up(text: str) -> bool:
    """Whether the text reads as chasing an earlier message."""
    return bool(text) and bool(_FOLLOW_UP.search(text))
