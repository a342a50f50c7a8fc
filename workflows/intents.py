"""What somebody who wrote to us seems to want, from plain signs in their words. Pure; English.

It only chooses which polite answer is proposed; a person reads both before anything leaves.
"""

from __future__ import annotations

import re

TALK = r"\b(?:call|talk|speak|meet|chat|zoom|meeting)\b"
WHEN = (
    r"\b(?:(?:mon|tues|wednes|thurs|fri)day|tomorrow|(?:at )?\d{1,2}[:.]\d\d|"
    r"(?:at )?\d{1,2} ?(?:am|pm|o'clock))\b"
)
INTENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("decline", r"\b(?:not (?:interested|for us|at the moment|right now|now|a fit)|no,? thank|"
         r"no (?:need|interest|budget)|we(?: are|'re) (?:all )?set|maybe later|pass on this|"
         r"(?:we|i) already have (?:an?|our|one|some\w+)|happy with (?:what we|our current))\b"),
        ("time", rf"{TALK}[^.?!\n]{{0,60}}{WHEN}|{WHEN}[^.?!\n]{{0,30}}\b(?:works|suits|is fine|"
         r"for a call|to talk)\b"),
        ("meeting", r"\b(?:call me|(?:let's|shall we|happy to|glad to|could we|can we|want to) "
         r"(?:have a )?(?:talk|speak|meet|chat|call|jump on)|schedule|calendar|available|"
         r"what time|meeting(?! you)|appointment|reschedule|move our (?:call|talk))\b"),
        ("question", r"\?|\b(?:could you|can you|would you|please send|"
         r"more (?:information|details)|tell me more|how (?:much|does|do)|"
         r"what (?:is|are|does)|price|pricing|cost)\b"),
    )
)  # fmt: skip


def intent_of(text: str) -> str:
    """decline, time, meeting, question, or other."""
    return next((name for name, pattern in INTENTS if pattern.search(text)), "other")
