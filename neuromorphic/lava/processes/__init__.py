"""Custom Lava processes, in a folder of their own because Lava executes all files next to one."""
