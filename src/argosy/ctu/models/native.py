"""LightGBM's own library, called without its Python package.

The package brings scipy and more with it; the wallet wants neither the memory nor the time. The shared
library inside the installed wheel has all that scoring and explaining need.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

from argosy.base.refusals import Unavailable, must
from argosy.ctu.models.facts import Matrix

NORMAL, RAW, CONTRIBUTIONS = 0, 1, 3
_FLOAT64, _ROW_MAJOR = 1, 1
_ALL = -1
_PARAMETERS = b"num_threads=1 predict_disable_shape_check=true verbosity=-1"


class NativeError(ValueError):
    """LightGBM refuses the text; the message is its own."""


@cache
def library() -> ctypes.PyDLL:
    """The library, loaded once. Raises `Unavailable` where it cannot be had.

    It is called with the interpreter's lock held: a row takes some microseconds, and giving the lock
    away could cost the payment five milliseconds until another thread gives it back.
    """
    try:
        found = [f for f in distribution("lightgbm").files or () if f.name == "lib_lightgbm.so"]
    except PackageNotFoundError as error:
        raise Unavailable("the package lightgbm is not installed") from error
    if not found:
        raise Unavailable("the installed package lightgbm has no lib_lightgbm.so")
    try:
        lib = ctypes.PyDLL(str(Path(str(found[0].locate()))))
    except OSError as error:  # mostly: libgomp.so.1 is missing
        raise Unavailable(f"LightGBM's library does not load: {error}") from error
    lib.LGBM_GetLastError.restype = ctypes.c_char_p
    return lib


class Booster:
    """One forest in LightGBM. `width` is its number of columns. Safe from several threads."""

    def __init__(self, text: bytes, width: int) -> None:
        self._lib = library()
        self._width = width
        self._handle = ctypes.c_void_p()
        self._lock = threading.Lock()
        self._fast: dict[int, ctypes.c_void_p] = {}
        self._row = np.zeros(width)
        self._row_at = ctypes.c_void_p(self._row.ctypes.data)
        self._out = np.zeros(width + 1)
        self._out_at = ctypes.c_void_p(self._out.ctypes.data)
        self._length = ctypes.c_int64()
        self._length_at = ctypes.byref(self._length)
        rounds = ctypes.c_int()
        loaded = self._lib.LGBM_BoosterLoadModelFromString(
            ctypes.c_char_p(text), ctypes.byref(rounds), ctypes.byref(self._handle)
        )
        if loaded != 0:
            self._handle = ctypes.c_void_p()
            raise NativeError(self._lib.LGBM_GetLastError().decode())
        count = ctypes.c_int()
        self._check(self._lib.LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(count)))
        must(count.value == width, "a forest of another width", has=count.value, wanted=width)

    def __del__(self) -> None:
        for fast in getattr(self, "_fast", {}).values():
            self._lib.LGBM_FastConfigFree(fast)
        if getattr(self, "_handle", None):
            self._lib.LGBM_BoosterFree(self._handle)

    def row(self, values: Matrix, what: int = NORMAL) -> Matrix:
        """One row: its score (NORMAL, RAW) or the contribution of each column and the base."""
        with self._lock:
            fast = self._fast.get(what) or self._prepare(what)
            self._row[:] = values
            self._check(
                self._lib.LGBM_BoosterPredictForMatSingleRowFast(
                    fast, self._row_at, self._length_at, self._out_at
                )
            )
            return self._out[: self._length.value].copy()

    def rows(self, matrix: Matrix, what: int = NORMAL) -> Matrix:
        """As `row` for each row of `matrix`; (n,), or (n, width + 1) for CONTRIBUTIONS."""
        width = self._width + 1 if what == CONTRIBUTIONS else 1
        made = np.empty((len(matrix), width))
        if len(matrix) < 32:
            for at, values in enumerate(matrix):
                made[at] = self.row(values, what)
        else:
            self._many(np.ascontiguousarray(matrix, dtype=np.float64), what, made)
        return made if what == CONTRIBUTIONS else made[:, 0]

    def _many(self, matrix: Matrix, what: int, made: Matrix) -> None:
        with self._lock:
            self._check(
                self._lib.LGBM_BoosterPredictForMat(
                    self._handle, ctypes.c_void_p(matrix.ctypes.data), ctypes.c_int(_FLOAT64),
                    ctypes.c_int32(len(matrix)), ctypes.c_int32(self._width),
                    ctypes.c_int(_ROW_MAJOR), ctypes.c_int(what), ctypes.c_int(0),
                    ctypes.c_int(_ALL), ctypes.c_char_p(_PARAMETERS), self._length_at,
                    ctypes.c_void_p(made.ctypes.data),
                )
            )  # fmt: skip

    def _prepare(self, what: int) -> ctypes.c_void_p:
        fast = ctypes.c_void_p()
        self._check(
            self._lib.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle, ctypes.c_int(what), ctypes.c_int(0), ctypes.c_int(_ALL),
                ctypes.c_int(_FLOAT64), ctypes.c_int32(self._width), ctypes.c_char_p(_PARAMETERS),
                ctypes.byref(fast),
            )
        )  # fmt: skip
        self._fast[what] = fast
        return fast

    def _check(self, answer: Any) -> None:
        if answer != 0:
            raise NativeError(self._lib.LGBM_GetLastError().decode())
