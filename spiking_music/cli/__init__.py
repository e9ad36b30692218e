"""The command line, one file a verb; a verb loads what it needs when it runs."""
