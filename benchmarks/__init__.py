"""What certkit costs: each table is one script, its ratios from one run."""
