"""The bytes outside the tables: where they lie, who may touch them when, and under which key they are sealed."""
