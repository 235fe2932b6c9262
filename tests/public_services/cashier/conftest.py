"""The town of the products' tests."""

from tests.products.conftest import town

__all__ = ["town"]
