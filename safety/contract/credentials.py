"""Passwords, keys and tokens in a text: by a form of their own, or behind a word for one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from safety.contract.accounts import Span

# All of these are searched for in one pass, so that a text without any costs next to nothing.
_FORMS = (
    # The mark before a key may be one of italics.
    r"(?:\b|_)(?:sk|pk|rk)_(?:live|test)_[0-9a-z]{10,}|\bsk-[a-z0-9_-]{20,}|\ba[ks]ia[0-9a-z]{16}\b"
    r"|(?:\b|_)gh[pousr]_[0-9a-z]{20,}|(?:\b|_)github_pat_\w{20,}|\bxox[abprs]-[0-9a-z-]{10,}|\baiza[\w-]{30,}"
    r"|\bglpat-[\w-]{15,}|-----begin [a-z ]*private key-----|\beyj[\w-]{8,}\.eyj[\w-]{8,}\.[\w-]+"
    r"|\bsg\.[\w-]{16,}\.[\w-]{16,}|\bwhsec_[0-9a-z]{20,}|\bnpm_[0-9a-z]{30,}|\bhf_[a-z0-9]{30,}"
    r"|\bhooks\.slack\.com/[a-z]+/[\w/-]{10,}|\bdiscord(?:app)?\.com/api/webhooks/\d+/[\w-]{10,}"
    r"|\.webhook\.office\.com/\S{10,}|\baws[ _-]secret[\w ]{0,12}[ =:]{1,3}[a-z0-9/+]{40}"
    r"|\b[a-z][a-z0-9+.-]{1,15}://[^\s:/@]{1,64}:[^\s:/@]{1,64}@"
)
# In English, German, Spanish, French, Portuguese, Italian and Chinese.
_WORD = (
    r"(?:\b(?:\w{1,30}_)?(?:password|passwd|passphrase|passcode|pwd|pin(?:[ -]?code)?|cvv|cvc"
    r"|api[ _-]?key|secret(?:[ _-]access)?(?:[ _-]?key)?|access[ _-]?(?:key|token|code)"
    r"|auth[ _-]?token|client[ _-]?secret|private[ _-]?key"
    r"|passwort|kennwort|zugangscode|zugangsschlussel|contrasena|clave (?:de acceso|secreta)"
    r"|mot de passe|mdp|code (?:d'acces|secret)|senha|palavra[ -]passe|codigo (?:de acesso|secreto)"
    r"|codice (?:di accesso|segreto|pin)|parola d'ordine)(?:_\w{1,20})?"
    "|\u5bc6\u7801|\u5bc6\u78bc|\u53e3\u4ee4|\u5bc6\u94a5)"
)
_IS = (
    r"(?:[\"']?(?: ?=>?| ?:)\s{0,2}|\s(?:is|lautet|ist|es|est|e|era|sera|sara)(?: ?:)?\s"
    "|\\s?[\u662f\u4e3a\u70ba]\\s?)"
)
_CREDENTIAL = re2.compile(
    rf"{_FORMS}|{_WORD}(?:{_IS}[\"']?([^\s\"',;]{{4,64}})|\s-{{1,2}}\s[\"']?([^\s\"',;]{{6,64}}))"
)
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


def credentials(text: str) -> Iterator[Span]:
    """Each of them in a text in small letters; behind a word only what has a digit is one."""
    for found in _CREDENTIAL.finditer(text):
        value, behind_dash = found[1], found[2]
        if value and not _DIGIT.search(value):
            continue
        if behind_dash and not (_DIGIT.search(behind_dash) and _LETTER.search(behind_dash)):
            continue  # a dash as often begins another thought
        yield found.span()
