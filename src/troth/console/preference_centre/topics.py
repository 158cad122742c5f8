"""Creating, renaming and archiving topics."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.consent.catalog import PurposeUnknown
from troth.consent.models import Topic
from troth.consent.topics import TopicInvalid, archive_topic, create_topic, revise_topic
from troth.console.access import MemberRequest, member_page, record
from troth.console.preference_centre.forms import TopicForm, write_names
from troth.console.preference_centre.reading import get_topic
from troth.console.shell import render_page
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A topic that is not there yet."""
    workspace_id = request.workspace.pk
    if request.method != "POST":
        return _ask(request, TopicForm(workspace_id, is_new=True), None)
    form = TopicForm(workspace_id, request.POST, is_new=True)
    if form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                create_topic(workspace_id, said["key"], said["names"], said["purpose"])
                record(request, "topic.created", detail={"topic": said["key"]})
        except (TopicInvalid, PurposeUnknown) as error:
            form.refuse(error)
        else:
            messages.success(request, _("The topic is there: choose it in a campaign. Everybody gets it until they leave it."))
            return _back(request)
    return _ask(request, form, None, status=422)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def rename(request: MemberRequest, topic_key: str) -> HttpResponseBase:
    """What people call it."""
    own = get_topic(request.workspace.pk, topic_key)
    if request.method != "POST":
        return _ask(request, TopicForm(own.workspace_id, initial={"names": write_names(own.name)}, is_new=False), own)
    form = TopicForm(own.workspace_id, request.POST, is_new=False)
    if form.is_valid():
        try:
            with transaction.atomic():
                revise_topic(own.workspace_id, own.key, form.cleaned_data["names"])
                record(request, "topic.edited", detail={"topic": own.key})
        except TopicInvalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved."))
            return _back(request)
    return _ask(request, form, own, status=422)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def archive(request: MemberRequest, topic_key: str) -> HttpResponseBase:
    """Archive a topic, or take an archived one up again."""
    own = get_topic(request.workspace.pk, topic_key)
    if request.method != "POST":
        return render_page(request, "console/preference_centre/archive.html", topic=own)
    with transaction.atomic():
        archive_topic(own.workspace_id, own.key, archived=not own.archived)
        record(request, "topic.restored" if own.archived else "topic.archived", detail={"topic": own.key})
    messages.success(request, _("Taken up again.") if own.archived else _("Archived: nothing goes out under it any more."))
    return _back(request)


def _ask(request: MemberRequest, form: TopicForm, own: Topic | None, status: int = 200) -> HttpResponse:
    return render_page(request, "console/preference_centre/topic.html", status=status, form=form, topic=own)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-preferences", request.workspace.pk)
    response.status_code = 303
    return response
