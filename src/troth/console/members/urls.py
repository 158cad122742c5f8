"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.members import invitations, views

urlpatterns = [
    path("settings/members", views.members, name="console-members"),
    path("settings/members/<int:member_id>/role", views.role, name="console-member-role"),
    path("settings/members/<int:member_id>/remove", views.remove, name="console-member-remove"),
    path("settings/members/invite", invitations.invite_member, name="console-invite"),
    path("settings/members/invitations/<int:invitation_id>/revoke", invitations.revoke_invitation, name="console-invitation-revoke"),
]
