"""Custom Lava processes, alone in this folder: Lava executes every file beside a process again."""
