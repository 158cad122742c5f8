"""The page on which a workspace tells everybody how it handles data; there while the workspace has switched it on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from troth.consent.purpose_names import translate_name
from troth.kernel.clock import now_ms
from troth.kernel.spoken_durations import say_duration_in
from troth.pages.languages import choose_language
from troth.pages.sender import sender_of
from troth.privacy.models import Processor
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.reading import last_proof
from troth.privacy.record.companies import TOOLS_IN_WORDS
from troth.privacy.transparency import read_transparency
from troth.workspaces.models import Workspace

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "How {sender} handles your data",
        "purposes": "What it is used for",
        "basis": "Because of",
        "kept": "Kept for",
        "always": "as long as you are known here",
        "recipients": "Who gets it",
        "nobody": "nobody else",
        "transfers": "Outside the European Economic Area",
        "no": "no",
        "processors": "Companies that process it for us",
        "from_day": "from {day} on",
        "feed": "Every change, as a feed",
        "notices": "What people are told",
        "version": "version",
        "requests": "Requests of the last year",
        "few": "Fewer than five of a kind are not told, for they might tell of somebody.",
        "answered": "answered in {days} days in the middle",
        "open": "not answered yet",
        "none": "There were none.",
        "ledger": "Proof",
        "ledger_says": "{number} decisions and erasures stand in a ledger that nobody can change unseen.",
        "checkpoint": "Its signed head",
        "proven": "Two made-up people are put through everything here every day; one is erased, and every byte is searched for them. On {day} nothing of the erased one was found.",
        "not_proven": "Two made-up people are put through everything here every day; one is erased, and every byte is searched for them. On {day} this did not hold, and it is being looked into.",
        "statement": "The signed statement",
        "yours": "Your own data",
        "ask": "See, correct or delete what is held about you",
        "contact": "Questions",
        "footer": "No cookies, no tracking on this page.",
    },
    "de": {
        "title": "Wie {sender} mit Ihren Daten umgeht",
        "purposes": "Wofür sie gebraucht werden",
        "basis": "Weil",
        "kept": "Aufbewahrt",
        "always": "solange man Sie hier kennt",
        "recipients": "Wer sie bekommt",
        "nobody": "sonst niemand",
        "transfers": "Außerhalb des Europäischen Wirtschaftsraums",
        "no": "nein",
        "processors": "Unternehmen, die sie für uns verarbeiten",
        "from_day": "ab {day}",
        "feed": "Jede Änderung, als Feed",
        "notices": "Was den Menschen gesagt wird",
        "version": "Fassung",
        "requests": "Anträge des letzten Jahres",
        "few": "Weniger als fünf einer Art werden nicht genannt, denn sie könnten etwas über jemanden sagen.",
        "answered": "in der Mitte nach {days} Tagen beantwortet",
        "open": "noch nicht beantwortet",
        "none": "Es gab keine.",
        "ledger": "Beweis",
        "ledger_says": "{number} Entscheidungen und Löschungen stehen in einem Buch, das niemand ungesehen ändern kann.",
        "checkpoint": "Sein unterschriebener Stand",
        "proven": "Jeden Tag durchlaufen zwei erfundene Menschen alles hier; einer wird gelöscht, und jedes Byte wird nach ihnen durchsucht. Am {day} war vom Gelöschten nichts zu finden.",
        "not_proven": "Jeden Tag durchlaufen zwei erfundene Menschen alles hier; einer wird gelöscht, und jedes Byte wird nach ihnen durchsucht. Am {day} hielt das nicht, und es wird untersucht.",
        "statement": "Die unterschriebene Erklärung",
        "yours": "Ihre eigenen Daten",
        "ask": "Sehen, berichtigen oder löschen, was über Sie gespeichert ist",
        "contact": "Fragen",
        "footer": "Keine Cookies, keine Beobachtung auf dieser Seite.",
    },
    "fr": {
        "title": "Comment {sender} traite vos données",
        "purposes": "À quoi elles servent",
        "basis": "Fondement",
        "kept": "Conservées",
        "always": "tant que vous êtes connu ici",
        "recipients": "Qui les reçoit",
        "nobody": "personne d’autre",
        "transfers": "Hors de l’Espace économique européen",
        "no": "non",
        "processors": "Entreprises qui les traitent pour nous",
        "from_day": "à partir du {day}",
        "feed": "Chaque changement, en flux",
        "notices": "Ce qui est dit aux personnes",
        "version": "version",
        "requests": "Demandes de l’année passée",
        "few": "Moins de cinq d’un type ne sont pas indiquées : elles pourraient révéler quelqu’un.",
        "answered": "réponse en {days} jours (médiane)",
        "open": "pas encore de réponse",
        "none": "Il n’y en a pas eu.",
        "ledger": "Preuve",
        "ledger_says": "{number} décisions et effacements figurent dans un registre que nul ne peut changer sans que cela se voie.",
        "checkpoint": "Son état signé",
        "proven": "Chaque jour, deux personnes inventées passent par tout ce qui existe ici ; l’une est effacée, et chaque octet est examiné. Le {day}, rien de la personne effacée n’a été trouvé.",
        "not_proven": "Chaque jour, deux personnes inventées passent par tout ce qui existe ici ; l’une est effacée, et chaque octet est examiné. Le {day}, cela n’a pas tenu ; c’est en cours d’examen.",
        "statement": "La déclaration signée",
        "yours": "Vos propres données",
        "ask": "Voir, corriger ou effacer ce qui est conservé sur vous",
        "contact": "Questions",
        "footer": "Ni cookies ni suivi sur cette page.",
    },
    "es": {
        "title": "Cómo trata {sender} sus datos",
        "purposes": "Para qué se usan",
        "basis": "Fundamento",
        "kept": "Se conservan",
        "always": "mientras se le conozca aquí",
        "recipients": "Quién los recibe",
        "nobody": "nadie más",
        "transfers": "Fuera del Espacio Económico Europeo",
        "no": "no",
        "processors": "Empresas que los tratan por nosotros",
        "from_day": "desde el {day}",
        "feed": "Cada cambio, como canal",
        "notices": "Qué se dice a las personas",
        "version": "versión",
        "requests": "Solicitudes del último año",
        "few": "Menos de cinco de un tipo no se indican: podrían revelar a alguien.",
        "answered": "respondidas en {days} días (mediana)",
        "open": "aún sin respuesta",
        "none": "No hubo ninguna.",
        "ledger": "Prueba",
        "ledger_says": "{number} decisiones y supresiones constan en un registro que nadie puede cambiar sin que se vea.",
        "checkpoint": "Su estado firmado",
        "proven": "Cada día, dos personas inventadas pasan por todo aquí; una se suprime y se busca en cada byte. El {day} no se encontró nada de la persona suprimida.",
        "not_proven": "Cada día, dos personas inventadas pasan por todo aquí; una se suprime y se busca en cada byte. El {day} no se cumplió, y se está investigando.",
        "statement": "La declaración firmada",
        "yours": "Sus propios datos",
        "ask": "Ver, corregir o borrar lo que se guarda sobre usted",
        "contact": "Preguntas",
        "footer": "Sin cookies ni seguimiento en esta página.",
    },
}
BASES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"consent": "your consent", "contract": "a contract with you", "legal_obligation": "a legal obligation", "vital_interest": "vital interests", "public_task": "a public task", "legitimate_interest": "a legitimate interest"},
    "de": {"consent": "Ihrer Einwilligung", "contract": "eines Vertrags mit Ihnen", "legal_obligation": "einer rechtlichen Pflicht", "vital_interest": "lebenswichtiger Interessen", "public_task": "einer öffentlichen Aufgabe", "legitimate_interest": "eines berechtigten Interesses"},
    "fr": {"consent": "votre consentement", "contract": "un contrat avec vous", "legal_obligation": "une obligation légale", "vital_interest": "des intérêts vitaux", "public_task": "une mission publique", "legitimate_interest": "un intérêt légitime"},
    "es": {"consent": "su consentimiento", "contract": "un contrato con usted", "legal_obligation": "una obligación legal", "vital_interest": "intereses vitales", "public_task": "una misión pública", "legitimate_interest": "un interés legítimo"},
}  # fmt: skip
RIGHTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"access": "access", "portability": "portability", "erasure": "erasure", "rectification": "correction", "restriction": "restriction", "objection": "objection", "consent_withdrawal": "withdrawal of consent", "human_review": "human review"},
    "de": {"access": "Auskunft", "portability": "Übertragung", "erasure": "Löschung", "rectification": "Berichtigung", "restriction": "Einschränkung", "objection": "Widerspruch", "consent_withdrawal": "Widerruf der Einwilligung", "human_review": "Prüfung durch einen Menschen"},
    "fr": {"access": "accès", "portability": "portabilité", "erasure": "effacement", "rectification": "rectification", "restriction": "limitation", "objection": "opposition", "consent_withdrawal": "retrait du consentement", "human_review": "examen par une personne"},
    "es": {"access": "acceso", "portability": "portabilidad", "erasure": "supresión", "rectification": "rectificación", "restriction": "limitación", "objection": "oposición", "consent_withdrawal": "retirada del consentimiento", "human_review": "revisión humana"},
}  # fmt: skip


@require_safe
def transparency(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """`?lang=`: in which language."""
    workspace = Workspace.objects.filter(pk=workspace_id, is_transparent=True, leaves_at=None).first()
    if workspace is None:
        raise Http404
    language = choose_language(request, list(WORDS), request.GET.get("lang", ""))
    words, told, sender = WORDS[language], read_transparency(workspace, now_ms()), sender_of(workspace.pk)
    bases, rights = BASES[language], RIGHTS[language]
    return render(
        request,
        "pages/transparency.html",
        {
            "language": language,
            "words": words,
            "sender": sender,
            "title": words["title"].format(sender=sender),
            "told": told,
            "purposes": [
                (
                    purpose,
                    translate_name(purpose.key, purpose.name, language),
                    purpose.description.get(language) or purpose.description.get("en", ""),
                    bases.get(purpose.legal_basis, purpose.legal_basis),
                    say_duration_in(purpose.retention, language) or words["always"],
                    list(dict.fromkeys([*purpose.recipients, *(own.name for own in told.companies[purpose.key])])),
                    [text for text in (purpose.transfers, *map(_tell_transfer, told.companies[purpose.key])) if text],
                )
                for purpose in told.purposes
            ],
            "notices": [(one, datetime.fromtimestamp(one.published_at / 1000, UTC).date().isoformat()) for one in told.notices],
            "requests": [
                (
                    rights.get(one.type, one.type.replace("_", " ")),
                    one.number,
                    words["open"] if one.days is None else words["answered"].format(days=one.days),
                )
                for one in told.requests
            ],
            "processors": [
                (own, words["from_day"].format(day=datetime.fromtimestamp(own.effective_at / 1000, UTC).date().isoformat()))
                for own in told.processors
            ],
            "ledger_says": words["ledger_says"].format(number=told.ledger),
            "proof_says": _tell_proof(told.proof, words),
        },
    )


@require_safe
def statement(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """The signed statement of the newest proof of erasure; it holds no value of anybody."""
    if not Workspace.objects.filter(pk=workspace_id, is_transparent=True).exists() or (found := last_proof()) is None:
        raise Http404
    return HttpResponse(found.certificate, content_type="application/json")


def _tell_transfer(own: Processor) -> str:
    """A company outside the EEA, and where; empty: it is inside, or nobody said."""
    return f"{own.name} ({own.location})" if own.transfer_tool in TOOLS_IN_WORDS else ""


def _tell_proof(proof: ProofRun | None, words: Mapping[str, str]) -> str:
    if proof is None:
        return ""
    said = words["proven"] if proof.state == ProofState.PASSED else words["not_proven"]
    return said.format(day=datetime.fromtimestamp(proof.begun_at / 1000, UTC).date().isoformat())
