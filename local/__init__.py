"""One thin program per stage: parse, load, call utils, save."""
