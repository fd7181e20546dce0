"""Which definitions the numbers follow. They are frozen: who changes one raises the version."""

from seqgan import __version__

SPECIFICATION = "2"
"""Version of the definitions in this folder's README.md. Numbers of two versions do not compare."""
SIGNATURE_END = f"spec:{SPECIFICATION}|seqgan {__version__}"
"""What every signature ends with."""
