"""Texts with one planted fault, another digit, sign, word or bold, which a checker must notice."""

import re

from written import MINUS

FIRST_DIGIT, LAST_DIGIT = r"[1-9]|\d(?!.*\d)", r"\d(?!.*\d)"


def turned(text: str, at: int) -> str:
    """The text with a digit changed by two, which is more than rounding."""
    return text[:at] + str(int(text[at]) + (2 if text[at] < "8" else -2)) + text[at + 1:]


def altered(text: str, words: dict[str, str], digits: tuple[str, ...] = (FIRST_DIGIT, LAST_DIGIT)) -> list[str]:
    """The texts with another word, digit or sign, in every way."""
    if text in words:
        return [words[text]]
    out = [turned(text, found.start()) for pattern in digits if (found := re.search(pattern, text))]
    if text.startswith(("+", MINUS)):
        out.append((MINUS if text[0] == "+" else "+") + text[1:])
    return list(dict.fromkeys(out))


def other_bold(text: str, start: int, end: int) -> str:
    """The text with bold added to a part, or removed from it."""
    if text[start - 2:start] == "**":
        return text[:start - 2] + text[start:end] + text[end + 2:]
    return f"{text[:start]}**{text[start:end]}**{text[end:]}"
