"""What is wrong with data, found before they are used."""
