"""WUW: calls over telephones."""
