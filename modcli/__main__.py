"""`python -m modcli`."""

from modcli.cli.app import main

main()
