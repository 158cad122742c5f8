"""The living page of the visual system: every component in every state. Development only (`TROTH_DEBUG=1`)."""
