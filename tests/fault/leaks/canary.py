"""Canaries: values of one field of one record, and how bytes of any kind are searched for them."""

import base64
import binascii
import itertools
import re
import zlib
from collections.abc import Iterator

# In bytes of any kind a canary is a text, the digits of a telephone number, or a number, be it in
# digits or as protobuf writes it.
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
TEXT = re.compile(rb"zq([0-9a-z]{5}[0-9a-z]{2})([0-9a-z]{4})")
PHONE = re.compile(rb"4930(9[1-9]\d{7})")
DECIMAL = re.compile(rb"(?<!\d)\d{12}(?!\d)")
# A number is, from its high bits on, a serial, the world, a check, and the mark, which makes the
# first two bytes of its varint.
MARK = 0x2C95
MARK_BITS, CHECK_BITS, WORLD_BITS = 14, 4, 3
SERIALS = range(1 << 17, 1 << 18)
VARINT = re.compile(rb"\x95\xd9[\x80-\xff]{3}[\x01-\x7f]")
WORLDS = range(1, 8)
PHONES = 10_000_000
# What may be a sealed token, or a part of one.
SEALED = re.compile(rb"[A-Za-z0-9_-]{24,}={0,2}")

Key = str  # "zq000a30152f1", "+4930910000001", "#274880000021"


def _base36(number: int, size: int) -> str:
    digits = ""
    for _ in range(size):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits


def world_of(key: Key) -> int:
    """Which world a canary was made in."""
    if key.startswith("#"):
        return int(key[1:]) >> (CHECK_BITS + MARK_BITS) & ((1 << WORLD_BITS) - 1)
    return int(key[7:9], 36) if key.startswith("zq") else int(key[6])


class Mint:
    """Makes canaries of one world, each kind in ascending order. Thread-safe."""

    def __init__(self, world: int):
        assert world in WORLDS
        self._world = world
        self._texts, self._numbers, self._phones = (itertools.count() for _ in range(3))

    def text(self) -> str:
        return text(self._world, next(self._texts))

    def number(self) -> int:
        return number(self._world, next(self._numbers))

    def phone(self) -> str:
        return f"+49309{self._world}{next(self._phones) % PHONES:07d}"


def text(world: int, serial: int) -> str:
    body = _base36(serial, 5) + _base36(world, 2)
    return f"zq{body}{_check(body)}"


def number(world: int, serial: int) -> int:
    """Always of twelve digits."""
    body = (SERIALS[serial % len(SERIALS)] << WORLD_BITS) | world
    return ((body << CHECK_BITS | _number_check(body)) << MARK_BITS) | MARK


def _check(body: str) -> str:
    return _base36(zlib.crc32(body.encode()), 4)


def _number_check(body: int) -> int:
    return zlib.crc32(body.to_bytes(8, "big")) & ((1 << CHECK_BITS) - 1)


def _is_number(number_: int) -> bool:
    rest, mark = number_ >> MARK_BITS, number_ & ((1 << MARK_BITS) - 1)
    body = rest >> CHECK_BITS
    return (mark == MARK and body & ((1 << WORLD_BITS) - 1) in WORLDS
            and body >> WORLD_BITS in SERIALS
            and rest & ((1 << CHECK_BITS) - 1) == _number_check(body))


def _varint(data: bytes) -> int:
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(data))


def texts_in(data: bytes) -> Iterator[Key]:
    for match in TEXT.finditer(data):
        if _check(match[1].decode()) == match[2].decode():
            yield match[0].decode()
    for match in PHONE.finditer(data):
        yield "+" + match[0].decode()
    for match in DECIMAL.finditer(data):
        if _is_number(int(match[0])):
            yield f"#{int(match[0])}"


def keys_in(data: bytes) -> set[Key]:
    """The canaries in a message as it came over the wire."""
    found = set(texts_in(data))
    for match in VARINT.finditer(data):
        if _is_number(value := _varint(match[0])):
            found.add(f"#{value}")
    return found


def keys_sealed_in(token: bytes) -> set[Key]:
    """The canaries in what is Base64 and should be unreadable below."""
    found: set[Key] = set()
    for match in SEALED.finditer(token):
        for skipped in range(4):
            sealed = match[0][skipped:].rstrip(b"=")
            sealed = sealed[:len(sealed) - (len(sealed) % 4 == 1)]
            try:
                plain = base64.urlsafe_b64decode(sealed + b"=" * (-len(sealed) % 4))
            except binascii.Error:
                continue
            found |= set(texts_in(plain))
    return found
