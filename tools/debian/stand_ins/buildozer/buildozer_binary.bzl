# SPDX-License-Identifier: Apache-2.0
"""The extension that Bazel's own module names."""

buildozer_binary = module_extension(implementation = lambda mctx: None)
