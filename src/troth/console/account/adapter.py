"""What django-allauth asks of us: nobody signs up by themselves, secrets are sealed, links point to our own address."""

from __future__ import annotations

import base64
import ipaddress
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from troth.console.access import client_address
from troth.console.mailing import can_mail, mail_member
from troth.kernel.clock import now_ms
from troth.kernel.crypto import open_sealed, seal

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

SECRETS = b"second-factor/v1"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Log-in, password and mail."""

    error_messages = {  # noqa: RUF012 -- overrides a plain dictionary
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail address and password do not fit together."),
        "too_many_login_attempts": _("Too many attempts failed. Please wait five minutes, or log in with a passkey."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: a user comes in by an invitation, or from the command line."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address of the browser, and a stand-in where the server in front of us hands over none."""
        try:
            return str(ipaddress.ip_address(client_address(request)))
        except ValueError:
            return "0.0.0.0"  # noqa: S104 -- not bound to, only counted

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Addresses are kept in lower case, however they are typed."""
        if "email" in credentials:
            credentials["email"] = str(credentials["email"]).strip().lower()
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return user

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Below TROTH_URL: the host of a request may be chosen by whoever asks for somebody else's link."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.TROTH_URL}{path.replace('UID-KEY', key)}"

    def format_email_subject(self, subject: str) -> str:
        """Without a prefix."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Through our mail server, if there is one."""
        if can_mail():
            mail = self.render_mail(template_prefix, email, {**context, "email": email, "address": settings.TROTH_URL})
            mail_member(email, str(mail.subject), str(mail.body), now_ms())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the account."""
        return reverse("console-account")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticator apps, passkeys and recovery codes."""

    def encrypt(self, text: str) -> str:
        """Secrets are sealed under the master key, so that a copy of the database alone opens nothing."""
        return base64.b64encode(seal(SECRETS, text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` sealed; nothing, which no code fits, when it was sealed under another key."""
        return (open_sealed(SECRETS, base64.b64decode(encrypted_text)) or b"").decode()
