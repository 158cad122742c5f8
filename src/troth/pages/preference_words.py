"""The words of the preference page. What a person was shown is evidence: change `VERSION` with any of them."""

from __future__ import annotations

from typing import Final

from troth.consent.catalog import CLICK_TRACKING, DEFAULTS, MARKETING_EMAIL, OPEN_TRACKING, PROFILING, PurposeRule

VERSION = "preferences-2026-3"
WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "my_data": "See everything that is held about you",
        "title": "Your choices",
        "introduction": "{sender} asks you before it does the following. You can change your mind here at any time. Nothing else depends on it.",
        "agree": "Yes, I agree",
        "agreed": "Agreed",
        "not_agreed": "Not agreed",
        "topics": "What about",
        "objections": "What we do without asking",
        "objections_more": "The law lets {sender} do this unless you object. You need not say why.",
        "object": "I object",
        "objected": "You objected",
        "not_objected": "You have not objected",
        "channels": "How we may reach you with it",
        "channel:email": "By e-mail",
        "channel:push": "On your phone or in your browser",
        "channel:sms": "By text message",
        "channel:webhook": "By other services",
        "pace": "How often",
        "pace_any": "As it comes",
        "pace:7": "At most once a week",
        "pace:30": "At most once in 30 days",
        "save": "Save",
        "stop": "No to everything",
        "stop_more": "Takes back all you agreed to, objects to the rest, and you are not asked again. What you ordered goes on.",
        "stopped": "Done. Nothing of all this happens any more.",
        "saved": "Saved. It counts from now on.",
        "unchanged": "Nothing to change: everything was already as you chose.",
        "nothing": "{sender} does nothing that needs your consent.",
        "restricted": "Your data is locked at the moment: nothing is done with it, whatever you choose here. Your choices count once that ends.",
        "gpc": "Your browser says that your data is not to be sold or shared (Global Privacy Control). We record that as your objection "
        "when you save, to: {purposes}.",
        "receipt": "Receipt",
        "preview": "This is a preview: nothing is saved.",
        f"name:{MARKETING_EMAIL}": "News and offers by e-mail",
        f"name:{PROFILING}": "Choose messages by behaviour",
        f"name:{OPEN_TRACKING}": "Measure who opens mail",
        f"name:{CLICK_TRACKING}": "Measure who clicks links",
        MARKETING_EMAIL: "We write to you about news, offers and tips.",
        PROFILING: "We look at what you do with our product to choose which messages you get.",
        OPEN_TRACKING: "We note when you open a mail from us. Without this, we do not know.",
        CLICK_TRACKING: "We note which links in our mail you follow. Without this, we do not know.",
        "footer": "No cookies, no tracking on this page.",
    },
    "de": {
        "my_data": "Alles ansehen, was über Sie gespeichert ist",
        "title": "Ihre Entscheidungen",
        "introduction": "{sender} fragt Sie, bevor Folgendes geschieht. Sie können es sich hier jederzeit anders überlegen. Sonst hängt nichts davon ab.",
        "agree": "Ja, ich bin einverstanden",
        "agreed": "Einverstanden",
        "not_agreed": "Nicht einverstanden",
        "topics": "Worüber",
        "objections": "Was wir ohne zu fragen tun",
        "objections_more": "Das Gesetz erlaubt es {sender}, solange Sie nicht widersprechen. Gründe brauchen Sie nicht.",
        "object": "Ich widerspreche",
        "objected": "Sie haben widersprochen",
        "not_objected": "Sie haben nicht widersprochen",
        "channels": "Wie wir Sie damit erreichen dürfen",
        "channel:email": "Per E-Mail",
        "channel:push": "Auf Ihrem Telefon oder in Ihrem Browser",
        "channel:sms": "Per SMS",
        "channel:webhook": "Über andere Dienste",
        "pace": "Wie oft",
        "pace_any": "Wie es kommt",
        "pace:7": "Höchstens einmal in der Woche",
        "pace:30": "Höchstens einmal in 30 Tagen",
        "save": "Speichern",
        "stop": "Nein zu allem",
        "stop_more": "Nimmt alles zurück, womit Sie einverstanden waren, widerspricht dem Übrigen, und Sie werden nicht mehr gefragt. Was Sie bestellt "
        "haben, läuft weiter.",
        "stopped": "Erledigt. Nichts davon geschieht mehr.",
        "saved": "Gespeichert. Es gilt ab jetzt.",
        "unchanged": "Nichts zu ändern: Es war schon alles so, wie Sie es gewählt haben.",
        "nothing": "{sender} tut nichts, was Ihre Einwilligung braucht.",
        "restricted": "Ihre Daten sind zurzeit gesperrt: Nichts geschieht mit ihnen, gleich was Sie hier wählen. Ihre Wahl gilt, sobald das endet.",
        "gpc": "Ihr Browser sagt, dass Ihre Daten nicht verkauft oder weitergegeben werden sollen (Global Privacy Control). Beim Speichern "
        "halten wir das als Ihren Widerspruch fest, und zwar gegen: {purposes}.",
        "receipt": "Beleg",
        "preview": "Dies ist eine Vorschau: Nichts wird gespeichert.",
        f"name:{MARKETING_EMAIL}": "Neuigkeiten und Angebote per E-Mail",
        f"name:{PROFILING}": "Nachrichten nach Verhalten auswählen",
        f"name:{OPEN_TRACKING}": "Messen, wer Mails öffnet",
        f"name:{CLICK_TRACKING}": "Messen, wer Links folgt",
        MARKETING_EMAIL: "Wir schreiben Ihnen über Neuigkeiten, Angebote und Tipps.",
        PROFILING: "Wir sehen uns an, was Sie mit unserem Produkt tun, um auszuwählen, welche Nachrichten Sie bekommen.",
        OPEN_TRACKING: "Wir halten fest, wann Sie eine Mail von uns öffnen. Ohne das wissen wir es nicht.",
        CLICK_TRACKING: "Wir halten fest, welchen Links in unseren Mails Sie folgen. Ohne das wissen wir es nicht.",
        "footer": "Keine Cookies, keine Beobachtung auf dieser Seite.",
    },
    "fr": {
        "my_data": "Voir tout ce qui est détenu sur vous",
        "title": "Vos choix",
        "introduction": "{sender} vous demande avant de faire ce qui suit. Vous pouvez changer d’avis ici à tout moment. Rien d’autre n’en dépend.",
        "agree": "Oui, je suis d’accord",
        "agreed": "D’accord",
        "not_agreed": "Pas d’accord",
        "topics": "À quel sujet",
        "objections": "Ce que nous faisons sans demander",
        "objections_more": "La loi le permet à {sender} tant que vous ne vous y opposez pas. Vous n’avez pas à dire pourquoi.",
        "object": "Je m’y oppose",
        "objected": "Vous vous y êtes opposé",
        "not_objected": "Vous ne vous y êtes pas opposé",
        "channels": "Comment nous pouvons vous joindre à ce sujet",
        "channel:email": "Par e-mail",
        "channel:push": "Sur votre téléphone ou dans votre navigateur",
        "channel:sms": "Par SMS",
        "channel:webhook": "Par d’autres services",
        "pace": "À quelle fréquence",
        "pace_any": "Comme cela vient",
        "pace:7": "Au plus une fois par semaine",
        "pace:30": "Au plus une fois en 30 jours",
        "save": "Enregistrer",
        "stop": "Non à tout",
        "stop_more": "Retire tout ce que vous avez accepté, s’oppose au reste, et on ne vous le demandera plus. Ce que vous avez commandé continue.",
        "stopped": "C’est fait. Plus rien de tout cela n’a lieu.",
        "saved": "Enregistré. Cela compte à partir de maintenant.",
        "unchanged": "Rien à changer : tout était déjà comme vous l’avez choisi.",
        "nothing": "{sender} ne fait rien qui demande votre consentement.",
        "restricted": "Vos données sont bloquées pour le moment : rien n’en est fait, quoi que vous choisissiez ici. Vos choix compteront ensuite.",
        "gpc": "Votre navigateur dit que vos données ne doivent être ni vendues ni partagées (Global Privacy Control). Nous l’enregistrons comme "
        "votre opposition quand vous enregistrez, à : {purposes}.",
        "receipt": "Reçu",
        "preview": "Ceci est un aperçu : rien n’est enregistré.",
        f"name:{MARKETING_EMAIL}": "Nouvelles et offres par e-mail",
        f"name:{PROFILING}": "Choisir les messages selon le comportement",
        f"name:{OPEN_TRACKING}": "Mesurer qui ouvre les e-mails",
        f"name:{CLICK_TRACKING}": "Mesurer qui suit les liens",
        MARKETING_EMAIL: "Nous vous écrivons au sujet de nouvelles, d’offres et de conseils.",
        PROFILING: "Nous regardons ce que vous faites avec notre produit pour choisir les messages que vous recevez.",
        OPEN_TRACKING: "Nous notons quand vous ouvrez un e-mail de notre part. Sans cela, nous ne le savons pas.",
        CLICK_TRACKING: "Nous notons quels liens de nos e-mails vous suivez. Sans cela, nous ne le savons pas.",
        "footer": "Pas de cookies, pas de suivi sur cette page.",
    },
    "es": {
        "my_data": "Ver todo lo que se guarda sobre usted",
        "title": "Sus decisiones",
        "introduction": "{sender} le pregunta antes de hacer lo siguiente. Puede cambiar de opinión aquí en cualquier momento. Nada más depende de ello.",
        "agree": "Sí, estoy de acuerdo",
        "agreed": "De acuerdo",
        "not_agreed": "No de acuerdo",
        "topics": "Sobre qué",
        "objections": "Lo que hacemos sin preguntar",
        "objections_more": "La ley se lo permite a {sender} mientras usted no se oponga. No tiene que decir por qué.",
        "object": "Me opongo",
        "objected": "Usted se opuso",
        "not_objected": "Usted no se ha opuesto",
        "channels": "Cómo podemos hacérselo llegar",
        "channel:email": "Por correo electrónico",
        "channel:push": "En su teléfono o en su navegador",
        "channel:sms": "Por SMS",
        "channel:webhook": "Por otros servicios",
        "pace": "Con qué frecuencia",
        "pace_any": "Según venga",
        "pace:7": "Como mucho una vez por semana",
        "pace:30": "Como mucho una vez en 30 días",
        "save": "Guardar",
        "stop": "No a todo",
        "stop_more": "Retira todo lo que aceptó, se opone al resto y no se le volverá a preguntar. Lo que ha pedido continúa.",
        "stopped": "Hecho. Ya no ocurre nada de todo esto.",
        "saved": "Guardado. Cuenta desde ahora.",
        "unchanged": "Nada que cambiar: todo estaba ya como usted eligió.",
        "nothing": "{sender} no hace nada que necesite su consentimiento.",
        "restricted": "Sus datos están bloqueados por ahora: no se hace nada con ellos, elija lo que elija aquí. Sus decisiones contarán cuando eso acabe.",
        "gpc": "Su navegador dice que sus datos no deben venderse ni compartirse (Global Privacy Control). Lo registramos como su oposición "
        "cuando guarde, a: {purposes}.",
        "receipt": "Comprobante",
        "preview": "Esto es una vista previa: no se guarda nada.",
        f"name:{MARKETING_EMAIL}": "Novedades y ofertas por correo",
        f"name:{PROFILING}": "Elegir mensajes según el comportamiento",
        f"name:{OPEN_TRACKING}": "Medir quién abre los correos",
        f"name:{CLICK_TRACKING}": "Medir quién sigue los enlaces",
        MARKETING_EMAIL: "Le escribimos sobre novedades, ofertas y consejos.",
        PROFILING: "Miramos lo que hace con nuestro producto para elegir qué mensajes recibe.",
        OPEN_TRACKING: "Anotamos cuándo abre un correo nuestro. Sin esto, no lo sabemos.",
        CLICK_TRACKING: "Anotamos qué enlaces de nuestros correos sigue. Sin esto, no lo sabemos.",
        "footer": "Sin cookies ni seguimiento en esta página.",
    },
}
_DEFAULT_NAMES = {key: name for key, name, _, _ in DEFAULTS}


def name_in(rule: PurposeRule, language: str) -> str:
    """What a purpose is called: as the workspace calls it, or where that left Troth's own name, as that is in the language."""
    return translate_name(rule.key, rule.name, language)


def translate_name(key: str, name: str, language: str) -> str:
    """The name that a purpose had, likewise."""
    is_ours = name == _DEFAULT_NAMES.get(key)
    return WORDS[language].get(f"name:{key}", name) if is_ours else name


def explain(rule: PurposeRule, language: str) -> str:
    """One plain sentence about a purpose: the workspace's own, else ours; empty where its name has to do."""
    return rule.description_in(language) or WORDS[language].get(rule.key, "")


def notice_of(language: str, sender: str, *parts: str) -> str:
    """All that the page says about one box, word for word, as it is kept with a consent (Art. 7(1))."""
    return "\n".join(part for part in (WORDS[language]["introduction"].format(sender=sender), *parts) if part)
