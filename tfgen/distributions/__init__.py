"""What is built on tfp distributions: the only files that mix mathematics with pixels."""
