"""What comes back: deliveries, bounces, complaints and unsubscribes that a provider, a mail server or a mailbox tells of a message.

- `reading.py`: a callback → `Feedback`, by the channel's adapter
- `noting.py`: `Feedback` → delivery events, the state of the message, stops and decisions; once, however often it is told
- `stops.py`: addresses to which nothing is sent any more
- `gone.py`: addresses that turned out not to exist at the hand-over
- `keeping.py`: feedback that came before its message was settled; retention
"""
