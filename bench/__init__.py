"""Measurements against peers, all in one run: ratios travel, absolutes do not."""
