"""The scanner finds a value in every carrier it promises, and nothing where there is nothing."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import quopri
import random
import socket
import sqlite3
import tracemalloc
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.privacy.scanning.encodings import ValueTooShort
from troth.privacy.scanning.scanner import Report, scan

VALUE = "Dana.Müller+q7@example.org"
PLAIN = "dana.miller-7f3a91@example.org"
AROUND = b"some text before it, "


def _fold(text: bytes, width: int = 20, newline: bytes = b"\r\n") -> bytes:
    return newline.join(text[i : i + width] for i in range(0, len(text), width))


def _zip(data: bytes, method: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("notes.txt", data)
    return target.getvalue()


def _soft_broken(value: str) -> bytes:
    signs = [bytes([b]) if 32 < b < 127 and b != 61 else b"=%02X" % b for b in value.encode()]
    return b"=\r\n".join(b"".join(signs[i : i + 5]) for i in range(0, len(signs), 5))


def _every_other_escaped(value: str) -> bytes:
    return "".join(urllib.parse.quote(c) if i % 3 else "".join(f"%{b:02X}" for b in c.encode()) for i, c in enumerate(value)).encode()


CARRIERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "raw": ("raw", lambda v: AROUND + v.encode() + b" and after"),
    "lower": ("raw", lambda v: v.lower().encode()),
    "upper": ("raw", lambda v: v.upper().encode()),
    "swapped": ("raw", lambda v: "".join(c.swapcase() if c.isascii() else c for c in v).encode()),
    "utf16le": ("utf-16le", lambda v: v.encode("utf-16-le")),
    "utf16be": ("utf-16be", lambda v: v.encode("utf-16-be")),
    "utf16 with mark": ("utf-16le", lambda v: f"before {v} after".encode("utf-16")),
    "hex": ("hex", lambda v: AROUND + v.encode().hex().encode()),
    "HEX": ("hex", lambda v: v.encode().hex().upper().encode()),
    "hex of lower": ("hex", lambda v: v.lower().encode().hex().encode()),
    "hex dump": ("hex", lambda v: v.encode().hex(" ").encode()),
    "url": ("url", lambda v: b"https://x.test/?q=" + urllib.parse.quote(v).encode()),
    "url in full": ("url", lambda v: "".join(f"%{b:02X}" for b in v.encode()).encode()),
    "url, odd letters": ("url", _every_other_escaped),
    "json": ("json", lambda v: "".join(f"\\u{ord(c):04x}" for c in v).encode()),
    "JSON": ("json", lambda v: "".join(f"\\u{ord(c):04X}" for c in v).encode()),
    "json in json": ("json", lambda v: json.dumps("".join(f"\\u{ord(c):04x}" if not c.isalnum() else c for c in v)).encode()),
    "reversed": ("reversed", lambda v: v[::-1].encode()),
    "base64 0": ("base64", lambda v: base64.b64encode(v.encode() + b"tail")),
    "base64 1": ("base64", lambda v: base64.b64encode(b"a" + v.encode() + b"tail")),
    "base64 2": ("base64", lambda v: base64.b64encode(b"\xff\xfe" + v.encode())),
    "base64 url": ("base64", lambda v: base64.urlsafe_b64encode(b"\xff\xff\xff" + v.encode())),
    "base64 of lower": ("base64", lambda v: base64.b64encode(v.lower().encode())),
    "base64 folded": ("base64", lambda v: _fold(base64.b64encode(b"a" + v.encode()))),
    "base64 folded tight": ("base64", lambda v: _fold(base64.b64encode(v.encode()), 7, b"\n")),
    "base64 folded in json": ("base64", lambda v: json.dumps(_fold(base64.b64encode(v.encode())).decode()).encode()),
    "quoted printable": ("quoted-printable", _soft_broken),
    "quoted printable in full": ("quoted-printable", lambda v: b"".join(b"=%02X" % b for b in v.encode())),
}

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip inside": lambda data: os.urandom(1001) + gzip.compress(data) + os.urandom(1001),
    "gzip twice": lambda data: gzip.compress(b"x" * 100 + gzip.compress(data)),
    "gzip, two members": lambda data: gzip.compress(b"nothing") + gzip.compress(data),
    "zlib": zlib.compress,
    "zlib stored": lambda data: zlib.compress(data, 0),
    "zlib fast": lambda data: zlib.compress(data, 1),
    "zlib best": lambda data: zlib.compress(data, 9),
    "zlib inside": lambda data: b"header of a page x^ x\x01 x\x9c" + zlib.compress(data) + b"rest",
    "zip": lambda data: _zip(data, zipfile.ZIP_DEFLATED),
    "zip stored": lambda data: _zip(data, zipfile.ZIP_STORED),
    "zip bz2": lambda data: _zip(data, zipfile.ZIP_BZIP2),
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "bz2 inside": lambda data: b"PK and so on" + bz2.compress(data),
    "zip in gzip": lambda data: gzip.compress(_zip(data, zipfile.ZIP_DEFLATED)),
    "gzip in zip in xz": lambda data: lzma.compress(_zip(gzip.compress(data), zipfile.ZIP_DEFLATED)),
}


def _scan_bytes(path: Path, data: bytes, *values: str) -> Report:
    path.write_bytes(data)
    return scan([path], values)


@pytest.mark.parametrize("value", [VALUE, PLAIN, "Jane Doe", "+4915112345678", "日本語の名前"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_encoding_is_found_and_named(tmp_path: Path, carrier: str, value: str) -> None:
    encoding, carry = CARRIERS[carrier]
    data = carry(value)
    report = _scan_bytes(tmp_path / "file", data, "someone.else@example.net", value)
    assert not report.clean, data
    assert {hit.value_index for hit in report.hits} == {1}
    if not (carrier == "url" and urllib.parse.quote(value) == value):
        assert encoding in {hit.encoding for hit in report.hits}, report.hits
    assert all(0 <= hit.offset < len(data) for hit in report.hits)
    assert value not in repr(report)


@pytest.mark.parametrize("carrier", ["raw", "utf16le", "hex", "base64 1"])
@pytest.mark.parametrize("packer", PACKERS)
def test_each_container_is_unpacked(tmp_path: Path, packer: str, carrier: str) -> None:
    data = PACKERS[packer](AROUND * 20 + CARRIERS[carrier][1](PLAIN) + AROUND * 20)
    report = _scan_bytes(tmp_path / "file", data, PLAIN)
    assert CARRIERS[carrier][0] in {hit.encoding for hit in report.hits}, report
    if "stored" not in packer:
        assert all(hit.container for hit in report.hits)


def test_a_hit_names_file_container_offset_and_count(tmp_path: Path) -> None:
    packed = gzip.compress(b"12345" + PLAIN.encode() + b" " + PLAIN.upper().encode())
    report = _scan_bytes(tmp_path / "f.bin", b"abc" + packed + PLAIN.encode(), PLAIN)
    inner, outer = sorted(report.hits, key=lambda hit: hit.container, reverse=True)
    assert (inner.container, inner.encoding, inner.offset, inner.count) == ("gzip@3", "raw", 5, 2)
    assert (outer.container, outer.encoding, outer.offset, outer.count) == ("", "raw", 3 + len(packed), 1)
    assert outer.file == str(tmp_path / "f.bin")


def test_a_name_of_a_file_directory_or_link_is_searched_and_never_repeated(tmp_path: Path) -> None:
    (tmp_path / f"export {PLAIN.upper()}.csv").write_text("nothing")
    (tmp_path / PLAIN).mkdir()
    (tmp_path / PLAIN / "inside").write_text(PLAIN)
    (tmp_path / "link").symlink_to(f"/nowhere/{PLAIN}")
    report = scan([tmp_path], [PLAIN])
    assert sorted(hit.container for hit in report.hits) == ["", "file name", "file name", "link target"]
    assert PLAIN not in repr(report).lower()
    assert all("inode" in hit.file for hit in report.hits if hit.container != "link target")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_value_across_the_border_of_two_windows_is_counted_once(tmp_path: Path, carrier: str) -> None:
    data = CARRIERS[carrier][1](PLAIN)
    for start in (262144 - len(data) // 2, 262144 - 1, 262144 - len(data), 262144):
        report = _scan_bytes(tmp_path / "file", b"\0" * start + data + b"\0" * 300_000, PLAIN)
        assert sum(hit.count for hit in report.hits) == 1, (start, report.hits)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_container_across_the_border_of_two_windows_is_unpacked(tmp_path: Path, packer: str) -> None:
    packed = PACKERS[packer](random.Random(3).randbytes(40) + PLAIN.encode() + random.Random(4).randbytes(40))
    for before in (1, 2, 3, 5, len(packed) // 2, len(packed) - 1):
        report = _scan_bytes(tmp_path / "file", b"\0" * (262144 - before) + packed + b"\0" * 300_000, PLAIN)
        assert not report.clean, before


def test_a_clean_file_and_random_data_are_clean(tmp_path: Path) -> None:
    (tmp_path / "clean.json").write_text(json.dumps([{"email": f"user{i}@example.org", "name": f"Dana {i}"} for i in range(20_000)]))
    (tmp_path / "random").write_bytes(random.Random(7).randbytes(8 << 20))
    (tmp_path / "empty").write_bytes(b"")
    report = scan([tmp_path], [VALUE, PLAIN, "Zoë Zuckerkandl", "+4915112345678", "cus_91827364"])
    assert report.clean
    assert report.complete
    assert report.files == 3
    assert report.bytes_read > 8 << 20


@pytest.mark.parametrize("safe", ["", "/", ":@!$&'()*+,;=", ";,/?:@&=+$-_.!~*'()#"])
def test_whatever_an_encoder_of_addresses_leaves_as_it_is_the_value_is_found(tmp_path: Path, safe: str) -> None:
    for value in ("00:/", "dana/o'neil@example.org", "/customers/91 82:73+64"):
        assert not _scan_bytes(tmp_path / "file", urllib.parse.quote(value, safe=safe).encode(), value).clean, value


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=4, max_size=30).filter(str.isprintable), st.binary(max_size=50))
def test_whatever_the_value_it_is_found(tmp_path_factory: pytest.TempPathFactory, value: str, around: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any value"
    plain = value.encode()
    for data in (plain, value.encode("utf-16-le"), value.encode("utf-16-be"), plain.hex().encode(), urllib.parse.quote(plain).encode()):
        assert not _scan_bytes(path, around + data + around, value).clean


def test_a_value_deleted_without_secure_delete_is_found_in_the_free_pages_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    database = sqlite3.connect(path)
    database.execute("PRAGMA secure_delete=OFF")
    database.execute("CREATE TABLE person (email TEXT UNIQUE, name TEXT)")
    database.executemany("INSERT INTO person VALUES (?, ?)", [(f"u{i}@example.org", "x" * 50) for i in range(500)])
    database.execute("INSERT INTO person VALUES (?, 'Dana')", [PLAIN])
    database.commit()
    database.execute("DELETE FROM person")
    database.commit()
    database.close()
    assert not scan([tmp_path], [PLAIN]).clean
    database = sqlite3.connect(path)
    database.execute("VACUUM")
    database.close()
    assert scan([tmp_path], [PLAIN]).clean


def test_sockets_and_what_cannot_be_read_are_reported_and_do_not_stop_the_scan(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        (tmp_path / "z").write_text(PLAIN)
        report = scan([tmp_path, tmp_path / "missing"], [PLAIN])
    assert len(report.hits) == 1
    assert {(Path(item.file).name, item.holds_bytes) for item in report.unreadable} == {("s", False), ("missing", True)}
    assert not report.complete


def test_a_file_without_permission_is_reported(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PLAIN)
    (tmp_path / "secret").chmod(0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)  # root reads everything, nobody does not
    try:
        report = scan([tmp_path], [PLAIN])
    finally:
        os.seteuid(was)
    assert not report.complete


def test_a_damaged_container_is_searched_as_far_as_it_goes_and_reported(tmp_path: Path) -> None:
    text = PLAIN.encode() + random.Random(1).randbytes(200_000)
    packed = gzip.compress(text)
    report = _scan_bytes(tmp_path / "cut.gz", packed[:100_000], PLAIN)
    assert not report.clean
    assert not report.complete


def test_a_bomb_costs_little_memory_and_its_middle_is_still_searched(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * (60 << 20) + PLAIN.encode() + b"\0" * (60 << 20), 9)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bomb))
    tracemalloc.start()
    report = scan([tmp_path], [PLAIN])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [hit.count for hit in report.hits] == [1]
    assert peak < 16 << 20


def test_a_file_with_two_names_is_read_once_and_its_progress_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0" * 1_000_000)
    os.link(tmp_path / "a", tmp_path / "b")
    told: list[tuple[int, int]] = []
    report = scan([tmp_path], [PLAIN], lambda done, total: told.append((done, total)))
    assert report.files == 1
    assert report.bytes_read == 1_000_000 == told[-1][0]
    assert all(done <= total for done, total in told)


def test_a_value_of_three_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueTooShort, match="at least 4 characters"):
        scan([tmp_path], ["abc"])


def test_a_report_tells_what_the_scanner_cannot_see(tmp_path: Path) -> None:
    text = " ".join(scan([tmp_path], [PLAIN]).blind_spots)
    for word in ("pglz", "lz4", "zstd", "encrypted", "free disk blocks"):
        assert word in text


def test_quoted_printable_as_python_writes_it_is_found(tmp_path: Path) -> None:
    body = quopri.encodestring(("x" * 60 + VALUE + " ü" * 40).encode())
    assert b"=\n" in body
    report = _scan_bytes(tmp_path / "mail.eml", body, VALUE)
    assert "quoted-printable" in {hit.encoding for hit in report.hits}
