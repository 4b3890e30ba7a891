"""From items to verdicts."""
