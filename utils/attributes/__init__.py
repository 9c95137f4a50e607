"""What voice is it: language, accent, gender, age, or any label of a manifest."""
