"""A file in parts to an S3-compatible store, where it is too large for one PUT. It goes on where the last try ended. Touches no database.

Source: "Uploading and copying objects using multipart upload", Amazon S3 User Guide, and the API reference of the five calls. Each part is signed with
its own hash, so what arrives is what was sent; of a part no more than a piece is in memory. What is given up is aborted, so that no parts lie there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

import requests
from lxml import etree

from troth.kernel.amazon_signing import sign
from troth.messages.channels.outside import name_trouble, read_most
from troth.privacy.handovers.answers import ANSWER_S, CONNECT_S, WHOLE_WITHIN_S, Answer, trouble_of
from troth.privacy.handovers.targets import Target, Upload
from troth.privacy.opendsr.trust import open_session

AT_ONCE = 1 << 30
"""Bytes that go in one PUT; S3 takes 5 GB at most."""
PART = 64 << 20
MOST_PARTS = 10_000
PIECE = 1 << 20
READ_MOST = 4 << 20
"""Of an answer: a list of a thousand parts has some hundred kB."""
NOTHING = hashlib.sha256(b"").hexdigest()
_parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
Keep = Callable[[Upload | None], None]
"""Called with what must be remembered to go on, after each part; None: there is no upload to go on with."""


class _Refused(Exception):
    """The store did not do what was asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.trouble)
        self.answer = answer


class _Part:
    """A range of a file, as a body that is read in pieces and can be measured."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size, self._left = file, start, size, size
        file.seek(start)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(PIECE):
            yield piece

    def read(self, most: int = PIECE) -> bytes:
        """The next bytes, of the range alone."""
        piece = self._file.read(min(most if most >= 0 else PIECE, self._left))
        self._left -= len(piece)
        return piece

    def hash(self) -> str:
        """SHA-256 of all of it; then it is at its beginning again."""
        digest = hashlib.sha256()
        for piece in self:
            digest.update(piece)
        self._file.seek(self._start)
        self._left = self._size
        return digest.hexdigest()


class _Told(NamedTuple):
    """What the store answered to one call."""

    headers: Mapping[str, str]
    root: Any
    """Its XML; None: there is none."""

    def text(self, name: str) -> str:
        """The text of an element anywhere in it, whatever its namespace; empty: there is none."""
        found = None if self.root is None else self.root.find(f".//{{*}}{name}")
        return "" if found is None else found.text or ""


def hand_in_parts(
    target: Target, file: IO[bytes], *, size: int, sha256: str, kind: str, upload: Upload | None, keep: Keep, now: Callable[[], int]
) -> Answer:
    """Send the file in parts, beginning with those that the store lacks; never raises. `now` in milliseconds, `kind` its media type.

    An upload of another file is given up first. One that the store does not know any more is begun anew by the next try.
    """
    length = max(PART, -(-size // MOST_PARTS))
    try:
        with open_session(WHOLE_WITHIN_S) as session:
            store = _Store(session, target, now)
            if upload is not None and (upload.sha256, upload.part) != (sha256, length):
                store.abort(upload)
                upload = None
            if upload is None:
                upload = Upload(id=store.begin(kind), sha256=sha256, part=length)
                keep(upload)
            there = store.list_parts(upload)
            for number, start in enumerate(range(0, size, length), 1):
                wanted = min(length, size - start)
                if there.get(number, ("", 0))[1] != wanted:
                    there[number] = (store.put(upload, number, _Part(file, start, wanted)), wanted)
                    keep(upload)
            return store.complete(upload, [there[number][0] for number in range(1, -(-size // length) + 1)])
    except _Refused as refused:
        if refused.answer.status == 404 and upload is not None:
            keep(None)
            return Answer(404, "upload_lost", is_again=True)
        return refused.answer
    except requests.RequestException as error:
        return Answer(0, name_trouble(error))
    except etree.XMLSyntaxError:
        return Answer(0, "not_understood")


def abort(target: Target, upload: Upload, now: Callable[[], int]) -> None:
    """Have the store drop the parts of an upload that is given up. One that it does not answer to is left to the store's own rules."""
    try:
        with open_session(WHOLE_WITHIN_S) as session:
            _Store(session, target, now).abort(upload)
    except requests.RequestException:
        return


class _Store:
    """The calls, each signed."""

    def __init__(self, session: requests.Session, target: Target, now: Callable[[], int]) -> None:
        self._session, self._target, self._now = session, target, now

    def begin(self, kind: str) -> str:
        """CreateMultipartUpload: the id of the upload."""
        found = self._call("POST", "uploads=", headers={"Content-Type": kind}).text("UploadId")
        if not found or len(found) > Upload.LONGEST_ID:
            raise _Refused(Answer(0, "not_understood"))
        return found

    def list_parts(self, upload: Upload) -> dict[int, tuple[str, int]]:
        """ListParts: by number the ETag and the size of each part that is there."""
        there: dict[int, tuple[str, int]] = {}
        marker = "0"
        while True:
            told = self._call("GET", f"part-number-marker={marker}&{_of(upload)}")
            if told.root is None:
                raise _Refused(Answer(0, "not_understood"))
            for part in told.root.iterfind("{*}Part"):
                number, tag, size = (part.findtext(f"{{*}}{name}") or "" for name in ("PartNumber", "ETag", "Size"))
                there[int(number)] = (tag, int(size))
            following = told.text("NextPartNumberMarker")
            if told.text("IsTruncated") != "true" or not following.isdigit() or int(following) <= int(marker):
                return there
            marker = following

    def put(self, upload: Upload, number: int, part: _Part) -> str:
        """UploadPart: its ETag."""
        told = self._call("PUT", f"partNumber={number}&{_of(upload)}", body=part, body_sha256=part.hash())
        return str(told.headers.get("ETag") or "")

    def complete(self, upload: Upload, tags: list[str]) -> Answer:
        """CompleteMultipartUpload. Its answer may begin with 200 and be an error all the same."""
        parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>" for number, tag in enumerate(tags, 1))
        body = f'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{parts}</CompleteMultipartUpload>'.encode()
        told = self._call(
            "POST", _of(upload), body=body, body_sha256=hashlib.sha256(body).hexdigest(), headers={"Content-Type": "text/xml"}
        )
        if told.root is None or etree.QName(told.root).localname == "Error":
            return Answer(0, "refused")
        return Answer(200, says=told.text("ETag")[:200])

    def abort(self, upload: Upload) -> None:
        """AbortMultipartUpload; what the store says to it changes nothing."""
        try:
            self._call("DELETE", _of(upload))
        except _Refused:
            return

    def _call(
        self,
        method: str,
        query: str,
        *,
        body: _Part | bytes = b"",
        body_sha256: str = NOTHING,
        headers: Mapping[str, str] | None = None,
    ) -> _Told:
        target = self._target
        url = f"{target.url}{'&' if '?' in target.url else '?'}{query}"
        signed = sign(
            method,
            url,
            body_sha256=body_sha256,
            access_key=target.access_key,
            secret_key=target.secret_key,
            region=target.region,
            at=self._now(),
        )
        sent = {**(headers or {}), **signed, "Content-Length": str(len(body))}
        limits = (CONNECT_S, ANSWER_S)
        with self._session.request(
            method, url, data=body or None, headers=sent, timeout=limits, allow_redirects=False, stream=True
        ) as response:
            said = read_most(response, READ_MOST, unpack=True)
            if not 200 <= response.status_code < 300:
                raise _Refused(Answer(response.status_code, trouble_of(response.status_code)))
            return _Told(response.headers, etree.fromstring(said, _parser) if said.strip() else None)


def _of(upload: Upload) -> str:
    return f"uploadId={quote(upload.id, safe='')}"


def has_parts(target: Target, size: int) -> bool:
    """Whether a file of so many bytes goes in parts."""
    return target.method == "s3" and size > AT_ONCE
