"""Other tools that read NIR files, each in a process and, if need be, a Python of its own."""
