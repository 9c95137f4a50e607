"""VCTK: English in many accents."""
