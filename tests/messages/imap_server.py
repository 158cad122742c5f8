"""A mailbox that speaks as much IMAP (RFC 3501) as a client needs to read and delete mail."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """Its mails by their place, and who logged in."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def run_imap_server() -> Iterator[Mailbox]:
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("* OK ready")
            mails: dict[int, bytes] = {}
            doomed: set[int] = set()
            while line := self.rfile.readline().decode().strip():
                tag, _, said = line.partition(" ")
                word = said.split(" ")[0].upper()
                uid = said.upper().startswith("UID")
                word = said.split(" ")[1].upper() if uid else word
                if word == "CAPABILITY":
                    self.say("* CAPABILITY IMAP4rev1")
                elif word == "LOGIN":
                    if mailbox.refuses:
                        self.say(f"{tag} NO wrong")
                        continue
                    user, password = (part.strip('"') for part in said.split(" ")[1:3])
                    mailbox.logins.append((user, password))
                elif word in ("SELECT", "EXAMINE"):
                    mails = dict(enumerate(mailbox.mails, start=1))
                    self.say(f"* {len(mails)} EXISTS")
                elif word == "SEARCH":
                    self.say("* SEARCH " + " ".join(str(number) for number in mails if id(mails[number]) not in mailbox.seen))
                elif word == "FETCH":
                    numbers = self.numbers(said.split(" ")[2], mails)
                    for number in numbers:
                        raw = mails[number]
                        self.wfile.write(
                            f"* {number} FETCH (UID {number} FLAGS () RFC822.SIZE {len(raw)} BODY[] {{{len(raw)}}}\r\n".encode()
                        )
                        self.wfile.write(raw + b")\r\n")
                elif word == "STORE":
                    for number in self.numbers(said.split(" ")[2], mails):
                        if "DELETED" in said.upper():
                            doomed.add(number)
                        elif "SEEN" in said.upper():
                            mailbox.seen.add(id(mails[number]))
                elif word == "EXPUNGE":
                    gone = [id(mails[number]) for number in doomed]
                    mailbox.mails = [mail for mail in mailbox.mails if id(mail) not in gone]
                elif word == "LOGOUT":
                    self.say("* BYE")
                    self.say(f"{tag} OK")
                    return
                self.say(f"{tag} OK done")

        def numbers(self, said: str, mails: dict[int, bytes]) -> list[int]:
            found: list[int] = []
            for part in said.split(","):
                first, _, last = part.partition(":")
                found += range(int(first), int(last or first) + 1) if re.fullmatch(r"\d+", last or first) else list(mails)
            return [number for number in found if number in mails]

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mailbox.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
