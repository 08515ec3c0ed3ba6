"""The door for JSON that is read back: text of a bounded size and depth becomes plain values, and values become a type's.

A schema is a plain dataclass, or any type that annotations are written with. What does not fit raises ValueError with a reason
in a few words, or, from `read_object`, one sentence that names the file and says what to do.
"""

import contextlib
import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from astroseq_core.errors import AstroSeqError, SettingsError
from astroseq_core.paths import read_file

T = TypeVar("T")
#: Largest file [bytes]: reports with their curves have some 200 kB, a survey of a million named stars some 20 MB.
MAX_JSON_BYTES = 64 * 1024**2
#: Deepest nesting; what AstroSeq writes has six levels.
MAX_DEPTH = 32
#: Largest whole number: those of SQLite and NumPy have 64 bits.
MAX_INT = 2**63 - 1
#: What reading damaged values raises: text that is no JSON, values of other types, missing keys, numbers out of range.
DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AstroSeqError)
#: Longest excerpt of a value in a reason [characters].
_EXCERPT = 40
_KIND_NAMES: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def parse(data: bytes | str, *, nan: bool = False, infinite: bool = False) -> object:
    """Parse JSON text into plain values.

    Parameters
    ----------
    data : bytes or str
        The text, UTF-8.
    nan : bool, optional
        Whether NaN is a number: a loss may be.
    infinite : bool, optional
        Whether infinity is a number: earlier versions wrote it for what was not known.

    Returns
    -------
    object
        The values.

    Raises
    ------
    ValueError
        If it is no JSON, is larger or nested deeper than `MAX_JSON_BYTES` and `MAX_DEPTH`, or holds a number that is not
        finite or too large, or a text that cannot be written again. The message is a reason without a full stop.

    Examples
    --------
    >>> parse('{"epoch": 3}')
    {'epoch': 3}
    >>> parse("[" * 100_000)
    Traceback (most recent call last):
        ...
    ValueError: it is nested too deep
    """
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(f"it is larger than {MAX_JSON_BYTES / 1e6:.0f} MB")
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}" if data.strip() else "it is empty") from None
    except ValueError:  # Python reads no whole number of over 4300 digits
        raise ValueError("it holds a number that is too large") from None
    _check_values(found, nan, infinite)
    return found


def _check_values(found: object, nan: bool, infinite: bool) -> None:
    """Check the depth, the numbers and the texts; without recursion, which has a limit of its own."""
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deep")
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, float):
                if not (math.isfinite(value) or (nan and math.isnan(value)) or (infinite and math.isinf(value))):
                    raise ValueError("it holds a number that is not finite")
            elif isinstance(value, int) and not -MAX_INT <= value <= MAX_INT:
                raise ValueError("it holds a number that is too large")
        level = below


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("it holds a text with half a character") from None


def convert(value: object, schema: type[T], name: str = "it", *, ignore_unknown: bool = False) -> T:
    """Convert plain values to a type, checking every value in them.

    Parameters
    ----------
    value : object
        Values as `parse` returns them; tuples count as lists, and objects of a dataclass stay.
    schema : type
        A dataclass, or a type such as `dict[str, float]`, `tuple[str, ...]` or `float | None`. Whole numbers are numbers, and
        stay whole; true and false are not.
    name : str, optional
        What to call the value in messages.
    ignore_unknown : bool, optional
        Whether an object may have keys that its dataclass does not know, of a newer version for instance.

    Returns
    -------
    object
        A value of that type.

    Raises
    ------
    ValueError
        If the values do not fit the type; the message is a reason without a full stop.
    AstroSeqError
        What the dataclasses themselves raise.

    Examples
    --------
    >>> convert([1, 2.5], tuple[float, ...])
    (1, 2.5)
    >>> convert({"a": "x"}, dict[str, int], "the counts")
    Traceback (most recent call last):
        ...
    ValueError: a of the counts must be a whole number, not 'x'
    """
    try:
        return typing.cast(T, _converter(typing.cast(Any, schema), ignore_unknown)(value))
    except _MisfitError as misfit:
        of = [*misfit.path, *([] if name == "it" and misfit.path else [name])]
        raise ValueError(f"{' of '.join(of)} {misfit.reason}") from None


class _MisfitError(Exception):
    """A value that does not fit its type: what is wrong, and the keys above it, the innermost first."""

    def __init__(self, reason: str, *path: str) -> None:
        super().__init__(reason)
        self.reason, self.path = reason, list(path)


_Converter: typing.TypeAlias = Callable[[Any], object]


@functools.lru_cache(maxsize=512)
def _converter(schema: Any, loose: bool) -> _Converter:
    """Return the function that checks and converts values of a type; made once, as tables of many rows are read with it."""
    if schema in (Any, object):
        return lambda value: value
    origin, arguments = typing.get_origin(schema), typing.get_args(schema)
    if origin in (types.UnionType, typing.Union):
        return _union_converter(arguments, loose)
    if dataclasses.is_dataclass(schema):
        return _object_converter(schema, loose)
    if origin in (dict, Mapping) or schema is dict:
        return _mapping_converter(_converter(arguments[1] if arguments else Any, loose))
    if origin in (tuple, list) or schema in (tuple, list):
        return _list_converter(origin or schema, arguments, loose)
    return _plain_converter(schema)


def _plain_converter(schema: Any) -> _Converter:
    kinds = (int, float) if schema is float else schema
    takes_bool = schema is bool

    def convert_plain(value: Any) -> object:
        if not isinstance(value, kinds) or (isinstance(value, bool) and not takes_bool):
            raise _MisfitError(f"must be {_kind_name(schema)}, not {_excerpt(value)}")
        return value

    return convert_plain


def _union_converter(choices: tuple[Any, ...], loose: bool) -> _Converter:
    takes_none = type(None) in choices
    converters = [_converter(one, loose) for one in choices if one is not type(None)]

    def convert_union(value: Any) -> object:
        if value is None and takes_none:
            return None
        for one in converters[:-1]:
            try:
                return one(value)
            except _MisfitError:
                continue
        return converters[-1](value)

    return convert_union


def _object_converter(schema: Any, loose: bool) -> _Converter:
    hints = typing.get_type_hints(schema)
    fields = [field for field in dataclasses.fields(schema) if field.init]
    known = {field.name: _converter(hints[field.name], loose) for field in fields}
    missing = dataclasses.MISSING
    needed = [field.name for field in fields if field.default is missing and field.default_factory is missing]

    def convert_object(value: Any) -> object:
        if isinstance(value, schema):
            return value
        if not isinstance(value, Mapping):
            raise _MisfitError(f"must be an object, not {_excerpt(value)}")
        if not loose and (unknown := [key for key in value if key not in known]):
            raise _MisfitError(f"has no '{unknown[0]!s:.{_EXCERPT}}'; it has {', '.join(sorted(known))}")
        for key in needed:
            if key not in value:
                raise _MisfitError("is missing", key)
        made = {}
        for key, one in known.items():
            if key in value:
                try:
                    made[key] = one(value[key])
                except _MisfitError as misfit:
                    misfit.path.append(key)
                    raise
        try:
            return schema(**made)
        except (TypeError, ArithmeticError) as error:
            raise _MisfitError(f"cannot be ({' '.join(str(error).split())})") from None

    return convert_object


def _mapping_converter(inner: _Converter) -> _Converter:
    def convert_mapping(value: Any) -> object:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise _MisfitError(f"must be an object, not {_excerpt(value)}")
        made = {}
        for key, one in value.items():
            try:
                made[key] = inner(one)
            except _MisfitError as misfit:
                misfit.path.append(f"{key:.{_EXCERPT}}")
                raise
        return made

    return convert_mapping


def _list_converter(kind: Any, arguments: tuple[Any, ...], loose: bool) -> _Converter:
    is_uniform = kind is list or len(arguments) < 2 or arguments[1] is Ellipsis
    inner = [_converter(one, loose) for one in (arguments[:1] or (Any,) if is_uniform else arguments)]

    def convert_list(value: Any) -> object:
        if not isinstance(value, list | tuple):
            raise _MisfitError(f"must be a list, not {_excerpt(value)}")
        if not is_uniform and len(inner) != len(value):
            raise _MisfitError(f"must be a list of {len(inner)}, not of {len(value)}")
        try:
            return kind(one(v) for one, v in zip(inner * len(value) if is_uniform else inner, value, strict=True))
        except _MisfitError as misfit:
            misfit.path.append("an item")
            raise

    return convert_list


def _kind_name(schema: Any) -> str:
    return _KIND_NAMES.get(schema) or str(getattr(schema, "__name__", schema))


def _excerpt(value: object) -> str:
    text = "an object" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]} …"


def read_object(
    path: Path,
    schema: type[T] | Callable[[object], T],
    advice: str,
    kind: type[AstroSeqError] = SettingsError,
    *,
    nan: bool = False,
    ignore_unknown: bool = False,
    limit: int = MAX_JSON_BYTES,
) -> T:
    """Read a JSON file and check every value in it.

    Parameters
    ----------
    path : Path
        The file.
    schema : type or callable
        The type of its content, as `convert` takes it; or a function that makes the content of plain values and raises
        ValueError, TypeError, KeyError or AstroSeqError where they do not fit.
    advice : str
        What to do about a damaged file, as the end of a sentence.
    kind : type, optional
        Exception to raise.
    nan : bool, optional
        Whether NaN is a number.
    ignore_unknown : bool, optional
        Whether unknown keys are ignored.
    limit : int, optional
        Largest size [bytes].

    Returns
    -------
    object
        The content.

    Raises
    ------
    AstroSeqError
        If the file cannot be read or is damaged; of the type `kind`. The message is one sentence that names the file.
    """
    data = read_file(path, limit, kind)
    with damage_as(kind, path, advice):
        values = parse(data, nan=nan)
        if isinstance(schema, type) or typing.get_origin(schema) is not None:
            return convert(values, typing.cast(type[T], schema), ignore_unknown=ignore_unknown)
        return schema(values)


@contextlib.contextmanager
def damage_as(kind: type[AstroSeqError], path: Path, advice: str) -> Iterator[None]:
    """Raise what a block finds wrong with a file as one sentence.

    Parameters
    ----------
    kind : type
        Exception to raise.
    path : Path
        The file.
    advice : str
        What to do about it, as the end of a sentence.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    AstroSeqError
        Of the type `kind`, if the block raises what damaged values raise.
    """
    try:
        yield
    except DAMAGE as error:
        raise kind(damage_sentence(path, error, advice)) from error


def damage_sentence(path: Path, error: BaseException, advice: str) -> str:
    """Return the sentence on a damaged file.

    Parameters
    ----------
    path : Path
        The file.
    error : Exception
        What is wrong with it.
    advice : str
        What to do about it.

    Returns
    -------
    str
        One sentence that names the file and its folder.

    Examples
    --------
    >>> damage_sentence(Path("mine/card.json"), ValueError("title is missing"), "train the model again")
    'card.json of mine is damaged (title is missing); train the model again.'
    """
    return f"{path.name} of {path.parent.name} is damaged ({reason_of(error)}); {advice}."


def reason_of(error: BaseException) -> str:
    """Return what an error says, on one line and without a full stop.

    Parameters
    ----------
    error : Exception
        The error.

    Returns
    -------
    str
        At most some 200 characters.

    Examples
    --------
    >>> reason_of(KeyError("title"))
    'title is missing'
    """
    if isinstance(error, KeyError) and error.args:
        return f"{error.args[0]!s:.{_EXCERPT}} is missing"
    text = (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
    return text if len(text) <= 200 else f"{text[:200]} …"
