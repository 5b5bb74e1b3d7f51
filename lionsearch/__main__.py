"""`python -m lionsearch` is the command line."""

from lionsearch.cli import main

if __name__ == "__main__":
    main()
