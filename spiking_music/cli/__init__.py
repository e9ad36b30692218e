"""The command line, one file per verb; a verb imports what it needs when it runs."""
