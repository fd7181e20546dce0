"""`python -m seqgan`: the same as the `seqgan` command."""

from seqgan.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
