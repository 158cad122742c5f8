"""Short paths stand in every mail (more of them: `lean.py`); the ledger's head is public."""

from __future__ import annotations

from django.urls import path

from troth.pages import asking, forms, leaving, ledger, my, my_handover, processor_feed, push, receipts, sender, transparency, views

urlpatterns = [
    path(".well-known/gpc.json", views.gpc_support, name="gpc-support"),
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("u/<str:token>/stop", views.stop, name="stop"),
    path("p/<str:token>", views.preferences, name="preferences"),
    path("my/of/<int:workspace_id>", my.ask, name="my-ask"),
    path("my/request/<str:token>", my.follow, name="my-request"),
    path("my/request/<str:token>/proof", my.proof, name="my-proof"),
    path("my/<str:token>", my.my_data, name="my"),
    path("my/<str:token>/take", my.take, name="my-take"),
    path("my/<str:token>/hand-over", my_handover.hand_over, name="my-handover"),
    path("my/<str:token>/correct", my.correct_data, name="my-correct"),
    path("my/<str:token>/do/<str:act>", my.act, name="my-act"),
    path("leaving/<str:token>", leaving.follow_leaving, name="leaving"),
    path("leaving/<str:token>/certificate", leaving.leaving_certificate, name="leaving-certificate"),
    path("transparency/<int:workspace_id>", transparency.transparency, name="transparency"),
    path("transparency/<int:workspace_id>/processors.<str:kind>", processor_feed.feed, name="processor-feed"),
    path("transparency/<int:workspace_id>/proof", transparency.statement, name="transparency-proof"),
    path("b/<int:workspace_id>.css", sender.brand_style, name="brand-style"),
    path("b/<int:workspace_id>/<str:tag>", sender.brand_logo, name="brand-logo"),
    path("w/worker.js", push.worker_script, name="push-worker"),
    path("w/<int:workspace_id>/push.js", push.subscribe_script, name="push-script"),
    path("f/embed.js", forms.embed_script, name="embed-script"),
    path("f/<str:form_id>", forms.show_form, name="form"),
    path("c/<str:token>", forms.confirm_page, name="confirm"),
    path("a/<str:token>", asking.ask, name="ask"),
    path("r/<str:token>/page", receipts.download_page, name="receipt-page"),
    path("r/<str:token>/file", receipts.download_receipt, name="receipt-file"),
    path("r/<str:token>", receipts.show_receipt, name="receipt"),
    path("ledger/key", ledger.key, name="ledger-key"),
    path("ledger/verify", ledger.checker, name="ledger-verify"),
    path("ledger/<int:workspace_id>/checkpoint", ledger.checkpoint, name="ledger-checkpoint"),
    path("ledger/<int:workspace_id>/checkpoint/<int:size>", ledger.checkpoint, name="ledger-checkpoint-of"),
    path("ledger/<int:workspace_id>/consistency/<int:old>/<int:new>", ledger.consistency, name="ledger-consistency"),
]
