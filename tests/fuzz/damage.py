"""Strategies that damage bytes, text, tables and JSON."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

#: Texts that break readers of numbers and names.
NASTY_TEXTS = (
    "", " ", "0", "-0", "-1", "-5", "1e400", "-1e308", "1e-320", "nan", "NaN", "inf", "-inf", "Infinity", "9" * 30, "1" * 5000,
    "0x1f", "1_000", "1,5", "1.5.2", "१२३", "²", "½", "T", "F", "None", "null", "true", "'", '"', "''", "=1+1", "@x", "-x",
    "\x00", "a\x00b", "\x1b[31m", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\u202e", "\ufeff",
    "\u2028", "é" * 40, "x" * 10_000, "/dev/zero", "/etc/passwd", "../..", "~nouser", "~", "file:///etc", "http://example.org",
    "%00", "%s%n", "{0.__class__}", "<script>alert(1)</script>", "![p](http://example.org/p.png)", "$(id)",
    "'; DROP TABLE stars; --", "\\", "\r\n", "\t",
)  # fmt: skip
#: Numbers at the ends of what is possible.
NASTY_NUMBERS = (
    0, -0.0, -1, 1, -5, 0.1, 1e-300, 1e300, -1e300, 2**31, 2**53 + 1, 2**63, -(2**63), 2**64, 10**30, float("nan"), float("inf"),
    float("-inf"),
)  # fmt: skip

texts = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(max_size=30))
numbers = st.one_of(st.sampled_from(NASTY_NUMBERS), st.floats(), st.integers(-(10**20), 10**20))
_leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
#: Any value that JSON can hold.
json_values = st.recursive(
    _leaves, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(texts, v, max_size=3)), max_leaves=6
)
#: Brackets in brackets, deeper than Python's own limit.
deep_json = st.sampled_from(["[" * 5000, "[" * 100_000, '{"a":' * 5000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])


@st.composite
def damaged_bytes(draw: st.DrawFn, wholes: Sequence[bytes], most: int = 4) -> bytes:
    """Whole files with some bytes flipped, put in, taken out, moved or cut off; rarely none of the file at all."""
    data = bytearray(draw(st.sampled_from(wholes)))
    if draw(st.integers(0, 99)) == 0:
        return draw(st.binary(max_size=200))
    for _ in range(draw(st.integers(1, most))):
        size = len(data)
        if not size:
            break
        # headers are where the sense lies, so half of the places are at the begin
        place = draw(st.integers(0, min(size, 4000) - 1)) if draw(st.booleans()) else draw(st.integers(0, size - 1))
        what = draw(st.sampled_from(["flip", "set", "insert", "delete", "cut", "repeat", "zero", "swap", "end"]))
        length = draw(st.integers(1, 64))
        if what == "flip":
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif what == "set":
            new = draw(st.binary(min_size=1, max_size=8))
            data[place : place + len(new)] = new
        elif what == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=16))
        elif what == "delete":
            del data[place : place + length]
        elif what == "cut":
            del data[place:]
        elif what == "repeat":
            data[place:place] = data[place : place + length] * draw(st.integers(1, 20))
        elif what == "zero":
            data[place : place + length] = bytes(min(length, size - place))
        elif what == "swap":
            other = draw(st.integers(0, size - 1))
            data[place], data[other] = data[other], data[place]
        else:
            data[-min(length, size) :] = draw(st.binary(max_size=16))
    return bytes(data)


@st.composite
def damaged_text(draw: st.DrawFn, wholes: Sequence[str], most: int = 4) -> str:
    """Whole texts with other cells, lines, separators and characters."""
    lines = draw(st.sampled_from(wholes)).split("\n")
    for _ in range(draw(st.integers(1, most))):
        if not lines:
            break
        # the first lines are the header, and matter most
        row = draw(st.integers(0, min(len(lines), 4) - 1)) if draw(st.booleans()) else draw(st.integers(0, len(lines) - 1))
        what = draw(
            st.sampled_from(
                ["cell", "cell", "cell", "number", "drop", "twice", "swap", "line", "separator", "character", "cut", "encoding"]
            )
        )
        separator = next((s for s in (",", ";", "\t", " ") if s in lines[row]), ",")
        cells = lines[row].split(separator)
        if what in ("cell", "number"):
            cells[draw(st.integers(0, len(cells) - 1))] = draw(texts) if what == "cell" else str(draw(numbers))
            lines[row] = separator.join(cells)
        elif what == "drop":
            del lines[row]
        elif what == "twice":
            lines.insert(row, lines[row])
        elif what == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[row], lines[other] = lines[other], lines[row]
        elif what == "line":
            lines.insert(row, draw(texts))
        elif what == "separator":
            new = draw(st.sampled_from([",", ";", "\t", " ", "|", ",,", ""]))
            lines = [line.replace(separator, new) for line in lines] if draw(st.booleans()) else lines
            lines[row] = lines[row].replace(separator, new)
        elif what == "character":
            place = draw(st.integers(0, len(lines[row])))
            lines[row] = lines[row][:place] + draw(st.text(max_size=3)) + lines[row][place + draw(st.integers(0, 2)) :]
        elif what == "cut":
            lines[row:] = [lines[row][: draw(st.integers(0, len(lines[row])))]]
        else:
            lines[row] = draw(st.sampled_from(["\ufeff", "# ", "#", '"', "'", "\x00"])) + lines[row]
    return draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])).join(lines)


@st.composite
def damaged_json(draw: st.DrawFn, wholes: Sequence[Any], most: int = 3) -> str:
    """Whole JSON values with other values, keys missing and keys added; sometimes text that is no JSON."""
    chosen = draw(st.integers(0, 49))
    if chosen == 0:
        return draw(st.one_of(deep_json, texts))
    whole = json.loads(json.dumps(draw(st.sampled_from(wholes))))
    if chosen == 1:
        return json.dumps(draw(json_values))
    for _ in range(draw(st.integers(1, most))):
        whole = _with_damage(draw, whole)
    text = json.dumps(whole)
    if chosen == 2 and text:
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.text(max_size=3)) + text[place + draw(st.integers(0, 3)) :]
    return text


def _with_damage(draw: st.DrawFn, value: Any, depth: int = 0) -> Any:
    """The value with one damage at a random place in it."""
    if isinstance(value, dict | list) and value and (depth == 0 or draw(st.integers(0, 3))):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        what = draw(st.integers(0, 7))
        if what == 0:
            del value[key]
        elif what == 1 and isinstance(value, dict):
            value[draw(texts)] = value.pop(key) if draw(st.booleans()) else draw(_leaves)
        elif what == 1:
            value.append(value[key])
        else:
            value[key] = _with_damage(draw, value[key], depth + 1)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and draw(st.booleans()):
        return draw(numbers)
    return draw(json_values)
