"""An SMTP server that only counts: `python -m bench.sink PORT FILE [DELAY_MS]`. Stands in where Debian's `smtp-sink` is not installed.

Each recipient is written to FILE before the mail is answered, so that what a client was told was taken is on record. DELAY_MS passes before each answer.
It offers PIPELINING (RFC 2920) and 8BITMIME.
"""

from __future__ import annotations

import asyncio
import os
import sys


async def main() -> None:
    """Serve until SIGTERM."""
    port, path, delay = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.0
    kept = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, kept, delay)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=2**24, backlog=512)
    async with server:
        await server.serve_forever()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: int, delay: float) -> None:
    async def answer(line: bytes) -> None:
        if delay:
            await asyncio.sleep(delay)
        writer.write(line + b"\r\n")

    await answer(b"220 sink")
    recipients: list[bytes] = []
    while line := await reader.readline():
        word = line[:4].upper()
        if word in (b"EHLO", b"HELO"):
            await answer(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
        elif word == b"MAIL":
            recipients = []
            await answer(b"250 ok")
        elif word == b"RCPT":
            recipients.append(line.partition(b"<")[2].partition(b">")[0])
            await answer(b"250 ok")
        elif word == b"DATA":
            await answer(b"354 go")
            await reader.readuntil(b"\r\n.\r\n")
            os.write(kept, b"".join(recipient + b"\n" for recipient in recipients))
            await answer(b"250 ok: queued as ABCDEF12345")
        elif word == b"QUIT":
            await answer(b"221 bye")
            return
        else:
            await answer(b"250 ok")


if __name__ == "__main__":
    asyncio.run(main())
