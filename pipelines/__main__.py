"""`python -m pipelines`: the command `gmn`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
