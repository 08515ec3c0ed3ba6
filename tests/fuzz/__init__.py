"""Fuzzer over every reader, parser, request, card and store: `make fuzz`."""
