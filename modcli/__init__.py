"""modcli: personalized, private content moderation on the command line."""

__version__ = "0.1.0"
