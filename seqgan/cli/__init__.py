"""The commands: each parses, loads, calls functions of the layers below, and prints."""
