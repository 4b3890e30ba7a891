"""Profiles on disk: find, inherit, stack, edit, export a schema, find weaknesses."""
