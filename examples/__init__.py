"""Small programs, each of which writes a picture of what it computed.  Run one as a script."""
