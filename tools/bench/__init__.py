"""Benchmarks: each compares Lotura with what its parts cost alone, in pairs within one run."""
