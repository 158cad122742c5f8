"""What it takes to make one mail of a template: Liquid on compiled HTML and text, its measures and MIME; one core, in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

GOAL = 1_500
YARDSTICK = 0.65
"""On a machine where Django builds 2,300 such mails a second the goal is this much of that."""
ROUNDS = 3
SECONDS = 2.0
LAYOUT = """<html><head><style>
body{font-family:Arial,sans-serif;color:#222} h1{font-size:22px} .card{padding:12px;border:1px solid #ddd} .card a{color:#06c}
.quiet{color:#777;font-size:12px} td{padding:4px 8px} @media(max-width:480px){.card{padding:6px}}
</style></head><body><div class="card">{{ content }}</div>{% include 'footer', company: 'ACME GmbH' %}</body></html>"""
FOOTER = """<p class="quiet">{{ company }}, Hauptstraße 1, Berlin. You get this because you agreed to it.
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p>"""
BODY = (
    """<h1>Hi {{ person.first_name | default: "there" | capitalize }},</h1>
<p>{% if person.plan == "pro" %}thank you for being with us as a pro customer{% else %}your trial ends on {{ person.trial_ends | date: "%d %B %Y" }}{% endif %}.</p>
<ul>{% for item in event.properties.items %}<li><a href="https://shop.example/p/{{ item.sku | url_encode }}">{{ item.name }}</a>:
{{ item.price }} {{ event.properties.currency | upcase }}</li>{% endfor %}</ul>
<p>"""
    + "Some more words of the kind that such mails have, so that it is as long as they are. " * 25
    + """</p>
<p><a href="https://shop.example/orders/{{ event.properties.order }}">See your order</a></p>"""
)
MJML = """<mjml><mj-body><mj-section><mj-column><mj-text><h1>Hi {{ person.first_name | default: "there" | capitalize }}</h1></mj-text>
{% for item in event.properties.items %}<mj-text>{{ item.name }}: {{ item.price }}</mj-text>{% endfor %}
<mj-button href="https://shop.example/orders/{{ event.properties.order }}">See your order</mj-button>
<mj-text>{% include 'footer', company: 'ACME GmbH' %}</mj-text></mj-column></mj-section></mj-body></mjml>"""


def measure_content(note: Callable[[str, str, str, bool | None], None]) -> None:
    """Compile two templates as publishing does, then render them for one person after the other."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")
    os.environ.setdefault("TROTH_DATA", "bench-results/data-content")
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=os.environ, check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()
    from troth.content.compiling import Shelf, Written, compile_language

    shelf = Shelf(lambda key: FOOTER if key == "footer" else None, lambda _key: (LAYOUT, "html"))
    for name, body, fmt, layout in (("HTML", BODY, "html", "frame"), ("MJML", MJML, "mjml", "")):
        written = Written("email", "en", {"en": {"subject": "Your order {{ event.properties.order }}", "body": body}}, fmt, layout)
        begin = time.perf_counter()
        compiled = compile_language(written, "en", shelf)
        compile_ms = (time.perf_counter() - begin) * 1000
        pairs = [(_rate(compiled.mail), rate_of_django(compiled.html, compiled.text)) for _ in range(ROUNDS)]
        best, ratio = max(rate for rate, _ in pairs), max(rate / base for rate, base in pairs)
        size = len(compiled.html) // 1000
        note(
            f"{name} mail of {size} kB: Liquid and MIME, messages/s per core",
            f"{GOAL:,} or {YARDSTICK} of Django's MIME alone",
            f"{best:,.0f} = {ratio:.2f} of Django's MIME alone (compiled in {compile_ms:.0f} ms)",
            best >= GOAL or ratio >= YARDSTICK,
        )


def _rate(mail: object) -> float:
    """Mails a second of this process's own time, so that others on the machine do not count."""
    from troth.content.email_template import EmailTemplate, render_email
    from troth.messages.mail import build_mail

    assert isinstance(mail, EmailTemplate)
    items = [{"sku": f"sku {number}", "name": f"Thing & more {number}", "price": 9.5 + number} for number in range(5)]
    made, begin = 0, time.process_time()
    while time.process_time() - begin < SECONDS:
        for number in range(50):
            person = {"first_name": "dana", "plan": "pro" if number % 2 else "trial", "trial_ends": "2026-12-24", "id": str(number)}
            event = {"name": "ordered", "properties": {"items": items, "currency": "eur", "order": made + number}}
            url = f"https://mail.example/u/{made + number}-abcdefghijklmnopqrstuvwxyz0123456789"
            rendered = render_email(mail, {"person": person, "user": person, "event": event}, unsubscribe_url=url)
            build_mail(
                rendered,
                sender="ACME <news@acme.example>",
                recipient=f"dana{number}@customer.example",
                message_id=made + number,
                list_unsubscribe_url=url,
                date=1_790_000_000_000 + made,
            )
        made += 50
    return made / (time.process_time() - begin)


def rate_of_django(html: str, text: str) -> float:
    """The yardstick of this machine at this moment: Django's builder on a mail of this size, without any Liquid."""
    from django.core.mail import EmailMultiAlternatives

    made, begin = 0, time.process_time()
    while time.process_time() - begin < SECONDS:
        for number in range(20):
            mail = EmailMultiAlternatives("Your order", text, "ACME <news@acme.example>", [f"dana{number}@customer.example"])
            mail.attach_alternative(html, "text/html")
            mail.message().as_bytes()
        made += 20
    return made / (time.process_time() - begin)
