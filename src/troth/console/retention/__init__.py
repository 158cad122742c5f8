"""The room Retention: schedules with what each would delete, legal holds, and what was deleted with its proof."""
