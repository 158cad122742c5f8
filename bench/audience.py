"""Makes an audience and its queue, for benchmarks and for the test that kills senders: `python -m bench.audience WORKSPACE NUMBER [SHARE]`.

Every person has consented and every message is queued; SHARE of a hundred are marketing (default 100), the others service. The first address is
`r0@example.com`, and so on.
"""

from __future__ import annotations

import sys

import django
from django.db import transaction

django.setup()

from troth.consent.catalog import PROFILING  # noqa: E402 -- Django has to be set up first
from troth.consent.decisions import DecisionRow, Said, record_decisions  # noqa: E402
from troth.content.publishing import issue_inline  # noqa: E402
from troth.kernel.clock import now_ms  # noqa: E402
from troth.kernel.ids import new_person_id  # noqa: E402
from troth.kernel.personal_data import Subject  # noqa: E402
from troth.messages.enqueue import NewMessage, enqueue  # noqa: E402
from troth.people.identifiers import EMAIL, EXTERNAL_ID, make_handle  # noqa: E402
from troth.people.queries import Profile, insert_identifiers, insert_persons  # noqa: E402

BATCH = 2_000
SOURCE = "newsletter:1"
HTML = (
    "<html><body><h1>Hello {{ person.first_name | default: 'you' }}</h1>{% if person.plan == 'pro' %}<p>As a pro customer you see it first.</p>{% endif %}"
    "<p>" + "Our shop has something new, and here is what it is good for. " * 12 + "</p>"
    "<ul>{% for i in (1..6) %}<li>Thing {{ i }} for {{ person.first_name }}</li>{% endfor %}</ul>"
    '<p><a href="https://shop.example/new">Look at it</a></p></body></html>'
)


def main() -> None:
    """Fill the database that TROTH_DATA or TROTH_DATABASE_URL names."""
    workspace_id, number = int(sys.argv[1]), int(sys.argv[2])
    share = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    template = issue_inline(workspace_id, {"subject": "News for {{ person.first_name }}", "html": HTML, "text": ""})
    for start in range(0, number, BATCH):
        with transaction.atomic():
            _fill(workspace_id, template.pk, range(start, min(number, start + BATCH)), share)


def _fill(workspace_id: int, template_id: int, numbers: range, share: int) -> None:
    now = now_ms()
    people = [(n, new_person_id()) for n in numbers]
    insert_persons(
        [(p, workspace_id, Profile({"first_name": f"Dana {n}", "plan": "pro" if n % 3 else "free"}, {}, []), now) for n, p in people]
    )
    handles = [
        (p, make_handle(workspace_id, kind, value))
        for n, p in people
        for kind, value in ((EXTERNAL_ID, f"r{n}"), (EMAIL, f"r{n}@example.com"))
    ]
    insert_identifiers([(p, workspace_id, handle, "import", now) for p, handle in handles if handle])
    record_decisions(
        [
            DecisionRow(subject=Subject(workspace_id, p), purpose=purpose, said=Said.GRANT, at=now, method="import", source="import")
            for _, p in people
            for purpose in ("marketing_email", PROFILING)
        ],
        now=now,
    )
    enqueue(
        [
            NewMessage(
                subject=Subject(workspace_id, p),
                source=SOURCE,
                occurrence=1,
                channel="email",
                purpose="marketing_email" if n % 100 < share else "service",
                is_marketing=n % 100 < share,
                template_id=template_id,
                due_at=now,
                context={},
                verdicts=[],
            )
            for n, p in people
        ],
        now,
    )


if __name__ == "__main__":
    main()
