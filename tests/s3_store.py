"""A store that speaks S3 as far as uploads in parts go; it keeps what it was given and checks every signature."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests.http_server import Answer, Asked

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass
class Store:
    """`objects` by path; `uploads` by id: number → bytes of the parts that are there. Lists come `page` parts at a time."""

    is_signed: Callable[[Asked], bool]
    page: int = 2
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    begun: int = 0
    put: list[int] = field(default_factory=list)
    """Numbers of the parts, in the order in which they came."""

    def __call__(self, asked: Asked) -> Answer:
        parts = urlsplit(asked.path)
        said = dict(parse_qsl(parts.query, keep_blank_values=True))
        if not self.is_signed(asked) or hashlib.sha256(asked.body).hexdigest() != asked.headers["x-amz-content-sha256"]:
            return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        if asked.method == "POST" and "uploads" in said:
            self.begun += 1
            self.uploads[f"up/load+{self.begun}"] = {}
            return (
                200,
                f"<InitiateMultipartUploadResult {NAMESPACE}><UploadId>up/load+{self.begun}</UploadId></InitiateMultipartUploadResult>".encode(),
            )
        if "uploadId" not in said:
            self.objects[parts.path] = asked.body
            return 200, b""
        there = self.uploads.get(said["uploadId"])
        if there is None:
            return 404, b"<Error><Code>NoSuchUpload</Code></Error>"
        if asked.method == "PUT":
            self.put.append(int(said["partNumber"]))
            there[int(said["partNumber"])] = asked.body
            return 200, b"", {"ETag": _tag(asked.body)}
        if asked.method == "GET":
            return 200, self._listed(there, int(said["part-number-marker"]))
        del self.uploads[said["uploadId"]]
        if asked.method == "DELETE":
            return 204, b""
        wanted = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>(.*?)</ETag>", asked.body.decode())
        if [(int(number), tag) for number, tag in wanted] != [(number, _tag(body)) for number, body in sorted(there.items())]:
            return 200, b"<Error><Code>InvalidPart</Code></Error>"
        self.objects[parts.path] = b"".join(body for _, body in sorted(there.items()))
        return 200, f"\n<CompleteMultipartUploadResult {NAMESPACE}><ETag>whole-{len(there)}</ETag></CompleteMultipartUploadResult>".encode()

    def _listed(self, there: dict[int, bytes], after: int) -> bytes:
        rest = sorted(number for number in there if number > after)
        shown = rest[: self.page]
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{_tag(there[number])}</ETag><Size>{len(there[number])}</Size></Part>"
            for number in shown
        )
        more = f"<NextPartNumberMarker>{shown[-1]}</NextPartNumberMarker>" if shown else ""
        return f"<ListPartsResult {NAMESPACE}><IsTruncated>{str(len(rest) > len(shown)).lower()}</IsTruncated>{more}{parts}</ListPartsResult>".encode()


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
