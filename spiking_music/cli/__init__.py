"""The command line, one file a group of verbs; a verb loads what it needs when it runs."""
