"""Keys of the vetting page: what each does, and the words for it.

Everything that needs a key takes it from here: the shortcuts of the buttons, the help, the script
in the browser (`keyboard`), and the table in docs/vetting.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from astroseq_core.disposition_codes import CODES, DispositionCode


class Action(StrEnum):
    """What a key does."""

    DECIDE = "decide"
    UNDO = "undo"
    BACK = "back"
    NEXT = "next"
    NOTE = "note"
    BLIND = "blind"
    BOOKMARK = "bookmark"


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes
    ----------
    key : str
        The key, as Streamlit's shortcuts name it.
    action : Action
        What it does.
    label : str
        Words on its button; empty where the button has an icon.
    help : str
        What it does, in words.
    disposition : str
        The disposition that it gives, for `Action.DECIDE`.

    Examples
    --------
    >>> Key("Left", Action.BACK, "", "The star before").symbol
    '←'
    """

    key: str
    action: Action
    label: str
    help: str
    disposition: str = ""

    @property
    def symbol(self) -> str:
        """The key as it is written for people."""
        return {"Left": "←", "Right": "→"}.get(self.key, self.key)

    @property
    def browser_name(self) -> str:
        """The key as browsers name it, in lower case."""
        return {"Left": "arrowleft", "Right": "arrowright"}.get(self.key, self.key.lower())


def _decision(one: DispositionCode) -> Key:
    """Return the key that gives a disposition."""
    words = one.meaning.capitalize()
    code = f" ({one.code})" if one.code.lower() != one.meaning else ""
    explanation = f": {one.explanation}" if one.explanation else ""
    return Key(one.key, Action.DECIDE, words, f"{words}{code}{explanation}", one.code)


KEYS = (
    *(_decision(one) for one in CODES.values() if one.key),
    Key("Z", Action.UNDO, "", "Undo your latest disposition"),
    Key("Left", Action.BACK, "", "The star before"),
    Key("Right", Action.NEXT, "", "The next star"),
    Key("N", Action.NOTE, "", "Write a note; Esc or Ctrl+Enter leaves it"),
    Key("H", Action.BLIND, "", "Hide the score, the probabilities, and what others and catalogs say, or show them"),
    Key("B", Action.BOOKMARK, "", "Bookmark the star"),
)
#: The keys that give a disposition, in the order of the buttons.
DECISIONS = tuple(key for key in KEYS if key.action is Action.DECIDE)


def key_of(action: Action) -> Key:
    """Return the key of an action.

    Parameters
    ----------
    action : Action
        The action; not `DECIDE`, which has several.

    Returns
    -------
    Key
        Its key.
    """
    (found,) = (key for key in KEYS if key.action is action)
    return found


def decision_key(disposition: str) -> Key:
    """Return the key of a disposition.

    Parameters
    ----------
    disposition : str
        The disposition.

    Returns
    -------
    Key
        Its key.
    """
    return next(key for key in DECISIONS if key.disposition == disposition)


def keys_table() -> str:
    """Return the table of the keys, for the help and for docs/vetting.md.

    Returns
    -------
    str
        Markdown.
    """
    rows = (f"| **{key.symbol}** | {key.help} |" for key in KEYS)
    return "\n".join(("| key | what it does |", "|---|---|", *rows))


def decision_button_key(disposition: str, token: str) -> str:
    """Return the element key of the button of a disposition.

    The token is in it, so that a press counts for its own showing of a star, or not at all.

    Parameters
    ----------
    disposition : str
        The disposition.
    token : str
        Token of the showing.

    Returns
    -------
    str
        The key. Streamlit makes the class `st-key-vote-…` of it, by which the script finds the button.
    """
    return f"vote {disposition} {token}"
