"""Other tools that read NIR files: a script for the process, or the Python, that has one."""
