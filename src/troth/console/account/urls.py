"""Mounted below /console/account/. Of allauth's pages those are left out that we do not offer: sign-up by oneself, several addresses, codes by mail."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import path, re_path

from troth.console.account import rights, views
from troth.console.account.look import in_our_look

urlpatterns = [
    path("", views.profile, name="console-account"),
    path("data/", rights.take_away, name="console-account-data"),
    path("data/handover/", rights.hand_over, name="console-account-handover"),
    path("data/handover/receipt/", rights.receipt, name="console-account-receipt"),
    path("delete/", rights.delete, name="console-account-delete"),
    path("invitation/<str:token>/", views.accept_invitation, name="console-invitation"),
    path("login/", in_our_look(account.login), name="account_login"),
    path("logout/", in_our_look(account.logout), name="account_logout"),
    path("inactive/", in_our_look(account.account_inactive), name="account_inactive"),
    path("signup/", in_our_look(account.signup), name="account_signup"),
    path("reauthenticate/", in_our_look(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", in_our_look(account.password_change), name="account_change_password"),
    path("password/set/", in_our_look(account.password_set), name="account_set_password"),
    path("password/reset/", in_our_look(views.reset_password), name="account_reset_password"),
    path("password/reset/sent/", in_our_look(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        in_our_look(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", in_our_look(account.password_reset_from_key_done), name="account_reset_password_from_key_done"),
    path("two-factor/", in_our_look(second_factor.index), name="mfa_index"),
    path("two-factor/authenticate/", in_our_look(second_factor.authenticate), name="mfa_authenticate"),
    path("two-factor/reauthenticate/", in_our_look(second_factor.reauthenticate), name="mfa_reauthenticate"),
    path("two-factor/app/add/", in_our_look(totp.activate_totp), name="mfa_activate_totp"),
    path("two-factor/app/remove/", in_our_look(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("two-factor/codes/", in_our_look(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("two-factor/codes/new/", in_our_look(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("two-factor/codes/download/", in_our_look(recovery.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("passkeys/", in_our_look(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("passkeys/add/", in_our_look(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("passkeys/login/", in_our_look(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("passkeys/reauthenticate/", in_our_look(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/edit/", in_our_look(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", in_our_look(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("sessions/", in_our_look(sessions.list_usersessions), name="usersessions_list"),
]
