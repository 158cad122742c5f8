"""What whoever runs an installation and its customers agree on: data processing agreement, terms, privacy policy; their versions and acceptances."""
