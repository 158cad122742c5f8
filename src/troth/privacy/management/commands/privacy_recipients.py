"""`troth privacy recipients WS`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.downstream.answering import Means, find_notice, record_answer, take_back, tell_again
from troth.privacy.downstream.reading import list_notices, plain_answer, plain_notice
from troth.privacy.downstream.ways import set_way
from troth.privacy.models.disclosures import RecipientNotice, Way
from troth.privacy.processors.register import find_processor
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List who was told of what persons asked for (Art. 19) and what they answered; record an answer, tell anew, set how a processor is told."""

    help = "Recipients of persons' data, and what they answered; --show ID, --answer ID ANSWER --by MEANS, --again ID, --take-back ID, --way PROCESSOR WAY [ADDRESS]."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --owing, --request, --show, --answer, --by, --again, --take-back, --way, --authorization, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--owing", action="store_true", help="only who has not answered")
        parser.add_argument("--request", metavar="ID", help="only those of one request")
        parser.add_argument("--show", metavar="ID", help="one, with the proofs of what they answered")
        parser.add_argument("--answer", nargs=2, metavar=("ID", "ANSWER"), help="record: told, in_progress, done or refused")
        parser.add_argument("--by", choices=[means.value for means in Means], default=Means.MAIL.value, help="by what it was heard")
        parser.add_argument("--again", metavar="ID", help="begin to tell them anew")
        parser.add_argument("--take-back", metavar="ID", help="ask them not to do it")
        parser.add_argument(
            "--way", nargs="+", metavar="WORD", help=f"PROCESSOR {'|'.join(Way.values)}|none [ADDRESS]: how a processor is told"
        )
        parser.add_argument("--authorization", metavar="TEXT", help="with --way: what is said in the header")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then list."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["answer"]:
            notice_id, answer = options["answer"]
            record_answer(self._find(workspace_id, notice_id), answer, options["by"], user_id=0, now=now)
        if options["again"]:
            tell_again(self._find(workspace_id, options["again"]), now=now)
        if options["take_back"]:
            take_back(self._find(workspace_id, options["take_back"]), now=now)
        if options["way"]:
            self._set_way(workspace_id, options["way"], options["authorization"], now)
            return
        if options["show"]:
            own = self._find(workspace_id, options["show"])
            whole = {**plain_notice(own), "answers": [plain_answer(one) for one in own.answers.order_by("pk")]}
            self.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False))
            return
        request_id = _uuid(options["request"]) if options["request"] else None
        rows = [plain_notice(own) for own in list_notices(workspace_id, request_id=request_id, owing=options["owing"])[:1_000]]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            silent = "  SILENT" if row["is_silent"] else ""
            trouble = f" ({row['trouble']})" if row["trouble"] else ""
            self.stdout.write(
                f"{row['id']}  {row['opened_at'][:10]} {row['right']:18} {row['way'] or 'by hand':8} {row['answer']:14} {row['recipient']}{trouble}{silent}"
            )

    def _set_way(self, workspace_id: int, words: list[str], authorization: str | None, now: int) -> None:
        if len(words) not in (2, 3) or not (words[0].isascii() and words[0].isdigit()):
            raise CommandError("--way takes the id of a processor, a way, and its address.")
        way = "" if words[1] == "none" else words[1]
        own = set_way(find_processor(workspace_id, int(words[0])), way, "".join(words[2:]), authorization=authorization, now=now)
        self.stdout.write(f"Told by {own.way}: {own.address}" if own else "Not told by Troth: members do it.")

    def _find(self, workspace_id: int, notice_id: str) -> RecipientNotice:
        return find_notice(workspace_id, _uuid(notice_id))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CommandError("That is no id of a notice or request.") from None
