"""What the Makefile calls: set up, run, test. Nothing here is part of the product itself."""
