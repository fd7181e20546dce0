"""Hard circumstances, each of which sets up a tiny run, disturbs it, and says what must hold."""
