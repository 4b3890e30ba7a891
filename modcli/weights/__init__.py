"""Model files: a registry of pinned ones; fetch, verify, locate."""
