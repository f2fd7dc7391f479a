"""The tests mirror the package: tests/<folder>/test_<module>.py."""
