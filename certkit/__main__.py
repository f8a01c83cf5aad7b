"""`python -m certkit`."""

from certkit.cli import run

if __name__ == "__main__":
    run()
