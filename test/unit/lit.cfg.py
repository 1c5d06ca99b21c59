"""Hands the GoogleTest programs of the build folder to lit, so that unit tests are counted with all others."""

import lit.formats

config.name = "tegula-unit"
config.suffixes = []
config.test_source_root = config.test_exec_root
config.test_format = lit.formats.GoogleTest("", "Tests")
