"""The two parsers agree: both accept the same texts, with the same values, and refuse others with the same message."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from typing import Any

import pytest

from squareconnect.serialization import fast_parser, parse, parse_with_standard_library

ODD = [
    b"1e400", b"-1e400", b"1e-400", b"5e-324", b"1.7976931348623159e308", b"18446744073709551616",
    b"-18446744073709551617", b"-9223372036854775809", b"123456789012345678901234567890", b"9" * 4300, b"9" * 5000,
    b"-0", b"-0.0", b"1E5", b"1e5", b"1e05", b"1e+5", b"0.1e1", b"1.0000000000000000000000000001", b"1e23", b"01",
    b"-01", b"1.", b".5", b"+1", b"-", b"1e", b"0x1", b"1_0", b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"nan",
    b"null", b"nul", b"true", b"True", b"", b" ", b"\xef\xbb\xbf{}", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf1",
    '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"), b'"\\ud800"', b'"\\ude00\\ud83d"', b'"\\ud83d\\ude00"',
    b'"\\ud800\\u0041"', b'{"\\udfff":1}', b'"\xed\xa0\x80"', b'"\xff"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"',
    b'"\xe2\x80"', b'{"a\xff":1}', b'"\x00"', b'"\x1f"', b'"\x7f"', b'"\xc2\x80"', b'"\\u0000"', b'"\\x41"',
    b'"\\u12"', b'"\\u12G4"', b'"\\', b'"\\/\\b\\f\\n\\r\\t\\""', b'{"a":1,"b":2,"a":3}', b'{"a":1,}', b"[1,]",
    b"[,1]", b"[1 2]", b"{1:2}", b"{'a':1}", b'{"a" 1}', b"{} {}", b"1 2", b" \t\r\n1 \t\r\n", b"\x0b1", b"\x0c1",
    b"\xc2\xa01", b"1\x00", b"/**/1", b"1//", b"[" * 300 + b"]" * 300, b"[" * 100_000,
    b'{"a":' * 300 + b"1" + b"}" * 300, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000,
]  # fmt: skip
PIECES = [
    b"{", b"}", b"[", b"]", b":", b",", b'"', b'"a"', b'"a":', b'{"a":', b"[1,", b"0", b"-", b"1.5e3", b"e400",
    b"null", b"true", b"NaN", b"Infinity", b"\\u", b"\\ud83d", b"\\ude00", b" ", b"\n", b"\xc3\xa9", b"\xff",
    b"\xf0\x9f\x98\x80", b"\x00", b"18446744073709551616", b"\xef\xbb\xbf",
]  # fmt: skip


def valid_text(source: random.Random, depth: int = 0) -> str:
    """Return a text that is mostly JSON, with the odd values that Python's JSON encoder writes."""
    kind = source.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return source.choice(
            ["null", "true", "false", "NaN", "-Infinity", "1e400", "-0", "-0.0", "1E-7", "18446744073709551616"]
        )
    if kind == 1:
        return str(source.randint(-(2**70), 2**70) >> source.randrange(70))
    if kind == 2:
        return repr(source.uniform(-1, 1) * 10 ** source.randrange(-300, 308))
    if kind < 6:
        return json.dumps("".join(source.choices('aé\U0001f600"\\\n\x00\ud800\udfff', k=source.randrange(5))),
                          ensure_ascii=source.random() < 0.5)  # fmt: skip
    items = [valid_text(source, depth + 1) for _ in range(source.randrange(4))]
    if kind == 6:
        return "[" + ", ".join(items) + "]"
    return "{" + ",".join(f'"{source.choice("abc")}" : {item}' for item in items) + "}"


def random_text(seed: int) -> bytes:
    source = random.Random(seed)
    if seed % 4 == 0:
        return b"".join(source.choices(PIECES, k=source.randrange(1, 9)))
    text = valid_text(source).encode("utf-8", "surrogatepass")
    if seed % 4 == 1 and text:  # One byte is replaced or missing.
        at = source.randrange(len(text))
        text = text[:at] + bytes(source.choices(range(256), k=source.randrange(2))) + text[at + 1 :]
    return text


def outcome(parser: Any, content: bytes) -> Any:
    try:
        return parser(content)
    except ValueError as error:
        return error


def same(one: Any, other: Any) -> bool:
    if isinstance(one, ValueError):
        return isinstance(other, ValueError) and str(one) == str(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and (not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other))


@pytest.mark.parametrize("content", ODD, ids=lambda content: repr(content[:24]))
def test_both_parsers_treat_an_odd_text_the_same(content: bytes) -> None:
    assert same(outcome(parse, content), outcome(parse_with_standard_library, content))


def test_both_parsers_treat_ten_thousand_random_texts_the_same() -> None:
    assert fast_parser()
    refused = 0
    for seed in range(10_000):
        content = random_text(seed)
        by_both = outcome(parse, content), outcome(parse_with_standard_library, content)
        assert same(*by_both), f"{content!r}: {by_both}"
        refused += isinstance(by_both[0], ValueError)
    assert 2_000 < refused < 8_000


@pytest.mark.parametrize(
    ("msgspec", "found"), [("None", False), ("m('0.21.1')", False), ("m('0.22.0')", True), ("m('1.0.0b1')", True)]
)
def test_msgspec_is_used_only_if_it_reads_large_integers_correctly(msgspec: str, found: bool) -> None:
    code = f"""
import sys
from types import SimpleNamespace as N
def m(version): return N(__version__=version, json=N(Decoder=lambda: N(decode=lambda content: 'fast')))
sys.modules['msgspec'] = {msgspec}
from squareconnect.serialization import fast_parser, parse
assert (fast_parser() is not None) is {found}
assert parse(b'18446744073709551616') == ('fast' if {found} else 2 ** 64)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
