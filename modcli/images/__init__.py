"""Pictures: what is in one, what is written on it, what it resembles, and whether it is known."""
