"""Error rates, costs and likelihood ratios, with their uncertainty."""
