"""Agent skills: what is in one, what it hides, what its code does, and what it is for."""
