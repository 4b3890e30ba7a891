"""Protocols: whole tables of measurements on public labelled sets, each rerun by one command."""
