"""Speed, apart from the tests: rivals timed interleaved in one run, ratios of medians."""
