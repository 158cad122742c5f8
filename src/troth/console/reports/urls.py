"""Mounted at /console/<workspace>/reports."""

from __future__ import annotations

from django.urls import path

from troth.console.reports import funnel, views

urlpatterns = [
    path("reports", views.reports, name="console-reports"),
    path("reports/figures.csv", views.figures_csv, name="console-reports-csv"),
    path("reports/figures.json", views.figures_json, name="console-reports-json"),
    path("reports/funnel", funnel.funnel, name="console-report-funnel"),
    path("reports/funnel.csv", funnel.funnel_csv, name="console-report-funnel-csv"),
    path("reports/funnel.json", funnel.funnel_json, name="console-report-funnel-json"),
    path("reports/funnel/save", funnel.save, name="console-report-funnel-save"),
    path("reports/funnel/<int:funnel_id>", funnel.funnel, name="console-report-funnel-kept"),
    path("reports/funnel/<int:funnel_id>.csv", funnel.funnel_csv, name="console-report-funnel-kept-csv"),
    path("reports/funnel/<int:funnel_id>.json", funnel.funnel_json, name="console-report-funnel-kept-json"),
    path("reports/funnel/<int:funnel_id>/save", funnel.save, name="console-report-funnel-change"),
    path("reports/funnel/<int:funnel_id>/delete", funnel.delete, name="console-report-funnel-delete"),
    path("reports/campaign/<int:campaign_id>", views.campaign, name="console-report-campaign"),
    path("reports/campaign/<int:campaign_id>/mail", views.campaign_mail, name="console-report-campaign-mail"),
    path("reports/campaign/<int:campaign_id>/report.json", views.campaign_file, name="console-report-campaign-file"),
    path("reports/newsletter/<int:newsletter_id>", views.newsletter, name="console-report-newsletter"),
    path("reports/newsletter/<int:newsletter_id>/mail", views.newsletter_mail, name="console-report-newsletter-mail"),
    path("reports/newsletter/<int:newsletter_id>/report.json", views.newsletter_file, name="console-report-newsletter-file"),
]
