"""The command line: a skin."""
