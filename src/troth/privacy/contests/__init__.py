"""Instructions that infringe the law in a processor's opinion (Art. 28(3), last sentence GDPR): said, told to the controller at once, held, settled."""
