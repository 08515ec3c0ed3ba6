"""Parameters of the pages' addresses (URLs).

A page declares its parameters as data in its `state.py`: name, type, default and owner. Reading,
writing and clearing them, and the warnings about an address that means nothing, follow from that.
An empty value means the default.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from astroseq_core.app.shared.value_types import Choices, TextList, ValueType
from astroseq_core.errors import plain_text

T = TypeVar("T")
#: Session-state keys: the page that is shown, and its fields that were filled from the address.
_PAGE_KEY, _FILLED_KEY = "page shown", "fields filled"


class Owner(StrEnum):
    """Who keeps a parameter in the address.

    Attributes
    ----------
    FIELD
        Streamlit: a field of that key, bound to the address with `bind="query-params"`.
    UNBOUND_FIELD
        The page, for a field of that key that Streamlit cannot bind: it would write the labels of
        the options into the address instead of their words, or a link from this page to another one
        has a parameter of that name, which Streamlit refuses while a field here is bound to it.
    PAGE
        The page. Its field, if it has one, has another key: one for each form or star, or one that
        a link to another page must not change.
    """

    FIELD = "field"
    UNBOUND_FIELD = "unbound field"
    PAGE = "page"


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A parameter of a page's address.

    Attributes
    ----------
    name : str
        Name in the address.
    kind : ValueType
        Type of its value.
    default : object
        Value if it is missing or means nothing. It is not written.
    owner : Owner
        Who writes it.
    group : str
        Parameters of one group are cleared together.

    Examples
    --------
    >>> from astroseq_core.app.shared.value_types import WholeNumber
    >>> Parameter("seed", WholeNumber(0, 9), 1).warning("x")
    'The address says seed=x, which is not a whole number from 0 to 9; it was ignored.'
    """

    name: str
    kind: ValueType[T]
    default: T
    owner: Owner = Owner.PAGE
    group: str = ""

    def with_default(self, default: T) -> "Parameter[T]":
        """Return the parameter with another default.

        Parameters
        ----------
        default : object
            The default.

        Returns
        -------
        Parameter
            A changed copy.
        """
        return replace(self, default=default)

    def with_kind(self, kind: ValueType[T]) -> "Parameter[T]":
        """Return the parameter with another type, for options that are known only at run time.

        Parameters
        ----------
        kind : ValueType
            The type.

        Returns
        -------
        Parameter
            A changed copy.
        """
        return replace(self, kind=kind)

    @property
    def text(self) -> str:
        """Its text in the address, empty if it is missing. Repeated words are joined by commas."""
        if self.name not in st.query_params:
            return ""
        if isinstance(self.kind, Choices | TextList):
            return ",".join(st.query_params.get_all(self.name))
        return str(st.query_params[self.name])

    @property
    def is_given(self) -> bool:
        """Whether the address has a value of it that means something."""
        text = self.text
        if not text:
            return False
        try:
            self.kind.parse(text)
        except ValueError:
            return False
        return True

    def read(self) -> T:
        """Return its value in the address.

        Returns
        -------
        object
            The default if it is missing or means nothing.
        """
        return self.kind.parse(self.text) if self.is_given else self.default

    def write(self, value: T) -> None:
        """Set its value in the address; the default removes it.

        Parameters
        ----------
        value : object
            The value.
        """
        text = self.kind.format(value)
        if not text or text == self.kind.format(self.default):
            self.remove()
        elif self.text != text:
            st.query_params[self.name] = text

    def remove(self) -> None:
        """Remove it from the address."""
        if self.name in st.query_params:
            del st.query_params[self.name]

    def clear(self) -> None:
        """Set it to its default, in the address and in the field of its key.

        For callbacks, which run before the fields are drawn.
        """
        if self.owner is not Owner.PAGE:
            st.session_state[self.name] = self.default
        if self.owner is not Owner.FIELD:
            self.remove()

    def fill_field(self) -> None:
        """Fill the field of its key from the address, before it is drawn.

        Only when it is drawn for the first time since the page was opened or the field released,
        and after the browser's back and forward buttons.
        """
        if self.takes_address():
            st.session_state[self.name] = self.read()

    def takes_address(self) -> bool:
        """Return whether the field of its key is to be filled from the address now, and count it as filled.

        Returns
        -------
        bool
            False while the field itself says what is in it.
        """
        filled: set[str] = st.session_state.setdefault(_FILLED_KEY, set())
        first = self.name not in filled
        filled.add(self.name)
        return first or is_history_navigation()

    def release_field(self) -> None:
        """Note that the field of its key is not drawn now: it will be filled from the address anew."""
        st.session_state.setdefault(_FILLED_KEY, set()).discard(self.name)

    def warning(self, text: str) -> str:
        """Return a warning about a text that means nothing.

        Parameters
        ----------
        text : str
            The text in the address.

        Returns
        -------
        str
            One sentence; empty if the text means something.
        """
        wrong = self.kind.complaint(text) if text else None
        return f"The address says {self.name}={wrong[0]}, {wrong[1]}; it was ignored." if wrong else ""


def begin_page(title: str) -> None:
    """Note which page is drawn: fields of another page that has the same keys do not count for it.

    Parameters
    ----------
    title : str
        The page.
    """
    if st.session_state.get(_PAGE_KEY) != title:
        st.session_state[_PAGE_KEY] = title
        st.session_state[_FILLED_KEY] = set()


def is_history_navigation() -> bool:
    """Return whether the page is drawn because of the browser's back or forward button.

    Returns
    -------
    bool
        True if the address has changed under the page's fields.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


# A page's parameters have values of many types, so theirs is not said.
AnyParameter = Parameter[Any]


@dataclass(frozen=True)
class PageParameters:
    """All parameters of a page.

    Attributes
    ----------
    parameters : tuple of Parameter
        The parameters, each name once.

    Examples
    --------
    >>> from astroseq_core.app.shared.value_types import WholeNumber
    >>> page = PageParameters((Parameter("seed", WholeNumber(0, 9), 1),))
    >>> page.warnings({"seed": "3", "sed": "3"})
    ('The address names sed, which means nothing here; it was ignored.',)
    """

    parameters: tuple[AnyParameter, ...]

    def __post_init__(self) -> None:
        assert len(set(self.names)) == len(self.names), self.names

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(parameter.name for parameter in self.parameters)

    def group(self, *groups: str) -> tuple[AnyParameter, ...]:
        """Return the parameters of some groups.

        Parameters
        ----------
        *groups : str
            Names of the groups.

        Returns
        -------
        tuple of Parameter
            In the order of the declaration.
        """
        return tuple(parameter for parameter in self.parameters if parameter.group in groups)

    def clear(self, *groups: str) -> None:
        """Set all parameters of some groups to their defaults.

        Parameters
        ----------
        *groups : str
            Names of the groups.
        """
        for parameter in self.group(*groups):
            parameter.clear()

    def using(self, *changed: AnyParameter) -> "PageParameters":
        """Return the declaration with some parameters replaced by others of the same names.

        Parameters
        ----------
        *changed : Parameter
            The replacements.

        Returns
        -------
        PageParameters
            A changed copy.
        """
        by_name = {parameter.name: parameter for parameter in changed}
        return PageParameters(tuple(by_name.get(parameter.name, parameter) for parameter in self.parameters))

    def warnings(self, address: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Return a warning for each value that means nothing, and one for all unknown names.

        Parameters
        ----------
        address : Mapping of str to str, optional
            Texts by name; by default those of the page's own address.

        Returns
        -------
        tuple of str
            One sentence each.
        """
        if address is None:
            address = dict.fromkeys(st.query_params, "") | {parameter.name: parameter.text for parameter in self._given()}
        out = [parameter.warning(address.get(parameter.name, "")) for parameter in self.parameters]
        if unknown := [name for name in address if name not in self.names]:
            out.append(f"The address names {', '.join(unknown)}, which means nothing here; it was ignored.")
        return tuple(plain_text(sentence) for sentence in out if sentence)

    def _given(self) -> Sequence[AnyParameter]:
        return [parameter for parameter in self.parameters if parameter.name in st.query_params]
