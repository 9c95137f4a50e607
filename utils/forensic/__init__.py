"""What is a likelihood ratio of a case worth: forensic comparison of voices."""
