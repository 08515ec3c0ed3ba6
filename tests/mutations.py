"""Damaged copies of JSON text, for tests of the doors: each is what a disk, a person or a foreign program could leave."""

import json
import random
from collections.abc import Iterator
from typing import Any

#: Values that stand where others should.
ODD_NUMBERS = (True, -1, 0, 1e308, 10**400, 2**70, float("nan"), float("inf"))
ODD_VALUES = (*ODD_NUMBERS, None, "", "x", "\ud800", [], {}, [[]], [1, [2]], {"a": {}})
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
WHOLE_FILES: tuple[bytes, ...] = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"{",
    b"\x00\x01\x02\xff\xfe" * 40,
    b"[" * 100_000,
    DEEP.encode(),
    b"1" * 5000,
    b'{"a": 1e999}',
)


def paths_of(values: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys to every value in an object, itself left out."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from paths_of(value, (*above, key))


def changed(values: Any, path: tuple[Any, ...], value: Any = None, *, remove: bool = False) -> Any:
    """A copy with another value at a path, or with none there."""
    copy = json.loads(json.dumps(values))
    at = copy
    for key in path[:-1]:
        at = at[key]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy


def mutated(text: str, count: int, seed: int = 1) -> Iterator[bytes]:
    """Damaged copies of JSON text: whole files, cut ones, flipped bytes, and `count` values that are changed or gone."""
    data, rng = text.encode(), random.Random(seed)
    yield from WHOLE_FILES
    yield data[: len(data) // 2]
    for _ in range(count // 4):
        place = rng.randrange(len(data))
        yield data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
    values = json.loads(text)
    paths = list(paths_of(values))
    for _ in range(count):
        path = rng.choice(paths)
        made = changed(values, path, rng.choice(ODD_VALUES), remove=rng.random() < 0.2)
        yield json.dumps(made).encode()
