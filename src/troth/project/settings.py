"""Django settings, driven by the environment. Everything an installation keeps lies under `TROTH_DATA`.

TROTH_DATA          data directory, default ./troth-data
TROTH_DATABASE_URL  postgres://… instead of the embedded SQLite; `?pool=N` bounds the connections of a process (default 20, 0: no pool)
TROTH_EMAIL_URL     smtp://user:password@host:587 and the like; empty: the embedded outbox keeps every message
TROTH_SENDER        From address where a workspace has none
TROTH_INSTANCE      another word on a copy of the whole machine, so that it does not send before somebody confirms (docs/sending.md)
TROTH_PRIVATE_TARGETS  addresses, networks or names inside this network that channels may reach, separated by commas
TROTH_URL           the public address, which links in mail begin with
TROTH_OPENDSR_URL   where OpenDSR is served, https; default TROTH_URL. Its host is the processor's domain (docs/opendsr.md)
TROTH_OPENDSR_KEY, TROTH_OPENDSR_KEY_PASSWORD, TROTH_OPENDSR_CERTIFICATE  files (PEM) of the key that signs there and of its certificate
TROTH_OPENDSR_ROOTS  a file (PEM) of further certificate authorities that other parties' certificates may come from
TROTH_CLIENT_CERTIFICATE_HEADER, TROTH_TRUSTED_PROXIES  the header in which your proxy hands over the client certificate that it checked, and the addresses
                    of your proxies, separated by commas; both unset: no certificate is looked at (docs/operate.md)
TROTH_OPENDSR_OWN_TYPES  1: take rectification, restriction, objection and consent_withdrawal there too, and say so in the discovery
TROTH_STORED_IN     the countries in which the data lies, as ISO 3166 codes separated by commas (DE,FR); receipts say so
TROTH_HOSTS         further host names to answer to, separated by commas; `*` for any
TROTH_COMPACT_HOUR  PostgreSQL: the hour (0 to 23, UTC) in which tables with erased persons are rebuilt; default 2
TROTH_DEBUG         1: Django's debug pages; never in production
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from troth.kernel.crypto import derive, is_loaded, load_master_key
from troth.project.database_url import read_database_url
from troth.project.logging import configure_logging

env = environ.FileAwareEnv()

TROTH_DATA = Path(env.str("TROTH_DATA", "troth-data")).resolve()
TROTH_URL = env.str("TROTH_URL", "http://127.0.0.1:8000").rstrip("/")
TROTH_STORED_IN = [code.strip().upper() for code in env.list("TROTH_STORED_IN", default=[])]
TROTH_EMAIL_URL = env.str("TROTH_EMAIL_URL", "")
TROTH_INSTANCE = env.str("TROTH_INSTANCE", "")
TROTH_PRIVATE_TARGETS: list[str] = env.list("TROTH_PRIVATE_TARGETS", default=[])
TROTH_OPENDSR_URL = env.str("TROTH_OPENDSR_URL", "").rstrip("/") or TROTH_URL
TROTH_OPENDSR_KEY = env.str("TROTH_OPENDSR_KEY", "")
TROTH_OPENDSR_KEY_PASSWORD = env.str("TROTH_OPENDSR_KEY_PASSWORD", "")
TROTH_OPENDSR_CERTIFICATE = env.str("TROTH_OPENDSR_CERTIFICATE", "")
TROTH_OPENDSR_ROOTS = env.str("TROTH_OPENDSR_ROOTS", "")
TROTH_CLIENT_CERTIFICATE_HEADER = env.str("TROTH_CLIENT_CERTIFICATE_HEADER", "")
TROTH_TRUSTED_PROXIES = env.list("TROTH_TRUSTED_PROXIES", default=[])
TROTH_OPENDSR_OWN_TYPES = env.bool("TROTH_OPENDSR_OWN_TYPES", False)
TROTH_SENDER = env.str("TROTH_SENDER", "Troth <troth@example.com>")
TROTH_COMPACT_HOUR = env.int("TROTH_COMPACT_HOUR", 2)
DEBUG = env.bool("TROTH_DEBUG", False)

if not is_loaded():
    load_master_key(TROTH_DATA)
SECRET_KEY = derive(b"django-secret-key").hex()


def _database() -> dict[str, Any]:
    url = env.str("TROTH_DATABASE_URL", "")
    if not url:
        name = str(TROTH_DATA / "troth.sqlite3")
        return {"ENGINE": "troth.kernel.sqlite", "NAME": name, "TEST": {"NAME": name + ".test"}}
    return read_database_url(url)


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
NINJA = Path(getattr(find_spec("ninja"), "origin", "")).parent
"""Where the pages lie that show the control API (`api/docs.py`). As an app it would be loaded, with pydantic, by all that answers nobody."""
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_cotton",
    "django_htmx",
    "troth.workspaces",
    "troth.people",
    "troth.consent",
    "troth.content",
    "troth.intake",
    "troth.segments",
    "troth.messages",
    "troth.privacy",
    "troth.campaigns",
    "troth.webhooks",
    "troth.api",
    "troth.pages",
    "troth.console",
    "troth.project",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "troth.project.security_headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [NINJA / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "troth.project.urls"
AUTH_USER_MODEL = "workspaces.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django_zxcvbn_password_validator.ZxcvbnPasswordValidator"},
]
PASSWORD_MINIMAL_STRENGTH = 3
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "/console/"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
        "KEY_FUNCTION": "troth.console.account.limits.hide_key",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
ACCOUNT_ADAPTER = "troth.console.account.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation by mail has verified the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from us
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "troth.console.account.forms.LogInForm",
    "reauthenticate": "troth.console.account.forms.ReauthenticateForm",
    "change_password": "troth.console.account.forms.ChangePasswordForm",
    "set_password": "troth.console.account.forms.SetPasswordForm",
    "reset_password": "troth.console.account.forms.ResetPasswordForm",
    "reset_password_from_key": "troth.console.account.forms.ResetPasswordKeyForm",
}
MFA_ADAPTER = "troth.console.account.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # allauth keeps no addresses here: the user's own is the only one
MFA_TOTP_ISSUER = "Troth"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(TROTH_URL).scheme == "http"  # browsers allow it on localhost alone
MFA_FORMS = {
    "authenticate": "troth.console.account.forms.CodeForm",
    "reauthenticate": "troth.console.account.forms.ReauthenticateCodeForm",
    "activate_totp": "troth.console.account.forms.AddAppForm",
    "add_webauthn": "troth.console.account.forms.AddPasskeyForm",
    "edit_webauthn": "troth.console.account.forms.RenamePasskeyForm",
}

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *(urlsplit(url).hostname or "localhost" for url in (TROTH_URL, TROTH_OPENDSR_URL))]
ALLOWED_HOSTS += env.list("TROTH_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = [TROTH_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TROTH_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TROTH_URL.startswith("https://") else None
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATICFILES_DIRS = [NINJA / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

LOGGING_CONFIG = None
configure_logging(sys.stderr)
