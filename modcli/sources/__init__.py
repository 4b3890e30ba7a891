"""Bytes to items."""
