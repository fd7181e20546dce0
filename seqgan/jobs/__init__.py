"""What the commands do, as functions that take plain arguments and return a result."""
