"""Public pages behind signed links: one-click unsubscribe (RFC 8058) and preferences. They set no cookie and run no script."""
