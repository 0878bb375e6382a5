"""The command line: commands that read options, call the library and print. One file per command."""
