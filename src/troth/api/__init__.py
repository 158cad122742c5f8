"""The control API: people, consents, rights, outbox and campaigns for machines, described by OpenAPI."""
