"""Templates: mails, short messages, layouts and snippets, written with a preview, checked, published, compared and restored."""
