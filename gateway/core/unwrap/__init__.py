"""Finding the original inside a copy: forwards of all kinds, journal reports, redirects."""
