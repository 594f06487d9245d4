"""Rows of eight words, one for each of eight sources: the inner steps of searches from many sources at once.

Eight float64 are one cache line. LLVM does not make vectors of eight scalars by itself in numba, so these
steps are written in its own language, each with the plain formula as its documentation; without the JIT they are that
formula in NumPy. Sums run in the order of the arcs, lane by lane: vectors change no bit.

A row begins at `at`, a multiple of eight; `level` is uint32, all other tables are float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from swayrank.kernels.jit import JIT_ENABLED

LANES = 8
UNREACHED = 0xFFFFFFFF

_WORD, _LEVEL, _FLOAT, _BYTE = ir.IntType(64), ir.IntType(32), ir.DoubleType(), ir.IntType(8)
_FLOATS = ir.VectorType(_FLOAT, LANES)
_LEVELS = ir.VectorType(_LEVEL, LANES)


class _Rows:
    """The arguments of an intrinsic, and vectors in and out of its tables."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.builder = builder
        self.args = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, args, strict=True)
        ]

    def _place(self, table: Any, at: Any, vector: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(table, [at]), vector.as_pointer())

    def load(self, table: Any, at: Any, vector: Any = _FLOATS) -> Any:
        return self.builder.load(self._place(table, at, vector), align=4 if vector is _LEVELS else 8)

    def store(self, value: Any, table: Any, at: Any) -> None:
        self.builder.store(value, self._place(table, at, value.type), align=4 if value.type == _LEVELS else 8)

    def each(self, scalar: Any, vector: Any) -> Any:
        """The scalar in every lane."""
        one = self.builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_LEVEL, 0))
        mask = ir.Constant(ir.VectorType(_LEVEL, LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), mask)

    def at_level(self, level: Any, at: Any, here: Any) -> Any:
        """Which lanes of a row of levels are `here`."""
        return self.builder.icmp_unsigned("==", self.load(level, at, _LEVELS), self.each(here, _LEVELS))

    def bits(self, mask: Any) -> Any:
        """The lanes of a mask as the low bits of a uint64."""
        return self.builder.zext(self.builder.bitcast(mask, _BYTE), _WORD)


def _zeros() -> Any:
    return ir.Constant(_FLOATS, None)


def _ones() -> Any:
    return ir.Constant(_FLOATS, [1.0] * LANES)


def _summed(rows: _Rows) -> Any:
    """The loop over the arcs of a row; gives the sum of its rows of the table."""
    builder = rows.builder
    table, indices, start, stop = rows.args[:4]
    before = builder.block
    body = builder.append_basic_block("row.body")
    after = builder.append_basic_block("row.after")
    builder.cbranch(builder.icmp_unsigned("<", start, stop), body, after)
    builder.position_at_end(body)
    arc, total = builder.phi(_WORD), builder.phi(_FLOATS)
    node = builder.zext(builder.load(builder.gep(indices, [arc])), _WORD)
    added = builder.fadd(total, rows.load(table, builder.shl(node, ir.Constant(_WORD, 3))))
    following = builder.add(arc, ir.Constant(_WORD, 1))
    arc.add_incoming(start, before)
    arc.add_incoming(following, body)
    total.add_incoming(_zeros(), before)
    total.add_incoming(added, body)
    builder.cbranch(builder.icmp_unsigned("<", following, stop), body, after)
    builder.position_at_end(after)
    result = builder.phi(_FLOATS)
    result.add_incoming(_zeros(), before)
    result.add_incoming(added, body)
    return result


def _intrinsic(returns: Any, build: Callable[[_Rows], Any]) -> Any:
    """An intrinsic that takes whatever it is given and returns `returns`."""

    def typed(typing_context: Any, *args: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            result = build(_Rows(context, builder, signature, values))
            return context.get_dummy_value() if result is None else result

        return returns(*args), generate

    return typed


if JIT_ENABLED:

    @intrinsic
    def add_rows(typing_context: Any, table: Any, indices: Any, start: Any, stop: Any, out: Any, at: Any) -> Any:
        """out[at + l] = sum of table[8 * indices[a] + l] over arcs a in [start, stop)."""

        def build(rows: _Rows) -> None:
            rows.store(_summed(rows), *rows.args[4:])

        return _intrinsic(types.void, build)(typing_context, table, indices, start, stop, out, at)

    @intrinsic
    def add_row(typing_context: Any, target: Any, at: Any, table: Any, place: Any) -> Any:
        """target[at + l] += table[place + l]."""

        def build(rows: _Rows) -> None:
            target, at, table, place = rows.args
            rows.store(rows.builder.fadd(rows.load(target, at), rows.load(table, place)), target, at)

        return _intrinsic(types.void, build)(typing_context, target, at, table, place)

    @intrinsic
    def clear_row(typing_context: Any, table: Any, at: Any) -> Any:
        """table[at + l] = 0."""

        def build(rows: _Rows) -> None:
            rows.store(_zeros(), *rows.args)

        return _intrinsic(types.void, build)(typing_context, table, at)

    @intrinsic
    def open_lanes(typing_context: Any, level: Any, at: Any) -> Any:
        """The lanes that are not reached yet, as bits."""

        def build(rows: _Rows) -> Any:
            return rows.bits(rows.at_level(*rows.args, ir.Constant(_LEVEL, UNREACHED)))

        return _intrinsic(types.uint64, build)(typing_context, level, at)

    @intrinsic
    def settle_row(typing_context: Any, level: Any, sigma: Any, delta: Any, after: Any, at: Any, here: Any) -> Any:
        """Lanes not reached yet where after > 0 get level `here`, sigma = after and delta = 0; in all others after = 0.

        Returns the new lanes as bits.
        """

        def build(rows: _Rows) -> Any:
            builder = rows.builder
            level, sigma, delta, after, at, here = rows.args
            paths = rows.load(after, at)
            unreached = rows.at_level(level, at, ir.Constant(_LEVEL, UNREACHED))
            new = builder.and_(unreached, builder.fcmp_ordered(">", paths, _zeros()))
            levels = builder.select(new, rows.each(here, _LEVELS), rows.load(level, at, _LEVELS))
            rows.store(levels, level, at)
            rows.store(builder.select(new, paths, rows.load(sigma, at)), sigma, at)
            rows.store(builder.select(new, _zeros(), rows.load(delta, at)), delta, at)
            rows.store(builder.select(new, paths, _zeros()), after, at)
            return rows.bits(new)

        return _intrinsic(types.uint64, build)(typing_context, level, sigma, delta, after, at, types.uint32)

    @intrinsic
    def hand_row(typing_context: Any, level: Any, sigma: Any, delta: Any, handed: Any, at: Any, here: Any) -> Any:
        """Handed = (1 + delta) / sigma in the lanes at level `here`, 0 in the others."""

        def build(rows: _Rows) -> None:
            builder = rows.builder
            level, sigma, delta, handed, at, here = rows.args
            there = rows.at_level(level, at, here)
            paths = builder.select(there, rows.load(sigma, at), _ones())
            shares = builder.fdiv(builder.fadd(_ones(), rows.load(delta, at)), paths)
            rows.store(builder.select(there, shares, _zeros()), handed, at)

        return _intrinsic(types.void, build)(typing_context, level, sigma, delta, handed, at, types.uint32)

    @intrinsic
    def gain_row(
        typing_context: Any, level: Any, sigma: Any, delta: Any, pulled: Any, share: Any, at: Any, here: Any
    ) -> Any:
        """Delta = sigma * pulled[l] in the lanes at level `here`; returns the sum of share[l] * delta over them."""

        def build(rows: _Rows) -> Any:
            builder = rows.builder
            level, sigma, delta, pulled, share, at, here = rows.args
            first = ir.Constant(_WORD, 0)
            there = rows.at_level(level, at, here)
            gained = builder.fmul(rows.load(sigma, at), rows.load(pulled, first))
            rows.store(builder.select(there, gained, rows.load(delta, at)), delta, at)
            counted = builder.select(there, builder.fmul(rows.load(share, first), gained), _zeros())
            total = ir.Constant(_FLOAT, 0.0)
            for lane in range(LANES):
                total = builder.fadd(total, builder.extract_element(counted, ir.Constant(_LEVEL, lane)))
            return total

        return _intrinsic(types.float64, build)(typing_context, level, sigma, delta, pulled, share, at, types.uint32)

else:

    def _row(table: Any, at: Any) -> Any:
        return table[int(at) : int(at) + LANES]

    def _bits(mask: Any) -> np.uint64:
        return np.uint64(np.packbits(mask, bitorder="little")[0])

    def _rows_of(table: Any, indices: Any, start: Any, stop: Any) -> Any:
        return [_row(table, 8 * int(node)) for node in indices[int(start) : int(stop)]]

    def add_rows(table: Any, indices: Any, start: Any, stop: Any, out: Any, at: Any) -> None:
        """out[at + l] = sum of table[8 * indices[a] + l] over arcs a in [start, stop)."""
        total = np.zeros(LANES)
        for row in _rows_of(table, indices, start, stop):
            total += row
        _row(out, at)[:] = total

    def add_row(target: Any, at: Any, table: Any, place: Any) -> None:
        """target[at + l] += table[place + l]."""
        _row(target, at)[:] += _row(table, place)

    def clear_row(table: Any, at: Any) -> None:
        """table[at + l] = 0."""
        _row(table, at)[:] = 0

    def open_lanes(level: Any, at: Any) -> np.uint64:
        """The lanes that are not reached yet, as bits."""
        return _bits(_row(level, at) == UNREACHED)

    def settle_row(level: Any, sigma: Any, delta: Any, after: Any, at: Any, here: Any) -> np.uint64:
        """Lanes not reached yet where after > 0 get level `here`, sigma = after and delta = 0; in others after = 0."""
        paths = _row(after, at)
        new = (_row(level, at) == UNREACHED) & (paths > 0)
        _row(level, at)[new] = here
        _row(sigma, at)[new] = paths[new]
        _row(delta, at)[new] = 0.0
        paths[~new] = 0.0
        return _bits(new)

    def hand_row(level: Any, sigma: Any, delta: Any, handed: Any, at: Any, here: Any) -> None:
        """Handed = (1 + delta) / sigma in the lanes at level `here`, 0 in the others."""
        there = _row(level, at) == here
        _row(handed, at)[:] = 0.0
        _row(handed, at)[there] = (1.0 + _row(delta, at)[there]) / _row(sigma, at)[there]

    def gain_row(level: Any, sigma: Any, delta: Any, pulled: Any, share: Any, at: Any, here: Any) -> float:
        """Delta = sigma * pulled[l] in the lanes at level `here`; returns the sum of share[l] * delta over them."""
        there = _row(level, at) == here
        gained = _row(sigma, at)[there] * pulled[there]
        _row(delta, at)[there] = gained
        total = 0.0
        for value in share[there] * gained:
            total += value
        return total
