"""What the audit log says, in Dutch."""

from __future__ import annotations

from bot.model import CLOSE_REASONS

# `what` of an entry, by its code. A deed without words shows its code.
DEEDS: dict[str, str] = {
    "account.away": "Neemt even geen gesprekken aan",
    "account.changed": "Account gewijzigd",
    "account.codes_renewed": "Nieuwe herstelcodes gemaakt",
    "account.created": "Account gemaakt",
    "account.disabled": "Account uitgezet",
    "account.enabled": "Account weer aangezet",
    "account.here": "Neemt weer gesprekken aan",
    "account.invited": "Uitgenodigd",
    "account.joined": "Uitnodiging aangenomen",
    "account.link_asked": "Link voor nieuw wachtwoord gevraagd",
    "account.link_made": "Link voor nieuw wachtwoord gemaakt",
    "account.link_revoked": "Link ingetrokken",
    "account.linked": "Account gekoppeld om mee in te loggen",
    "account.password_changed": "Wachtwoord gewijzigd",
    "account.password_reset": "Nieuw wachtwoord ingesteld met een link",
    "account.removed": "Account verwijderd",
    "account.totp_off": "Code bij het inloggen uitgezet",
    "account.totp_on": "Code bij het inloggen aangezet",
    "account.totp_reset": "Code bij het inloggen weggehaald",
    "account.unlinked": "Koppeling om mee in te loggen weggehaald",
    "conversation.mailed": "Gesprek naar de klant gemaild",
    "conversations.claim": "Gesprekken overgenomen",
    "conversations.close": "Gesprekken gesloten",
    "conversations.label": "Label op gesprekken gezet",
    "conversations.snooze": "Gesprekken weggelegd",
    "conversations.spam": "Gesprekken gesloten als spam",
    "conversations.transfer": "Gesprekken doorgestuurd",
    "crisis.changed": "Crisisstand gewijzigd",
    "crisis.ended": "Crisisstand uitgezet",
    "crisis.extended": "Crisisstand verlengd",
    "crisis.kept": "Crisisstand voorbereid",
    "crisis.on": "Crisisstand aangezet",
    "department.moved": "Volgorde van afdelingen gewijzigd",
    "department.removed": "Afdeling verwijderd",
    "department.saved": "Afdeling opgeslagen",
    "duty.added": "Dienst in het rooster gezet",
    "duty.copied": "Week van het rooster overgenomen",
    "duty.removed": "Dienst uit het rooster gehaald",
    "hook.created": "Webhook gemaakt",
    "hook.removed": "Webhook verwijderd",
    "hook.saved": "Webhook opgeslagen",
    "hook.secret_renewed": "Nieuw geheim voor webhook gemaakt",
    "label.changed": "Label gewijzigd",
    "label.created": "Label gemaakt",
    "label.removed": "Label verwijderd",
    "list.changed": "Lijst gewijzigd",
    "list.created": "Lijst gemaakt",
    "list.removed": "Lijst verwijderd",
    "person.joined": "Klanten samengevoegd",
    "person.lists": "Lijsten van een klant gewijzigd",
    "person.parted": "Klanten weer uit elkaar gehaald",
    "session.all_ended": "Overal uitgelogd",
    "session.ended": "Op één apparaat uitgelogd",
    "sign_in.failed": "Inloggen mislukt",
    "sign_in.succeeded": "Ingelogd",
    "template.restored": "Oude versie van antwoord teruggezet",
    "template.rules": "Regels voor antwoorden gewijzigd",
    "template.saved": "Antwoord opgeslagen",
    "token.created": "Token gemaakt",
    "token.revoked": "Token ingetrokken",
    "topic.created": "Onderwerp gemaakt",
    "topic.merged": "Onderwerp samengevoegd met een ander",
    "topic.restored": "Oude versie van onderwerp teruggezet",
    "topic.retired": "Onderwerp uit gebruik gehaald",
    "topic.revived": "Onderwerp weer in gebruik genomen",
    "topic.saved": "Onderwerp opgeslagen",
    "trial.example": "Geprobeerd bericht als voorbeeld toegevoegd",
    "trial.test": "Geprobeerd bericht als toetsvraag toegevoegd",
}

# What a deed is about: the part of its code before the dot.
KINDS: dict[str, str] = {
    "account": "Accounts",
    "sign_in": "Inloggen",
    "session": "Apparaten",
    "token": "Tokens",
    "template": "Antwoorden",
    "crisis": "Crisisstand",
    "topic": "Onderwerpen",
    "department": "Afdelingen",
    "duty": "Rooster",
    "conversation": "Gesprekken",
    "conversations": "Veel gesprekken tegelijk",
    "person": "Klanten",
    "list": "Lijsten",
    "label": "Labels",
    "hook": "Webhooks",
    "connector": "Koppelingen",
    "trial": "Proberen",
}

# Details that the program itself writes, commas between.
DETAILS: dict[str, str] = {
    **{code: reason.lower() for code, reason in CLOSE_REASONS.items()},
    "review on": "tweede paar ogen aan",
    "review off": "tweede paar ogen uit",
    "wrong password": "verkeerd wachtwoord",
    "too many attempts": "te vaak geprobeerd",
    "unknown name": "onbekende inlognaam",
    "wrong code": "verkeerde code",
    "too many codes": "te veel verkeerde codes",
    "password": "met wachtwoord",
    "name": "naam",
    "email": "e-mailadres",
    "roles": "rollen",
    "capacity": "aantal gesprekken",
    "agent": "medewerker",
    "editor": "redacteur",
    "manager": "teamleider",
    "admin": "beheerder",
}


def deed(what: str) -> str:
    return DEEDS.get(what, what)


def details(text: str) -> str:
    return ", ".join(DETAILS.get(part, part) for part in text.split(", "))
