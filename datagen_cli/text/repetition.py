"""Whether a text has begun to repeat itself for ever, as small models do: then nothing more of use will come."""

from __future__ import annotations

LONGEST = 200
"""Characters of what is repeated, at most."""
TIMES, CHARACTERS = 12, 1_000
"""How often it stands there, and how many characters that takes together: more than a refrain, a row of a table or a
list of zeros has."""


def repeats_at_end(text: str) -> bool:
    """Whether the text ends in at least `TIMES` equal parts of at most `LONGEST` characters, one right after the other,
    that are `CHARACTERS` long together. Some 0.1 ms.

    >>> repeats_at_end("I like it. " * 100), repeats_at_end("ha " * 100), repeats_at_end("I like it. " * 100 + "Bye.")
    (True, False, False)
    """
    for period in range(1, LONGEST + 1):
        length = max(CHARACTERS, TIMES * period)
        if len(text) < length:
            return False
        if text[-1] == text[-1 - period] and text[-length:-period] == text[period - length :]:
            return True
    return False
