"""Kernels as machine code: how numba compiles them, the place where that is kept, and the instructions of intrinsics.

Compiled code lies in the user's cache folder under a name made of a hash of every file in ``kernels/``, numba's and
llvmlite's versions and the processor: numba alone does not notice an edit in a kernel that another kernel imports,
and would run the old code. The place is chosen when this is loaded: ``$SWAYRANK_CACHE_DIR``, the platform's cache
folder, then a private folder below the temporary one. Where none can be written, kernels compile anew in each process
and one warning says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite import binding, ir
from numba import types
from numba.core import caching, cgutils, event
from numba.core.registry import cpu_target
from numba.extending import intrinsic, typeof_impl

from swayrank.kernels.jit import JIT_ENABLED, KERNELS, LISTENERS, Intrinsic, Kernel, as_python


def compiled(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """What numba makes of a function; it compiles, or reads what is on disk, when that is called."""
    if numba.config.DISABLE_JIT:  # by a file of numba's own
        return as_python(function)
    made = numba.njit(**options)(function)
    if CACHE_FOLDER is not None:
        made._cache = _KernelCache(function)
    return made


# -- where compiled code is kept ---------------------------------------------------------------------------------------


def source_hash(folder: Path = Path(__file__).parent) -> str:
    """Hash of every Python file in `folder`: an edit to any of them is an edit to all of them."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _machine_hash() -> str:
    features = ",".join(f for f, on in sorted(binding.get_host_cpu_features().items()) if on)
    parts = (numba.__version__, llvmlite.__version__, sys.version, binding.get_host_cpu_name(), features)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()


def _candidate_folders() -> list[Path]:
    if override := os.environ.get("SWAYRANK_CACHE_DIR"):
        return [Path(override)]
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        user = home / "Library" / "Caches"
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return [user / "swayrank", Path(tempfile.gettempdir()) / f"swayrank-{owner}"]


def _is_private(folder: Path) -> bool:
    """Whether nobody else can put code there: a folder in a shared temporary place could be somebody else's trap."""
    if not hasattr(os, "getuid"):
        return True
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def _find_cache_folder() -> Path | None:
    name = f"kernels-{source_hash()}-{_machine_hash()}"
    for base in _candidate_folders():
        folder = base / name
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            if not (_is_private(base) and _is_private(folder)):
                continue
            tempfile.TemporaryFile(dir=folder).close()
        except (OSError, RuntimeError):
            continue
        return folder
    warnings.warn(
        "no folder for compiled kernels can be written, so each process compiles them anew; "
        "set SWAYRANK_CACHE_DIR to a writable folder",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


CACHE_FOLDER: Path | None = _find_cache_folder() if JIT_ENABLED else None


class _KernelLocator(caching._CacheLocator):
    """Puts a kernel's machine code into :data:`CACHE_FOLDER`, whose name already stands for its whole source."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        self._py_file = py_file
        self._name = f"{py_func.__module__}.{py_func.__qualname__}"

    def get_cache_path(self) -> str:
        return str(CACHE_FOLDER)

    def get_source_stamp(self) -> str:
        return CACHE_FOLDER.name if CACHE_FOLDER else ""

    def get_disambiguator(self) -> str:
        return hashlib.blake2b(self._name.encode(), digest_size=6).hexdigest()

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _KernelLocator:
        return cls(py_func, py_file)


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = (_KernelLocator,)


class _KernelCache(caching.FunctionCache):
    _impl_class = _KernelCacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is on disk for `sig`; a file that cannot be read counts as absent, and is written anew."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code; a full or vanished disk costs the next process a compilation, not this one its answer."""
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()


# -- telling people what takes so long ---------------------------------------------------------------------------------


class _CompileListener(event.Listener):
    def on_start(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        if f"{function.__module__}.{function.__qualname__}" in KERNELS:
            for tell in tuple(LISTENERS):
                tell(function.__name__)

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _CompileListener())


# -- kernels in kernels ------------------------------------------------------------------------------------------------


@typeof_impl.register(Kernel)
def _type_of_kernel(value: Kernel, _: Any) -> Any:
    return types.Dispatcher(value.compiled)


@typeof_impl.register(Intrinsic)
def _type_of_intrinsic(value: Intrinsic, _: Any) -> Any:
    return cpu_target.typing_context.resolve_value_type(globals()[value.__name__])


# -- intrinsics --------------------------------------------------------------------------------------------------------


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask the processor to bring ``array[index]`` near, and go on without waiting."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        position = context.cast(builder, args[1], signature.args[1], types.intp)
        byte = ir.IntType(8).as_pointer()
        word = ir.IntType(32)
        address = builder.bitcast(builder.gep(data, [position]), byte)
        call = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
        )
        builder.call(call, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), build


@intrinsic
def float_bits(typing_context: Any, value: Any) -> Any:
    """The 64 bits of a float64 as a uint64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), build


@intrinsic
def bits_float(typing_context: Any, value: Any) -> Any:
    """The float64 that a uint64's 64 bits spell."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), build


@intrinsic
def leading_zeros(typing_context: Any, value: Any) -> Any:
    """How many zero bits stand before the first one of a uint64 (64 for zero)."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.IntType(1)(0))

    return types.uint64(types.uint64), build


@intrinsic
def trailing_zeros(typing_context: Any, value: Any) -> Any:
    """How many zero bits stand after the last one of a uint64 (64 for zero)."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.IntType(1)(0))

    return types.uint64(types.uint64), build
