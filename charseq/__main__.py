"""python -m charseq."""

from charseq.cli.app import main

main()
