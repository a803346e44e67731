"""Whether a message names another client of the agency: by its whole name, its slug, or a word that is its name's alone.

A false alarm costs a sentence ("I have no data of any other client"), a miss costs nothing either, since no tool reads another client's
data; so a single word counts only where it is written as a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ABOUT = "client|account|brand|customer"
MANY = (
    "agency agence beauty business care centre center city client clinic club coffee college company consulting cosmetics creative demo"
    " design digital email energy facebook fashion fitness food foods garden global google group health home hotel house instagram"
    " international kitchen linkedin market marketing media meta online partners people phone products salon school service services shop"
    " simulated software solutions sport sports store studio studios systems team tech tiktok travel water wine women works world"
    " yoga youtube"
)
COMMON = frozenset(MANY.split())
"""Words of many names: alone they name nobody."""
SHORTEST = 4
"""Letters that a word needs to stand for a name."""


def names_another(text: str, others: Iterable[tuple[str, str]], own: str) -> bool:
    """Whether a text names one of the others, each a slug and a name. `own`: what this client goes by, whose words are no other's."""
    mine = set(_words(own))
    return any(_is_named(slug, name, mine, text) for slug, name in others)


def _is_named(slug: str, name: str, mine: set[str], text: str) -> bool:
    telling = [word for word in _words(name) if word not in mine | COMMON and len(word) >= SHORTEST]
    whole = {name, slug, *(" ".join(_words(one)) for one in (name, slug))}
    return (
        any(_there(one, text) for one in whole if re.search(r"[\s_-]", one))
        or any(_beside(one, text) for one in {slug, *telling})
        or any(_as_a_name(word, text) for word in telling)
    )


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", name.replace("_", " ").casefold())


def _there(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def _beside(word: str, text: str) -> bool:
    """`the client zebra`, `zebra's figures`."""
    beside = rf"(?<!\w)(?:{ABOUT})\W+{re.escape(word)}(?!\w)|(?<!\w){re.escape(word)}(?:['’]s?)?\W+(?:{ABOUT}|numbers|figures|data)(?!\w)"
    return re.search(beside, text, re.IGNORECASE) is not None


def _as_a_name(word: str, text: str) -> bool:
    """`Zebra` within a sentence, `zebra's`, `does zebra spend`."""
    for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
        before, after = text[: found.start()], text[found.end() :]
        opens = re.search(r"(?:^|[.!?:\n])[\s\"'“‘(*-]*$", before) is not None
        if found[0][0].isupper() and not opens:
            return True
        if re.match(r"['’]s?\b", after) or re.search(r"\b(?:does|did|do|has|have|is)\s+$", before, re.IGNORECASE):
            return True
    return False
