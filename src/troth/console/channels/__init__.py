"""The room Channels: by what messages leave, what came back, and the addresses to which nothing is sent any more."""
