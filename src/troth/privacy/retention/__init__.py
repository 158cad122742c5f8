"""Retention (Art. 5(1)(e) GDPR): schedules of data × purpose × trigger, previewed, carried out in steps, proven; and the holds that stand against them."""
