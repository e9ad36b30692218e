"""`python -m spiking_music VERB ...`: the command line."""

from spiking_music.cli.main import main

if __name__ == "__main__":
    main()
