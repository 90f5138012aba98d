"""The sample Stash: a small GraphQL server that behaves as a real Stash does.

`stashhog demo` shows the service with it, and all tests and benches use it in place of a real one;
the contract tests hold both to the same promises. It is raw ASGI, in memory, and knows nothing of
the rest of the product.
"""

from __future__ import annotations

from stashhog.demo.library import SampleLibrary, generate_library
from stashhog.demo.options import StashOptions
from stashhog.demo.serve import serve_sample_stash
from stashhog.demo.stash import SampleStash

__all__ = [
    "SampleLibrary",
    "SampleStash",
    "StashOptions",
    "generate_library",
    "serve_sample_stash",
]
