"""Logging in and out with an e-mail address and a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from troth.console.headers import staff_headers


class LogInForm(AuthenticationForm):
    """Addresses are kept in lower case, however they are typed."""

    username = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}))

    def clean_username(self) -> str:
        """The address as it is kept."""
        return str(self.cleaned_data["username"]).strip().lower()


@method_decorator(never_cache, name="dispatch")
class LogIn(LoginView):
    """The log-in page."""

    template_name = "console/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, with the headers of the console."""
        return staff_headers(super().dispatch(request, *args, **kwargs))


class LogOut(LogoutView):
    """Ends the session; POST only."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, with the headers of the console."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        staff_headers(response)
        return response
