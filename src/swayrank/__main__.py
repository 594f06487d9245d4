"""`python -m swayrank` is the command line."""

from swayrank.cli import main

main()
