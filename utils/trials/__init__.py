"""Trial lists, enrolment lists and score files."""
