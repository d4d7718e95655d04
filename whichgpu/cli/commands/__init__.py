"""One file a command: its first line is what `--help` lists, its `run` the command."""
