"""A stored, resumable run of a moderator over a source."""
