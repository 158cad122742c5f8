"""What was instructed, as a controller reads it: one language a file, by what the audit log calls the act (`workspaces.audit.ACTIONS`)."""

from troth.privacy.mail_words.acts import de, es, fr

__all__ = ["de", "es", "fr"]
