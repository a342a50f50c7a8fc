"""Whether what was found is asked not to be done: "never share your password", "nobody asks".

Narrow on purpose: only few words may stand between the no and the request, and a request that comes
behind it all the same ("... send it to me") takes the no back.
"""

from __future__ import annotations

import re2

BEFORE, BEHIND = 120, 200  # characters looked at
_TO = r"(?:(?:you|anyone|anybody|customers?|clients?|users?|members?|people|staff) )?(?:to )?"
_ASKS = rf"(?:(?:ask|want|need|require|expect|tell|allow|urge|invite) {_TO})"
_WILL = (
    r"(?:(?:will|would|should|may|can|could|must|shall|is allowed to|has to|needs? to|ought to) )"
)
_OURS = r"(?:(?:from|at|in|of|on) (?:\w+ ){1,4}?)"
_NO = re2.compile(
    r"(?:^|[^a-z'])(?:"
    r"(?:never|(?:do|does|did|must|should|would|could|need|are|is) ?(?:n't|nt)|(?:ca|wo|sha)n't"
    r"|cannot|not|not to|no need to|refuse to|without having to|instead of having to"
    rf")(?:,? (?:ever|to|have to|be|please|simply|just))*,? {_ASKS}?"
    rf"|(?:nobody|no one|none|no (?:employee|colleague|bank|staff|member|agent|company)) {_OURS}?"
    rf"{_WILL}?(?:ever )?{_ASKS}?"
    r")$"
)
_YET = re2.compile(
    r"\b(?:send|give|tell|text|share|forward|reply|enter|type|confirm|pass|read|whatsapp|message"
    r"|e-?mail|provide|submit) (?:(?:it|them|that|this|yours) )?(?:back )?"
    r"(?:it|them|yours|me|us|here|below|only|to (?:me|us)|with (?:me|us))\b"
    r"|\b(?:but|except|other than|apart from|unless|only)(?: \w+){0,2}? (?:me|us|here|now|your)\b"
)


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether a no stands right before the stretch, and no yes behind it."""
    before = text[max(0, start - BEFORE) : start]
    plain = f"{' '.join(before.split())} "
    return bool(_NO.search(plain)) and not _YET.search(text[end : end + BEHIND])
