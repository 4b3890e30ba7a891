"""Model runtimes: prompts in, readouts out."""
