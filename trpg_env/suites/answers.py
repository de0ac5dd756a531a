"""How an answer compares with the right one: HotpotQA's exact match and F1 (Yang et al., 2018, section 5.1)."""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_CHOICES = frozenset({"yes", "no", "noanswer"})


def normalised(answer: str) -> str:
    """An answer without capitals, punctuation, articles and further blanks.

    Example:
        >>> normalised("The  Beatles!")
        'beatles'
    """
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(answer: str, right: str) -> bool:
    """Whether two answers are the same once they are normalised.

    Example:
        >>> exact_match("the Cat", "cat.")
        True
    """
    return normalised(answer) == normalised(right)


def f1(answer: str, right: str) -> float:
    """The harmonic mean of precision and recall in words, from 0 to 1; yes and no count as a whole.

    Example:
        >>> f1("John Smith of Ely", "John Smith")
        0.6666666666666666
    """
    given, wanted = normalised(answer), normalised(right)
    if given != wanted and (given in _CHOICES or wanted in _CHOICES):
        return 0.0
    here, there = given.split(), wanted.split()
    shared = sum((Counter(here) & Counter(there)).values())
    return 2 * shared / (len(here) + len(there)) if shared else 0.0
