"""The console: log-in, and a look at the latest events, people and messages of one's own workspaces."""
